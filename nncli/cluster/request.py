"""What the user asked of a cluster: which one, and what each task of it gets; needs no Ray."""

import importlib.util
import math
import re
from dataclasses import dataclass

from nncli.errors import UsageError, how_to_install

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")
_HINT = "--on ray, or --on HOST:6379"


@dataclass(frozen=True)
class ClusterRequest:
    """A cluster by its `address`, HOST:PORT, else the one of this machine; and what each task reserves.

    Without `cpus` a task reserves as many as it has threads.
    """

    address: str | None = None
    cpus: float | None = None
    gpus: float = 0.0

    @classmethod
    def parse(cls, on: str | None, cpus: float | None = None, gpus: float | None = None) -> "ClusterRequest | None":
        """From a command's arguments, None where it does not name a cluster.

        Raises UsageError for what is no address or no share, and where Ray is not installed.
        """
        shares = {"--cpus-per-run": cpus, "--gpus-per-run": gpus}
        if on is None:
            told = [f"{option} {value:g}" for option, value in shares.items() if value is not None]
            if told:
                raise UsageError(f"{' and '.join(told)} is for trainings on a cluster", hint=f"add {_HINT}")
            return None
        for option, value in shares.items():
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"{option} {value:g}: expected a number above 0", hint=f"{option} 1")
        address = None if on == "ray" else _parse_address(on)
        require_ray()
        return cls(address, cpus, gpus or 0.0)

    def __str__(self) -> str:
        """As the command line has it."""
        told = f"--on {self.address or 'ray'}"
        told += "" if self.cpus is None else f" --cpus-per-run {self.cpus:g}"
        return told + (f" --gpus-per-run {self.gpus:g}" if self.gpus else "")


def require_ray() -> None:
    """Raises UsageError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        hint = f"on every machine, {how_to_install('ray')}"
        raise UsageError("--on needs the package ray, which is not installed", hint=hint)


def split_address(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT. Raises UsageError."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found["port"]) < 65536:
        if address.startswith("ray://"):
            raise UsageError(
                f"{address}: the Ray client is not supported",
                hint="name the cluster by HOST:6379, on a machine that is one of its nodes",
            )
        raise UsageError(f"{address!r} is no cluster: expected ray or HOST:PORT", hint=_HINT)
    return found["host"].strip("[]"), int(found["port"])


def _parse_address(text: str) -> str:
    split_address(text)
    return text
