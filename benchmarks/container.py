"""Builds the image of docs/serve.md without Docker, as root with mmdebstrap, and measures it.

    python benchmarks/container.py                    # trains a run on the bundled digits
    python benchmarks/container.py --run runs/20261123-021507-mnist_cnn --keep /tmp/image

Reads the Dockerfile from the page and carries out its instructions in a root of its own: `debian:trixie-slim` is made
by mmdebstrap from Debian's packages, without the documentation and translations that the image leaves out, and each
RUN is a chroot. Prints what each instruction adds, counted as Docker counts: the bytes of the files that it has made or
changed. Then the entrypoint is started as the image's user in namespaces of its own, a drawing is sent to it, and
SIGTERM ends it, which is process 1 there. Leaves with 1 where the image is not smaller than 400 MB.

Debian's packages: apt-get install mmdebstrap. The certificates that PIP_CERT names are used while building.
"""

import argparse
import io
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
MOST_MEGABYTES = 400
# Debian's own image is made so (https://github.com/debuerreotype/debuerreotype, slimify-excludes).
SLIM = ("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*")
KEPT = "/usr/share/doc/*/copyright"
BASES = {"debian:trixie-slim": "trixie"}
# What Docker gives a container, in a namespace of mounts that ends with the command.
INSIDE = """
root=$1 user=$2; shift 2
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
if [ -f "$PIP_CERT_HERE" ]; then mount --bind -o ro "$PIP_CERT_HERE" "$root/certificates.pem"; fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot --userspec="$user" "$root" "$@"
"""
Files = dict[Path, tuple[int, int, int]]


@dataclass
class Stage:
    """A root folder and what its image says of itself; `steps` are megabytes by instruction."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    steps: list[tuple[str, float]] = field(default_factory=list)

    def start(self, command: Sequence[str], **more: str) -> subprocess.Popen[str]:
        """A command in the root, as the stage's user."""
        for place in ("proc", "dev", "etc"):
            (self.root / place).mkdir(parents=True, exist_ok=True)
        for file in ("etc/resolv.conf", "certificates.pem"):
            (self.root / file).touch()
        known = {"PIP_CERT_HERE": os.environ.get("PIP_CERT", "")}
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        line = [*namespaces, "sh", "-ec", INSIDE, "sh", str(self.root), self.user, *command]
        return subprocess.Popen(
            line,
            env=path | known | self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def main() -> None:
    """Builds, measures, asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="the run that is served")
    parser.add_argument("--keep", type=Path, help="a folder for the roots, which stay there")
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        raise SystemExit("needs root and mmdebstrap (apt-get install mmdebstrap)")
    with tempfile.TemporaryDirectory() as folder:
        work = options.keep or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        run = options.run or train(Path(folder))
        stage = build(read_dockerfile(), work, run.resolve())
        size = sum(megabytes for _, megabytes in stage.steps)
        for instruction, megabytes in stage.steps:
            print(f"{megabytes:7.1f} MB  {instruction[:90]}")
        print(f"{size:7.1f} MB  in all; under {MOST_MEGABYTES}: {'yes' if size < MOST_MEGABYTES else 'NO'}")
        ask("the image's command", stage, stage.command, {"?top=1": draw(run)})
        table = train_table(Path(folder))
        shutil.copytree(table, stage.root / "runs" / table.name)
        named = [f"/runs/{run.name}", f"/runs/{table.name}"]
        ask("with a table's run as well", stage, named, {"?top=1": draw(run), "?model=table": b"size,shop\n0.9,east\n"})
    sys.exit(size >= MOST_MEGABYTES)


def train(folder: Path, config: str = "digits_softmax") -> Path:
    """A run, by default on the bundled digits."""
    command = [sys.executable, "-m", "nncli", "train", config, "--json", "--runs-dir", str(folder / "runs")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    return Path(json.loads(outcome.stdout)["run"])


def train_table(folder: Path) -> Path:
    """A run on a table of a number and a category."""
    rows = (
        f"{row / 200},{'east' if row % 3 else 'west'},{'dear' if row % 200 > 90 else 'cheap'}" for row in range(400)
    )
    (folder / "table.csv").write_text("\n".join(["size,shop,price", *rows]))
    data = "data: {source: csv, path: table.csv, target: price}"
    (folder / "table.yaml").write_text(f"{data}\nmodel: {{layers: [output]}}\ntrain: {{epochs: 3}}\n")
    return train(folder, str(folder / "table.yaml"))


def read_dockerfile() -> list[tuple[str, str]]:
    """The instructions of the page's Dockerfile, continued lines joined."""
    [text] = re.findall(r"```dockerfile\n(.*?)```", (ROOT / "docs" / "serve.md").read_text(), re.DOTALL)
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines()]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line]


def build(instructions: Sequence[tuple[str, str]], work: Path, run: Path) -> Stage:
    """The last stage, after all instructions have been carried out."""
    base = work / "base"
    if not base.exists():
        bootstrap(BASES[instructions[0][1].split()[0]], base)
    stages: dict[str, Stage] = {}
    stage = Stage(base)
    for instruction, rest in instructions:
        if instruction == "FROM":
            image, _, name = rest.partition(" AS ")
            stage = stages[name] = Stage(work / (name or "image"))
            assert image in BASES, f"{image} cannot be made here"
            shutil.rmtree(stage.root, ignore_errors=True)
            subprocess.run(["cp", "-a", str(base), str(stage.root)], check=True)
            stage.steps.append((f"FROM {image}", measure(files_of(stage.root), {})))
            continue
        before = files_of(stage.root)
        carry_out(stage, instruction, rest, stages, run)
        added = measure(files_of(stage.root), before)
        if instruction in ("RUN", "COPY"):
            print(f"{instruction} {rest[:70]}", file=sys.stderr, flush=True)
            stage.steps.append((f"{instruction} {rest}", added))
    return stage


def bootstrap(suite: str, base: Path) -> None:
    """Debian's smallest system, as the slim image has it."""
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in SLIM]
    options = ["--quiet", "--variant=minbase", *excluded, f"--dpkgopt=path-include={KEPT}"]
    subprocess.run(["mmdebstrap", *options, suite, str(base)], check=True)


def carry_out(stage: Stage, instruction: str, rest: str, stages: dict[str, Stage], run: Path) -> None:
    """One instruction; `run` stands in for the default of the argument RUN."""
    if instruction == "RUN":
        certificates = {"PIP_CERT": "/certificates.pem"} if "PIP_CERT" in os.environ else {}
        process = stage.start(["sh", "-c", rest], DEBIAN_FRONTEND="noninteractive", **certificates)
        said = process.communicate()[0]
        if process.returncode:
            raise SystemExit(f"RUN {rest}\n{said[-3000:]}")
    elif instruction == "ARG":
        name, _, default = rest.partition("=")
        stage.arguments[name] = f"runs/{run.name}" if name == "RUN" else default
    elif instruction == "COPY":
        copy(stage, shlex.split(Template(rest).substitute(stage.arguments)), stages, run)
    elif instruction == "ENV":
        stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
    elif instruction == "USER":
        stage.user = rest
    elif instruction == "ENTRYPOINT":
        stage.entrypoint = json.loads(rest)
    elif instruction == "CMD":
        stage.command = json.loads(rest)
    elif instruction != "EXPOSE":
        raise SystemExit(f"{instruction} is not known here")


def copy(stage: Stage, words: list[str], stages: dict[str, Stage], run: Path) -> None:
    """COPY: files into a folder, or a folder's contents as a folder."""
    context = ROOT
    if words[0].startswith("--from="):
        context = stages[words.pop(0).removeprefix("--from=")].root
    *sources, target = words
    goal = stage.root / target.lstrip("/")
    for source in sources:
        found = run if source == f"runs/{run.name}" else context / source.lstrip("/")
        if found.is_dir():
            shutil.copytree(found, goal, dirs_exist_ok=True, symlinks=True)
        else:
            goal.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, goal)


def files_of(root: Path) -> Files:
    """Inode, size and time of change of each regular file; a file of several names once."""
    found: Files = {}
    inodes: set[int] = set()
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            told = path.lstat()
            if path.is_symlink() or told.st_ino in inodes:
                continue
            inodes.add(told.st_ino)
            found[path] = (told.st_ino, told.st_size, told.st_mtime_ns)
    return found


def measure(after: Files, before: Files) -> float:
    """Megabytes of the files that are new or changed."""
    return sum(told[1] for path, told in after.items() if before.get(path) != told) / 1e6


def ask(name: str, stage: Stage, arguments: Sequence[str], bodies: dict[str, bytes]) -> None:
    """Starts the entrypoint, sends bodies by query, and ends it."""
    token = secrets.token_urlsafe(24)
    started = time.perf_counter()
    port = 20_000 + secrets.randbelow(10_000)
    process = stage.start([*stage.entrypoint, "--port", str(port), *arguments], NNCLI_SERVE_TOKEN=token)
    try:
        ready = wait_for(port, process) - started
        answers = [send(f"http://127.0.0.1:{port}/predict{query}", token, body) for query, body in bodies.items()]
    finally:
        # unshare ignores signals while it waits; process 1 of the container is its child.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        status = "".join(Path(f"/proc/{child}/status").read_text() for child in children)
        for child in children:
            os.kill(int(child), signal.SIGTERM)
        said = process.communicate(timeout=30)[0]
    [resident], [user] = re.findall(r"VmRSS:\s+(\d+)", status), re.findall(r"Uid:\s+(\d+)", status)
    if process.returncode != 143:
        raise SystemExit(said)
    print(
        f"{name}: ready after {ready:.2f} s, answers {', '.join(answers)}, {int(resident) / 1024:.0f} MB of memory, "
        f"user {user}, SIGTERM ends it"
    )


def wait_for(port: int, process: subprocess.Popen[str]) -> float:
    """When the server takes requests."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready").close()
            return time.perf_counter()
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"the server has ended: {process.communicate()[0][-3000:]}")


def draw(run: Path) -> bytes:
    """A PNG file of an upright stroke."""
    shape = json.loads((run / "inputs.json").read_text())["inputs"]
    picture = Image.new("L", (shape["width"] * 4, shape["height"] * 4), 255)
    picture.paste(0, (shape["width"] * 2 - 3, shape["height"], shape["width"] * 2 + 3, shape["height"] * 3))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def send(address: str, token: str, body: bytes) -> str:
    """The prediction for a body: a PNG file, or the text of a table."""
    kind = "image/png" if body.startswith(b"\x89PNG") else "text/csv"
    request = urllib.request.Request(address, body, {"Authorization": f"Bearer {token}", "Content-Type": kind})
    with urllib.request.urlopen(request) as answer:
        [prediction] = json.load(answer)["predictions"]
    return f"{prediction['prediction']} ({prediction['probability']:.2f})"


if __name__ == "__main__":
    main()
