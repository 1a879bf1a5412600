"""What is read of a run: a section of its config as the whole config has it."""

from pathlib import Path

import pytest
import yaml

from nncli.config.reading.loading import load_config
from nncli.config.sections import to_mapping
from nncli.pipeline.runs.rows import RunReader
from nncli.run import files
from nncli.run.listing import ListedRun

CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.yaml"))


def reader_of(folder: Path, text: str) -> RunReader:
    (folder / files.CONFIG).write_text(text, encoding="utf-8")
    return RunReader(ListedRun.read(folder))


@pytest.mark.parametrize("path", CONFIGS[::4], ids=lambda path: path.stem)
def test_a_section_read_alone_is_that_of_the_whole_config(path: Path, tmp_path: Path) -> None:
    values = to_mapping(load_config(str(path)).config)
    text = "# a comment\n" + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    whole = reader_of(tmp_path, text).config
    assert set(whole) == set(values) and len(whole) > 3
    for name in whole:
        assert reader_of(tmp_path, text).section(name)[name] == whole[name]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("a: 1\nb:\n  x: 2\n\n  # why\n  y: 3\nc: 4\n", "b", {"x": 2, "y": 3}),
        ("b:\n- 1\n- 2\nc: 4\n", "b", [1, 2]),
        ("{a: 1, b: 5}\n", "b", 5),
        ("a: &one {x: 1}\nb: *one\n", "b", {"x": 1}),
        ("a: 1\nb:\n {x: 1,\ny: 2}\n", "b", {"x": 1, "y": 2}),
    ],
)
def test_a_section_that_a_person_wrote_otherwise_is_read_as_well(
    text: str, name: str, expected: object, tmp_path: Path
) -> None:
    assert reader_of(tmp_path, text).section(name).get(name) == expected


def test_a_config_that_cannot_be_read_has_no_section(tmp_path: Path) -> None:
    assert reader_of(tmp_path, "a: [").section("a") == {}
    (tmp_path / files.CONFIG).unlink()
    assert RunReader(ListedRun.read(tmp_path)).section("a") == {}
