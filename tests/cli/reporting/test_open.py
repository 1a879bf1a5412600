"""`nncli open`: the page of a run, written first where it is missing, in a browser or as a path."""

import json
import webbrowser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nncli.cli.commands import app
from nncli.run import files
from nncli.run.folder import RunFolder

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A training that failed: it has a record and nothing else."""
    folder = RunFolder.create(tmp_path, "digits_softmax")
    folder.write_record(status="failed", started="2026-11-28T00:00:00Z", name="digits_softmax")
    return folder.path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open; there is a display."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    monkeypatch.setenv("DISPLAY", ":7")
    return addresses


def nncli(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_page_that_is_missing_is_written_and_opened(run: Path, opened: list[str]) -> None:
    outcome = nncli("open", run)
    assert outcome.exit_code == 0, outcome.stderr
    assert opened == [(run / files.REPORT).resolve().as_uri()]
    assert (run / files.REPORT).read_text().startswith("<!doctype html>")
    assert outcome.stdout == "" and "opened" in outcome.stderr


def test_a_page_that_is_there_is_not_written_again(run: Path, opened: list[str]) -> None:
    (run / files.REPORT).write_text("mine")
    assert nncli("open", "digits_softmax", "--runs-dir", run.parent).exit_code == 0
    assert opened and (run / files.REPORT).read_text() == "mine"


def test_print_gives_the_path_alone_and_opens_nothing(run: Path, opened: list[str]) -> None:
    outcome = nncli("open", run, "--print")
    assert (outcome.stdout, outcome.stderr, opened) == (f"{run / files.REPORT}\n", "", [])
    told = json.loads(nncli("open", run, "--print", "--json").stdout)
    assert told == {"page": str(run / files.REPORT), "opened": False}


def test_without_a_display_the_path_is_printed(run: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in DISPLAYS:
        monkeypatch.delenv(name, raising=False)
    outcome = nncli("open", run)
    assert (outcome.stdout, opened) == (f"{run / files.REPORT}\n", []) and "no display" in outcome.stderr


def test_a_browser_that_does_not_start_is_no_error(
    run: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(address: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "open", fail)
    outcome = nncli("open", run)
    assert (outcome.exit_code, outcome.stdout) == (0, f"{run / files.REPORT}\n")


def test_a_word_that_means_no_run_is_refused(tmp_path: Path) -> None:
    outcome = nncli("open", "nothing", "--runs-dir", tmp_path)
    assert outcome.exit_code == 2 and "no run" in outcome.stderr
