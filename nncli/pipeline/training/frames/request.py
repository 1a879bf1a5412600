"""What is asked for with --show and --frames, and after which epochs frames are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nncli.errors import UsageError

SHOWN = ("weights", "boundary")
FRAMES = 12
MOST_FRAMES = 60


@dataclass(frozen=True)
class ShowRequest:
    """What to show while a network learns, and in how many frames at most; `live` is a file for a page that watches."""

    what: tuple[str, ...] = ()
    frames: int = FRAMES
    live: Path | None = None

    @classmethod
    def parse(cls, what: Sequence[str] | None, frames: int | None, live: Path | None = None) -> "ShowRequest":
        """From the options as given; `--show weights,boundary` is the same as giving it twice. Raises UsageError."""
        names = [name.strip() for word in what or () for name in word.split(",")]
        for name in names:
            if name not in SHOWN:
                raise UsageError(f"--show: got {name!r}, expected {' or '.join(SHOWN)}")
        if frames is not None and not names:
            raise UsageError(
                "--frames goes with --show", hint=f"say what to show: {' or '.join(f'--show {each}' for each in SHOWN)}"
            )
        if frames is not None and not 2 <= frames <= MOST_FRAMES:
            raise UsageError(f"--frames: got {frames}, expected 2 to {MOST_FRAMES}")
        if live is not None and names:
            raise UsageError("--live writes what a page shows, and --show what stays in the run; got both")
        return cls(tuple(dict.fromkeys(names)), FRAMES if frames is None else frames, live)


def frame_epochs(done: int, epochs: int, frames: int) -> tuple[int, ...]:
    """After which epochs beyond `done` to take this many frames: the next, then at growing distances, and the last.

    A network changes most at the start: distances grow by a constant factor, and are whole epochs.
    """
    chosen: list[int] = []
    last = done
    for left in range(min(frames, epochs - done), 0, -1):
        gone, ahead = last - done, epochs - done
        step = 1 if not gone else round(gone * (ahead / gone) ** (1 / left)) - gone
        last += max(1, min(step, ahead - gone - (left - 1)))
        chosen.append(last)
    if chosen:
        chosen[-1] = epochs
    return tuple(chosen)
