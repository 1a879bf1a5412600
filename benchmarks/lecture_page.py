"""Runs the commands of docs/lecture.md and docs/teaching.md and writes their output and pictures into these pages.

    python benchmarks/lecture_page.py                  # all that take seconds
    python benchmarks/lecture_page.py --long           # also the trainings that take minutes
    python benchmarks/lecture_page.py --only adam      # commands that contain a word
    python benchmarks/lecture_page.py --awaited        # also lessons that are written but were not there before

A comment before a block says how much of the output it shows and how it is compared by tests/test_lecture.py:

    <!-- output: exact, lines 1-12 -->      the same text (lessons, `check`)
    <!-- output: form, lines 1-3 -->        the same but for the numbers (short trainings, which depend on the machine)
    <!-- output: long, lines 1-3 -->        not run by tests
    <!-- output: refused -->                the message of a command that is refused
    <!-- output: awaited, lines 1-12 -->    a lesson that does not exist yet; becomes `exact` when it is filled in
    <!-- picture: NAME.png from plots/boundary.png | ALT -->    a file of the run that the block above made
    <!-- picture: NAME.png by nncli explain ... --plot NAME.png | ALT -->    what this command writes

Pictures go to docs/pictures, with a palette and no larger than 40 kB. The exit code is 1 if a command fails.
"""

import argparse
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "docs" / "lecture.md", ROOT / "docs" / "teaching.md")
SHARED = ROOT.parent / "shared" / "data"
PICTURES = ROOT / "docs" / "pictures"
MOST_BYTES = 40_000
_OUTPUT = re.compile(r"<!-- output: (\w+)(?:, lines (\d+)-(\d*))? -->")
_PICTURE = re.compile(r"<!-- picture: (\S+) (from|by) (.+?) \| (.+) -->")


@dataclass(frozen=True)
class Shown:
    """A block of the page: how it is compared, its command and output, and the lines of the file it is made of."""

    kind: str
    first: int
    last: int | None
    command: str
    output: tuple[str, ...]
    start: int
    end: int

    def choose(self, printed: str) -> list[str]:
        """The lines of what was printed that the block shows, with `...` where some are left out."""
        lines = [line.rstrip() for line in printed.rstrip("\n").split("\n")]
        chosen = lines[self.first - 1 : self.last]
        while chosen and not chosen[-1]:
            chosen.pop()
        before = ["..."] if self.first > 1 else []
        return [*before, *chosen, *(["..."] if self.last is not None and self.last < len(lines) else [])]


def blocks_of(lines: list[str]) -> Iterator[Shown]:
    """The blocks of the page that have a mark."""
    for number, line in enumerate(lines):
        found = _OUTPUT.fullmatch(line)
        if not found:
            continue
        end = lines.index("```", number + 2)
        kind, first, last = found.groups()
        command = lines[number + 2].removeprefix("$ ")
        shown = tuple(lines[number + 3 : end])
        yield Shown(kind, int(first or 1), int(last) if last else None, command, shown, number, end)


def main() -> None:
    """Runs what is asked for, and writes the page; exits with 1 if a command fails."""
    arguments = parse_arguments()
    wanted = (
        {"exact", "form", "refused"}
        | ({"long"} if arguments.long else set())
        | ({"awaited"} if arguments.awaited else set())
    )
    failed = list[str]()
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(Path(folder), arguments.data.resolve())
        for page in PAGES:
            for block in blocks_of(page.read_text().splitlines()):
                if block.kind in wanted and arguments.only in block.command:
                    failed += write_block(page, block, place)
    if failed:
        sys.exit("\n".join(failed))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--long", action="store_true", help="also the trainings that take minutes")
    parser.add_argument("--awaited", action="store_true", help="also lessons that are not filled in yet")
    parser.add_argument("--only", default="", help="only commands that contain this")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder that contains tfds")
    return parser.parse_args()


@dataclass(frozen=True)
class Workplace:
    """A folder to run commands in, and the one with prepared data."""

    folder: Path
    data: Path

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """What a command says on a terminal of 80 columns without colour."""
        print(f"$ {command}", file=sys.stderr, flush=True)
        settings = {"COLUMNS": "80", "NO_COLOR": "1", "NNCLI_RUNS_DIR": str(self.folder / "runs")}
        if (self.data / "tfds").is_dir():
            settings["NNCLI_DATA_DIR"] = str(self.data / "tfds")
        words = [sys.executable, "-m", "nncli", *shlex.split(command)[1:]]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    @property
    def last_run(self) -> Path:
        """The folder of the newest run."""
        return max((self.folder / "runs").iterdir(), key=lambda path: path.stat().st_mtime)


def write_block(page: Path, known: Shown, place: Workplace) -> list[str]:
    """Runs a command and puts its output and the pictures behind it into the page; returns what went wrong.

    The page is read again when the command is done, as it may have been edited meanwhile.
    """
    done = place.run(known.command)
    if done.returncode != (2 if known.kind == "refused" else 0):
        return [f"{known.command}: exit code {done.returncode}: {done.stderr.strip()[-300:]}"]
    lines = page.read_text().splitlines()
    block = next(block for block in blocks_of(lines) if block.command == known.command)
    failed = write_pictures(lines, block.end + 1, place)
    lines[block.start + 3 : block.end] = block.choose(done.stderr if block.kind == "refused" else done.stdout)
    lines[block.start] = lines[block.start].replace("output: awaited", "output: exact")
    page.write_text("\n".join(lines) + "\n")
    return failed


def write_pictures(lines: list[str], start: int, place: Workplace) -> list[str]:
    """Makes the pictures that are marked between a block and the next one."""
    failed, number = list[str](), start
    while number < len(lines) and not lines[number].startswith(("<!-- output", "## ")):
        found = _PICTURE.fullmatch(lines[number])
        number += 1
        if not found:
            continue
        name, how, source, alt = found.groups()
        done = place.run(source) if how == "by" else None
        file = place.folder / name if how == "by" else place.last_run / source
        if not file.exists():
            failed.append(f"{source}: no {file.name}: {done.stderr.strip()[-300:] if done else ''}")
            continue
        target = PICTURES / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(small_picture(file))
        image = f"![{alt}](pictures/{name})"
        if number >= len(lines) or not lines[number].startswith("!["):
            lines.insert(number, image)
        lines[number] = image
    return failed


def small_picture(path: Path) -> bytes:
    """The picture with as many colours and pixels as 40 kB hold; an SVG as it is."""
    if path.suffix == ".svg":
        return path.read_bytes()
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    for colours, share in ((64, 1.0), (32, 1.0), (32, 0.8), (24, 0.65), (16, 0.5), (16, 0.35)):
        size = (round(picture.width * share), round(picture.height * share))
        smaller = picture if share == 1.0 else picture.resize(size, Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        smaller.quantize(colours, dither=Image.Dither.NONE).save(buffer, format="PNG", optimize=True)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


if __name__ == "__main__":
    main()
