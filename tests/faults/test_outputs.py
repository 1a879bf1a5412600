"""Files that a person names for an answer: a pipe or device is written to and stays, and is never waited for."""

import os
import stat
import threading
from pathlib import Path

import pytest
import typer.testing

from nncli.cli import app
from nncli.errors import UsageError
from nncli.pipeline.exporting.export import _refuse_existing
from nncli.pipeline.folders import Folders
from nncli.pipeline.reporting.reporting import write_report
from nncli.pipeline.showing import require_sheet
from nncli.run.files import write_output
from nncli.run.folder import RunFolder

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "net.yaml"
    os.mkfifo(path)
    return path


def test_a_pipe_in_the_place_of_an_answer_gets_it_and_stays(pipe: Path) -> None:
    whole = nncli("init", "--from", "digits_softmax", "--output", "-").stdout
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        outcome = nncli("init", "--from", "digits_softmax", "--output", pipe, "--force")
        assert outcome.exit_code == 0, outcome.output
        told = os.read(reader, 1 << 16).decode()
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode) and [path.name for path in pipe.parent.iterdir()] == ["net.yaml"]
    assert told.splitlines()[1:] == whole.splitlines()[1:] and told.splitlines()[0].startswith("# nncli train")


def test_a_script_whose_rows_are_in_a_file_beside_it_is_not_written_to_a_pipe(pipe: Path) -> None:
    with pytest.raises(UsageError, match="a script reads its rows from a file beside its own"):
        _refuse_existing(pipe, "script", force=True)
    _refuse_existing(pipe, "keras", force=True)


def test_the_file_behind_a_link_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("own")
    for content in (b"first", b"second"):
        write_output(tmp_path / "link", content)
        assert (tmp_path / "own").read_bytes() == content and (tmp_path / "link").is_symlink()


def test_a_pipe_is_no_picture_that_may_be_replaced(pipe: Path, tmp_path: Path) -> None:
    picture = pipe.rename(tmp_path / "seen.png")
    threading.Thread(target=picture.write_bytes, args=(b"",), daemon=True).start()  # a reader would not wait forever
    outcome = nncli("explain", "relu", "--plot", picture)
    assert outcome.exit_code == 2 and "this file exists and is" in outcome.stderr, outcome.output
    with pytest.raises(UsageError, match="this file exists and is not a sheet"):
        require_sheet(picture)
    assert stat.S_ISFIFO(picture.stat().st_mode)


def test_a_name_that_is_not_utf_8_is_kept_in_records_and_refused_for_data(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"odd\xff\n")
    run = RunFolder.create(folder, "net", stamped=False)
    run.write_record(path=str(run.path))
    run.append("lines.jsonl", {"path": str(run.path)})
    run.close("finished")
    assert run.record["path"] == run.read_lines("lines.jsonl")[0]["path"] == str(run.path)
    assert b"</html>" in write_report(run, Folders(folder)).read_bytes()
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    for words in (("init", "--target", "b"), ("data", "--target", "b")):
        outcome = nncli(words[0], folder / "rows.csv", *words[1:])
        assert outcome.exit_code == 2 and "is not UTF-8 text" in outcome.stderr, outcome.output
