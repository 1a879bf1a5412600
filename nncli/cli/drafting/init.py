"""`nncli init`."""

import shlex
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.cli.command import command
from nncli.cli.completion import offer_configs
from nncli.cli.options import Json, Quiet
from nncli.console import Console
from nncli.errors import UsageError

if TYPE_CHECKING:
    from nncli.pipeline.drafting.init import WrittenConfig

# Up to this many constant columns are listed one by one.
_MANY_IDLE = 12


def init(
    source: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A CSV or Parquet file, or a folder of images.")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="What to predict; repeatable, or a,b for several; sets data.target."),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="binary, multiclass, multilabel, regression or positive_regression; sets data.task.",
            show_default="by the target",
        ),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NAME", help="Copy this shipped config (see nncli configs).", autocompletion=offer_configs
        ),
    ] = None,
    samples: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write images, a table and drawings to try commands on.")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where to write it, - for stdout.", show_default="DATA.yaml")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE, or the files in DIR.")] = False,
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Write a commented config for a table or image folder.

    \b
    Example: nncli init samples/flowers.csv --target species
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        if samples is not None:
            given = {"DATA": source, "--target": target, "--task": task, "--from": template, "--output": output}
            others = [name for name, value in given.items() if value]
            if others:
                told = " and ".join(others)
                raise UsageError(f"--samples writes examples and takes no {told}", hint=f"leave {told} out")
            written = pipeline.write_samples(samples, force=force)
            lines = [f"{path}: {what}" for path, what in written.contents.items()]
            answer = {"samples": str(written.folder), "contents": written.contents}
            console.answer(answer, *lines, f"written: {written.folder}")
            console.suggest(written.commands)
            return
        request = pipeline.InitRequest(source, template, target or (), task, output, force)
        _show(console, pipeline.init(request, console=console))


def _show(console: Console, written: "WrittenConfig") -> None:
    """Prints where the config is and what comes next; decisions that may be wrong go to stderr, as in `train`."""
    for line in _dropped(written.findings):
        console.say(line)
    for remark in written.findings.get("remarks", ()):
        console.say(f"look at {remark}")
    if written.path is None and not console.json_mode:
        _write_utf8(console, written.text)
        return
    config = {"config": written.text} if written.path is None else {}
    quoted = shlex.quote(str(written.path))
    answer = {"path": written.path and str(written.path), **config, **written.findings}
    console.answer(answer, f"written: {written.path}")
    console.suggest([f"nncli check {quoted}", f"nncli train {quoted}"])


def _dropped(findings: Any) -> list[str]:
    """A line for each dropped column; a single line if there are many constant ones."""
    dropped, idle = findings.get("dropped", {}), findings.get("idle", ())
    if len(idle) <= _MANY_IDLE:
        idle = ()
    lines = [f"dropped {name}: {reason}" for name, reason in dropped.items() if name not in idle]
    if idle:
        lines.append(f"dropped {len(idle)} columns that are the same in every row: {', '.join(idle[:3])}, ...")
    return lines


def _write_utf8(console: Console, text: str) -> None:
    """YAML is UTF-8, whatever the terminal's encoding."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        console.write(text)
        return
    sys.stdout.flush()
    stream.write(text.encode())
    stream.flush()
