"""A run folder as an archive and back: the same files, whole or not at all, and none outside of the folder."""

import io
import tarfile
from pathlib import Path

import pytest

from nncli.errors import RunError
from nncli.run.archive import install, pack, unpack

FILES = {"run.json": b"{}", "weights.npz": bytes(range(256)) * 40, "plots/loss.png": b"\x89PNG", "empty": b""}


def make(path: Path) -> Path:
    for name, content in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*") if each.is_file()}


def archive_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member, content in members:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def test_what_arrives_is_what_was_packed(tmp_path: Path) -> None:
    source = make(tmp_path / "source")
    (source / ".lock").write_bytes(b"held")
    (source / "link").symlink_to("/etc/passwd")
    path = tmp_path / "arrived"
    hidden = unpack(pack(source), path)
    assert not path.exists()
    install(hidden, path)
    assert contents(path) == FILES
    assert sorted(each.name for each in tmp_path.iterdir()) == ["arrived", "source"]


def test_what_arrives_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "cell"
    path.mkdir()
    (path / "checkpoint.npz").write_bytes(b"old")
    install(unpack(pack(make(tmp_path / "source")), path), path)
    assert contents(path) == FILES


@pytest.mark.parametrize(
    "name", ["../out", "a/../../out", "/tmp/out", "a/./b", ".hidden", "a//b", "a\\..\\b", "C:x", "a/b/c/d/e"]
)
def test_a_path_out_of_the_folder_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    content = archive_of((tarfile.TarInfo("run.json"), b"{}"), (tarfile.TarInfo(name), b"x"))
    with pytest.raises(RunError, match="no file inside of it"):
        unpack(content, tmp_path / "cell")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_only_plain_files_are_taken(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("plots")
    member.type, member.linkname = kind, "/etc"
    with pytest.raises(RunError, match="no file inside of it"):
        unpack(archive_of((member, b""), (tarfile.TarInfo("plots/x"), b"x")), tmp_path / "cell")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    content = pack(make(tmp_path / "source"))
    end = content.rindex(bytes(range(256))) + 100  # inside of the last file that has more than a block
    for damaged in (b"no archive", content[: len(content) // 3], content[:end]):
        with pytest.raises(RunError, match="is damaged"):
            unpack(damaged, tmp_path / "cell")
    assert [each.name for each in tmp_path.iterdir()] == ["source"]
