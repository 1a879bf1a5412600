"""Runs the application: its socket, its connections and its end; uvicorn does the HTTP."""

import asyncio
import errno
import json
import signal
import socket
from collections.abc import Callable
from typing import Any

from nncli.errors import NncliError, UsageError, how_to_install
from nncli.serve.guard import CLIENT_KEY, Guard
from nncli.serve.limits import LEAST_SENT, Limits
from nncli.serve.refusals import Refusal

# Ports that are tried after the one that was asked for.
_MOST_PORTS = 100
_BACKLOG = 1024
_NOT_HTTP = Refusal(400, got="bytes that are not HTTP", expected="a request of HTTP/1.1")


def require_packages() -> None:
    """Raises UsageError where the packages of the extra `serve` are missing."""
    try:
        import fastapi
        import python_multipart
        import uvicorn
    except ImportError as error:
        hint = how_to_install("serve")
        raise UsageError(f"`nncli serve` needs the package {error.name}, which is not installed", hint=hint) from None
    del fastapi, python_multipart, uvicorn


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on the port, or on the next free one; 0 takes any. Raises NncliError and UsageError."""
    try:
        family, _, _, _, _ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: {error}", hint="use 127.0.0.1, or an address of this machine") from None
    for number in range(port, min(port + _MOST_PORTS, 65535) + 1) if port else [0]:
        # Named, as asyncio sends small answers at once (TCP_NODELAY) only where it knows that this is TCP.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            listening.listen(_BACKLOG)
            return listening
        except OSError as error:
            listening.close()
            if error.errno == errno.EACCES:
                raise UsageError(f"--port {number} may not be used", hint="use one from 1024 on") from None
            if error.errno != errno.EADDRINUSE:
                raise UsageError(f"--host {host}: {error.strerror}", hint="use an address of this machine") from None
    raise NncliError(f"the ports {port} to {port + _MOST_PORTS} are all taken", hint="name another with --port")


def run(guard: Guard, listening: socket.socket, limits: Limits, work: Callable[[], Any] | None = None) -> None:
    """Answers requests until SIGINT or SIGTERM, then those that have begun, and raises as the signal does.

    `work` makes a coroutine that runs beside it.
    """
    import uvicorn

    config = uvicorn.Config(
        guard,
        http=protocol(guard, limits),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # a line for each request that is not HTTP would fill the terminal
        access_log=False,
        server_header=False,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=limits.ending_seconds,
        backlog=_BACKLOG,
    )
    asyncio.run(_serve(_server(config, guard), listening, work))


async def _serve(server: Any, listening: socket.socket, work: Callable[[], Any] | None) -> None:
    beside = None if work is None else asyncio.create_task(work())
    try:
        await server.serve(sockets=[listening])
    finally:
        if beside is not None:
            beside.cancel()


def _server(config: Any, guard: Guard) -> Any:
    """A uvicorn server that says it is ending as soon as it is told to."""
    import uvicorn

    # A shell that starts it in the background wants it to stay when Ctrl-C ends what is in the foreground.
    ignored = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is signal.SIG_IGN]

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            if sig not in ignored:
                guard.is_ending = True
                super().handle_exit(sig, frame)

    return Server(config)


def protocol(guard: Guard, limits: Limits) -> Any:
    """uvicorn's HTTP protocol, for clients that send no HTTP, or too slowly.

    uvicorn closes connections that are idle after an answer, waits forever for the rest of a request's header, and
    answers in plain text itself.
    """
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(_watching(H11Protocol, limits.fetching_seconds)):  # type: ignore[misc]
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait_for_header()

        def data_received(self, data: bytes) -> None:
            self.app = guard.turn_away if len(self.connections) > limits.connections else guard
            super().data_received(data)
            self._wait_for_header()

        def connection_lost(self, exc: Exception | None) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
            super().connection_lost(exc)

        @property
        def _lacks_header(self) -> bool:
            return self.cycle is None or self.cycle.response_complete

        def _wait_for_header(self) -> None:
            if not self._lacks_header:
                if self._deadline is not None:
                    self._deadline.cancel()
                self._deadline = None
            elif self._deadline is None:
                self._deadline = self.loop.call_later(limits.header_seconds, self._give_up)

        def _give_up(self) -> None:
            self._deadline = None
            if self._lacks_header:
                self.transport.close()
                self.watch_fetching()

        def send_400_response(self, msg: str) -> None:
            """What is not HTTP; nothing is sent where an answer has begun or been sent already."""
            if self.cycle is not None:
                self.cycle.disconnected = True
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                content = json.dumps(_NOT_HTTP.content).encode()
                headers = [("content-type", "application/json"), ("connection", "close")]
                headers.append(("content-length", str(len(content))))
                answer = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
                events = (answer, h11.Data(data=content), h11.EndOfMessage())
                self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
            self.transport.close()

    return Protocol


def _watching(protocol: Any, seconds: float) -> Any:
    """A protocol of uvicorn that ends a connection whose client takes in nothing of its answer for some seconds, and
    says when one has left without its answer."""

    class Watching(protocol):  # type: ignore[misc]
        _fetching: asyncio.TimerHandle | None = None

        def connection_lost(self, exc: Exception | None) -> None:
            if self._fetching is not None:
                self._fetching.cancel()
            client = None if self.scope is None else self.scope.get(CLIENT_KEY)
            if client is not None and not self.cycle.response_complete:
                client.leave()
            super().connection_lost(exc)

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self.watch_fetching()

        def pause_writing(self) -> None:
            super().pause_writing()
            self.watch_fetching()

        def resume_writing(self) -> None:
            super().resume_writing()
            if self._fetching is not None and not self.transport.is_closing():
                self._fetching.cancel()
                self._fetching = None

        def watch_fetching(self) -> None:
            if self._fetching is None and (waiting := self.transport.get_write_buffer_size()):
                self._fetching = self.loop.call_later(seconds, self._look_again, waiting)

        def _look_again(self, before: int) -> None:
            self._fetching = None
            if self.transport.get_write_buffer_size() > before - LEAST_SENT:
                self.transport.abort()
            else:
                self.watch_fetching()

    return Watching
