"""Guards every route: who may ask, how much and how long; and the headers of every answer.

A page on another site can make a browser send requests here. It cannot read the answers, since no CORS header allows
that; the Host header shows whether it has made its own name point here (DNS rebinding), and the Origin header whether
it sends forms. Where there is a token, no browser sends it by itself, so that it is proof enough.
"""

import asyncio
import hmac
import ipaddress
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from nncli.serve.batching import CLIENT, Client
from nncli.serve.limits import LEAST_SENT, Limits
from nncli.serve.metrics import Metrics
from nncli.serve.refusals import Refusal, make_defect

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Where a scope has the client of its request, for the server to say that it has left.
CLIENT_KEY = "nncli.client"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# What a probe or a browser has to reach before it has a token; nothing of it tells anything of the models.
_OPEN = frozenset(("/", "/run", "/v2/health/live", "/v2/health/ready"))
_WITHOUT_CONTENT = frozenset(("GET", "HEAD", "OPTIONS"))
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)


@dataclass
class Guard:
    """An ASGI application around another one.

    `hosts` are names besides the loopback's that requests may be sent to. `told` is called with the error of a defect.
    `held` counts the bytes of the bodies of requests that are being answered, `working` those that have arrived whole:
    clients that send slowly take no place from others.
    """

    app: App
    limits: Limits
    metrics: Metrics
    told: Callable[[BaseException], None]
    hosts: Sequence[str] = ()
    token: str | None = None
    is_ending: bool = field(default=False)
    held: int = field(default=0)
    working: int = field(default=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Whatever answers GET answers HEAD as well; the server sends it no body.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        answer, body, client = _Answer(send), _Body(receive, self), Client()
        scope[CLIENT_KEY] = client
        CLIENT.set(client)
        started = time.perf_counter()
        self.metrics.in_flight += 1
        try:
            self._check(scope)
            if scope["method"] in _WITHOUT_CONTENT:
                body.count_whole()
            async with asyncio.timeout(self.limits.seconds):
                await self.app(asked, body.receive, answer.send)
        except Refusal as refusal:
            await answer.refuse(refusal)
        except TimeoutError:
            seconds = f"{self.limits.seconds:g} seconds"
            await answer.refuse(
                Refusal(408, got=f"a request that was not done after {seconds}", expected="less", fix="send less of it")
            )
        except (_Gone, asyncio.CancelledError) as error:
            if not (isinstance(error, _Gone) or client.has_left):
                raise
            answer.status = 499  # nobody is there to be answered
        except Exception as error:  # a defect of ours, told here; the client was answered with 500
            self.told(error)
            await answer.refuse(make_defect())
        finally:
            self.metrics.in_flight -= 1
            self.held -= body.size
            self.working -= body.is_whole
            route = getattr(asked.get("route"), "path", "other")
            self.metrics.count_request(route, scope["method"], answer.status, time.perf_counter() - started)

    async def turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request of a connection that is one too many."""
        self.metrics.count_request("other", scope["method"], 503, 0.0)
        await _Answer(send).refuse(_busy())

    def _check(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if self.token is None:
            self._check_host(host)
        elif scope["path"] not in _OPEN:
            self._check_token(headers.get(b"authorization", b""))
        if scope["method"] not in _WITHOUT_CONTENT:
            _check_origin(headers, host)
            _check_length(headers, self.limits.body_bytes)

    def _check_host(self, host: str) -> None:
        name = _name_of(host)
        if name not in _LOOPBACK and name not in self.hosts and not _is_loopback(name):
            raise Refusal(
                421, got=f"the Host {host[:80]!r}", expected="that of this machine", fix="use http://127.0.0.1:PORT"
            )

    def _check_token(self, header: bytes) -> None:
        expected = f"Bearer {self.token}".encode()
        if not hmac.compare_digest(header, expected):
            raise Refusal(
                401,
                got="a wrong token" if header else "no token",
                expected="the header `Authorization: Bearer TOKEN`",
                fix="use the token that `nncli serve` was started with, or printed",
                headers={"WWW-Authenticate": "Bearer"},
            )


class _Gone(Exception):
    """The client has left before it had sent everything."""


class _Body:
    """Counts what a client sends, as a Content-Length may be wrong or missing, and ends what comes too slowly."""

    def __init__(self, receive: Receive, guard: "Guard") -> None:
        self._receive, self._guard, self._started = receive, guard, time.perf_counter()
        self.size, self.is_whole = 0, False

    async def receive(self) -> Message:
        message = await (self._receive() if self.is_whole else self._receive_in_time())
        if message["type"] == "http.disconnect" and not self.is_whole:
            raise _Gone
        more, limits = len(message.get("body", b"")), self._guard.limits
        self.size += more
        self._guard.held += more
        if self.size > limits.body_bytes:
            raise _too_large(f"more than {limits.body_bytes:,} bytes", limits.body_bytes)
        if self._guard.held > limits.held_bytes:
            raise _busy()
        if not message.get("more_body", False):
            self.count_whole()
        return message

    def count_whole(self) -> None:
        """Nothing more is waited for: the request takes a place. Raises Refusal (503) where there is none."""
        if not self.is_whole:
            self.is_whole = True
            self._guard.working += 1
            if self._guard.working > self._guard.limits.waiting:
                raise _busy()

    async def _receive_in_time(self) -> Message:
        """The next piece. Raises Refusal (408) where too little has come for the time."""
        allowed = self._guard.limits.sending_seconds * (1 + self.size / LEAST_SENT)
        try:
            async with asyncio.timeout(self._started + allowed - time.perf_counter()):
                return await self._receive()
        except TimeoutError:
            raise Refusal(
                408, got=f"{self.size:,} bytes of a body after {allowed:.2g} seconds", expected="more of it"
            ) from None


class _Answer:
    """Passes an answer on with the headers that all have; nothing follows an answer that has begun."""

    def __init__(self, send: Send) -> None:
        self._send, self.status, self._has_begun = send, 500, False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self._has_begun = message["status"], True
            message["headers"] = [*message["headers"], *_HEADERS]
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        if self._has_begun:
            return
        content = json.dumps(refusal.content).encode()
        headers = [(key.lower().encode(), value.encode()) for key, value in refusal.headers.items()]
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        # What the client still sends is not read, so that the connection cannot be used again.
        headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": content})


def _check_origin(headers: dict[bytes, bytes], host: str) -> None:
    origin = headers.get(b"origin")
    if origin is None:
        is_other = headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin")
    else:
        is_other = _place_of(origin.decode("latin-1")) != host.lower()
    if is_other:
        told = (origin or b"another site").decode("latin-1")[:80]
        raise Refusal(403, got=f"a request from a page of {told!r}", expected="one from this server's own page")


def _check_length(headers: dict[bytes, bytes], most: int) -> None:
    length = headers.get(b"content-length")
    if length is not None and b"transfer-encoding" in headers:
        # A proxy in front may believe the other one, and take the rest of the body for the request of somebody else.
        raise Refusal(400, got="both Content-Length and Transfer-Encoding", expected="one of them")
    if length is not None and length.isdigit() and int(length) > most:
        raise _too_large(f"{int(length):,} bytes", most)


def _busy() -> Refusal:
    fix = "send it again in a second"
    return Refusal(
        503, got="a request beside many others", expected="fewer at once", fix=fix, headers={"Retry-After": "1"}
    )


def _too_large(got: str, most: int) -> Refusal:
    return Refusal(413, got=got, expected=f"at most {most:,} bytes", fix="send fewer rows or smaller images at a time")


def _place_of(address: str) -> str:
    """The host and port of an address; empty where it is none."""
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:  # a bracket that is not closed
        return ""


def _name_of(host: str) -> str:
    """The name or address in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
