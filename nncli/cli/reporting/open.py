"""`nncli open`, and how a page is shown in a browser."""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.command import command
from nncli.cli.options import DataDir, Json, Quiet, RunArgument, RunsDir


def open_run(
    run: RunArgument = "latest",
    printed: Annotated[bool, typer.Option("--print", help="Print the path of the page and open nothing.")] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = Path("runs"),
    quiet: Quiet = False,
    json_mode: Json = False,
) -> None:
    """Show the page of a run in a browser.

    \b
    Example: nncli open latest
    """
    with command(json_mode=json_mode, quiet=quiet) as console:
        from nncli import pipeline

        page = pipeline.find_page(run, folders=pipeline.Folders(runs_dir, data_dir), console=console)
        is_open = not printed and show_in_browser(page)
        console.answer({"page": str(page), "opened": is_open}, *([] if is_open else [str(page)]))
        if is_open:
            console.say(f"opened {shlex.quote(str(page))}")
        elif not printed:
            console.say("no browser could be started" if has_display() else "there is no display to open it on")


def show_in_browser(page: Path) -> bool:
    """Whether the browser that the system has was asked to show it; not where there is no display for one."""
    import webbrowser

    if not has_display():
        return False
    stdout = os.dup(1)
    try:
        os.dup2(2, 1)  # what the browser says is no answer of ours
        return webbrowser.open(page.resolve().as_uri())
    except (webbrowser.Error, OSError):
        return False
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)


def has_display() -> bool:
    """Whether a window can be opened; without one webbrowser would start a browser for the terminal, over our talk."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"))
