"""What the words of `predict` stand for: files, folders, patterns, stdin as an input and as a list of paths."""

import io
from pathlib import Path

import pytest

from nncli.data.batches import Failure
from nncli.data.inputs.finding import Found, find_inputs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "a/1.png",
        "a/b/2.JPG",
        "a/.hidden/3.png",
        "a/notes.txt",
        "a/rows.csv",
        "c [1].png",
        "x.npz",
        "e/f.txt",
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("content")
    return tmp_path


def names(*words: str, stdin: bytes = b"", images: bool = True, tables: bool = False) -> list[str]:
    found = find_inputs(words, io.BytesIO(stdin), images=images, tables=tables)
    return [each.name if isinstance(each, Found) else f"{each.name}: {each.message}" for each in found]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["a"], ["a/1.png", "a/b/2.JPG"]),
        (["a/rows.csv", "a/1.png"], ["a/rows.csv", "a/1.png"]),  # the reader says that a table is no image
        (["a/*.png"], ["a/1.png"]),
        (["**/*.png"], ["a/1.png", "c [1].png"]),
        (["[ac]"], ["a/1.png", "a/b/2.JPG"]),
        (["c [1].png"], ["c [1].png"]),  # a file of that name comes before the pattern
        (["*.gif", "a/1.png"], ["*.gif: no file matches this pattern", "a/1.png"]),
        (["none.png"], ["none.png: there is no such file"]),
        (["e"], ["e: is a folder without images"]),
        (["."], ["a/1.png", "a/b/2.JPG", "c [1].png", "x.npz"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_files_folders_and_patterns(words: list[str], expected: list[str]) -> None:
    assert names(*words) == expected


@pytest.mark.usefixtures("folder")
def test_a_folder_of_tables_leaves_out_what_may_be_no_table() -> None:
    assert names("a", images=False, tables=True) == ["a/rows.csv"]
    assert names("e/f.txt", images=False, tables=True) == ["e/f.txt"]
    assert names("a", tables=True) == ["a/1.png", "a/b/2.JPG", "a/rows.csv"]
    assert names("e", images=False, tables=True) == ["e: is a folder without tables"]


@pytest.mark.parametrize(
    "listed", [b"a/1.png\nnone.png\na\n", b"a/1.png\r\nnone.png\r\n\r\na\r\n", b"a/1.png\0none.png\0a\0"]
)
@pytest.mark.usefixtures("folder")
def test_stdin_may_list_paths(listed: bytes) -> None:
    assert names("-", stdin=listed) == ["a/1.png", "none.png: there is no such file", "a/1.png", "a/b/2.JPG"]


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + b"a/1.png\n", b"colour,weight\nred,3\n", b"c\0d\n"])
@pytest.mark.usefixtures("folder")
def test_stdin_that_lists_no_file_is_an_input_itself(content: bytes) -> None:
    (found,) = find_inputs(["-"], io.BytesIO(content), images=True, tables=True)
    assert isinstance(found, Found) and isinstance(found.source, memoryview) and bytes(found.source) == content
    assert found.is_image == content.startswith(b"\x89PNG")


def test_empty_stdin_is_a_failure() -> None:
    assert find_inputs(["-"], io.BytesIO(b" \n"), images=True, tables=False) == [Failure("-", "stdin is empty")]
