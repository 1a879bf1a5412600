"""Faults done on purpose: after each, the old or the new state of a run can be read. More in benchmarks/faults.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks"))

from faulting import injection, power, scenes

SCENES = {scene.name: scene for scene in scenes.scenes()}
WITHOUT_STRACE = injection.missing()
needs_strace = pytest.mark.skipif(WITHOUT_STRACE is not None, reason=str(WITHOUT_STRACE))


def write_in_place(path: Path) -> None:
    """What must not be done: the old content is gone before the new one is there."""
    for name, content in scenes.contents_of("new").items():
        (path / name).write_bytes(content)


@needs_strace
@pytest.mark.parametrize("fault", injection.FAULTS)
@pytest.mark.parametrize("call", ["openat", "write", "fsync", "close", "rename"])
def test_a_fault_at_any_call_of_a_checkpoint_leaves_the_old_or_the_new_one(
    tmp_path: Path, call: str, fault: str
) -> None:
    found = list(injection.inject_everywhere(SCENES["checkpoint"], call, fault, tmp_path))
    assert found and not [each for each in found if not each.is_right]


@needs_strace
@pytest.mark.parametrize(("call", "fault"), [("rename", "SIGKILL"), ("write", "ENOSPC"), ("fsync", "EIO")])
def test_a_fault_at_any_call_of_an_export_leaves_the_old_or_the_new_model(
    tmp_path: Path, call: str, fault: str
) -> None:
    found = list(injection.inject_everywhere(SCENES["export"], call, fault, tmp_path))
    assert len(found) > 8 and not [each for each in found if not each.is_right]


@needs_strace
@pytest.mark.parametrize("name", SCENES)
def test_after_a_power_loss_at_any_moment_the_old_or_the_new_state_can_be_read(tmp_path: Path, name: str) -> None:
    found = list(power.lose_power(SCENES[name], tmp_path))
    assert {each.found for each in found} == {"old", "new"}


@needs_strace
def test_a_model_that_is_written_in_place_would_be_noticed(tmp_path: Path) -> None:
    export = SCENES["export"]
    careless = scenes.Scene("careless", export.prepare, write_in_place, export.read)
    found = list(injection.inject_everywhere(careless, "write", "SIGKILL", tmp_path))
    assert [each for each in found if not each.is_right]


def test_a_model_in_the_making_is_the_old_one_for_readers(tmp_path: Path) -> None:
    export, path = SCENES["export"], tmp_path / "run"
    export.prepare(path)
    folder, contents = scenes.RunFolder(path), scenes.contents_of("new")
    folder.keep_model()
    for name, content in contents.items():
        folder.write(name, content)
        assert export.read(path) == "old"
    folder.replace_model({}, written=contents)
    assert export.read(path) == "new" and not (path / ".previous").exists()
