"""What the folds of a run predicted, as it is read again."""

import errno
from pathlib import Path

import pytest

from nncli.errors import NncliError, RunError
from nncli.pipeline.training.out_of_fold import read_out_of_fold
from nncli.run import files
from nncli.run.folder import RunFolder


def test_a_damaged_file_is_not_confused_with_one_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path)
    assert read_out_of_fold(folder) is None
    (tmp_path / files.OUT_OF_FOLD).write_bytes(b"no archive")
    with pytest.raises(RunError, match="is damaged"):
        read_out_of_fold(folder)

    def fail(path: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(files, "read_bytes", fail)
    with pytest.raises(NncliError, match="cannot be read: Input/output error") as caught:
        read_out_of_fold(folder)
    assert not isinstance(caught.value, RunError)
