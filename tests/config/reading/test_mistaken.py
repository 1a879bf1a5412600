"""Data, folders and runs where a config is expected: what they are, and the command that takes them."""

from pathlib import Path

import pytest

from nncli.config.reading.shipped import find_config, list_shipped, shipped_names
from nncli.errors import UserError


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("people.csv", "is a table", "nncli init {path} --target COLUMN"),
        ("people.csv.gz", "is a table", "nncli init {path} --target COLUMN"),
        ("people.parquet", "is a table", "nncli init {path} --target COLUMN"),
        ("seven.PNG", "is an image", "nncli predict {path}"),
        ("model.keras", "is a model", "nncli predict INPUT --run RUN"),
        ("noise.bin", "is a binary file", "nncli configs"),
        ("digits.npz", "is an archive of arrays", "data: {{source: npz, path: {path}}}"),
    ],
)
def test_data_is_called_what_it_is_with_the_command_that_takes_it(
    tmp_path: Path, name: str, what: str, fix: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x89\x00 anything")
    with pytest.raises(UserError, match=what) as caught:
        find_config(str(path))
    assert fix.format(path=path) in str(caught.value.hint)


def test_a_name_with_a_blank_is_quoted_for_a_shell(tmp_path: Path) -> None:
    path = tmp_path / "my table.csv"
    path.touch()
    with pytest.raises(UserError) as caught:
        find_config(str(path))
    assert f"nncli init '{path}'" in str(caught.value.hint)


def test_a_folder_is_described_by_what_is_in_it(tmp_path: Path) -> None:
    for name, fix in {
        "run/run.json": None,
        "run/config.yaml": "run/config.yaml",
        "configs/net.yaml": "configs/net.yaml",
        "photos/cat/1.jpg": None,
        "photos/dog/1.jpg": "nncli init {folder}",
        "loose/1.jpg": "nncli predict {folder}",
        "all/photos/cat/1.jpg": None,
        "all/photos/dog/1.jpg": "nncli init {folder}/photos",
        "runs/20261126-1-x/run.json": "nncli eval {folder}/20261126-1-x",
        "tables/a.csv": "nncli init {folder}/a.csv --target COLUMN",
        "nothing/notes.md": "nncli configs",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if fix is None:
            continue
        folder = tmp_path / Path(name).parts[0]
        with pytest.raises(UserError) as caught:
            find_config(str(folder))
        assert fix.format(folder=folder) in str(caught.value.hint), name


def test_every_shipped_config_says_in_a_short_line_what_it_shows() -> None:
    shipped = list_shipped()
    assert [config.name for config in shipped] == shipped_names()
    assert all(config.summary.endswith(".") and 20 < len(config.summary) <= 67 for config in shipped)
    assert all(find_config(config.name) == config.path for config in shipped)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("flower.yaml", 'there is no file "flower.yaml"; did you mean "flowers.yaml"?'),
        ("digits_sofmax.yaml", 'there is no file "digits_sofmax.yaml"; did you mean "digits_softmax"?'),
        ("nowhere/entirely_other.yaml", 'there is no file "nowhere/entirely_other.yaml"'),
    ],
)
def test_a_config_file_that_is_not_there_is_told_with_the_nearest_one(
    name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers.yaml").write_text("data: {source: iris}")
    with pytest.raises(UserError) as caught:
        find_config(name)
    assert str(caught.value) == told
    assert "nncli init DATA" in (caught.value.hint or "")
