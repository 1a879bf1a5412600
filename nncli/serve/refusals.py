"""What the service answers to a request that it cannot serve: one JSON object that says why and how to fix it."""

from typing import Any

from nncli.errors import NncliError


class Refusal(Exception):
    """A request that is answered with an error; `status` is the HTTP status.

    The JSON has `error` (one sentence, as the Open Inference Protocol wants it), and `got`, `expected` and `fix` where
    they are known.
    """

    def __init__(
        self, status: int, *, got: str, expected: str, fix: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(f"got {got}, expected {expected}")
        self.status, self.headers = status, headers or {}
        self.content: dict[str, Any] = {"error": str(self), "got": got, "expected": expected}
        if fix is not None:
            self.content["fix"] = fix


def describe_error(error: NncliError) -> dict[str, Any]:
    """The same JSON for an error of another room, which has a message and perhaps a hint; a body has no name but -."""
    message = " ".join(error.message.split())
    content = {"error": f"the input {message[2:]}" if message.startswith("- ") else message}
    return content | ({"fix": " ".join(error.hint.split())} if error.hint else {})


def make_defect() -> Refusal:
    """The answer for a defect of nncli, without any detail of where it is."""
    return Refusal(
        500, got="a defect of nncli", expected="an answer", fix="the server's terminal says more; please report it"
    )
