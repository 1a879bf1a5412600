"""`eval --by`: the rows of each value of a column measured by themselves."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("shops")
    generator = np.random.default_rng(2)
    lines = ["shop,size,stars,price"]
    for row in range(400):
        shop = {0: "north", 1: "south"}.get(row % 20, "east")
        size, stars = generator.random(), row % 3
        lines.append(f"{shop},{size:.4f},{stars},{5 + 3 * size + stars + generator.normal(0, 0.3):.3f}")
    (here / "shops.csv").write_text("\n".join(lines) + "\n")
    config = here / "shops.yaml"
    config.write_text(
        "data: {source: csv, path: shops.csv, target: price}\nmodel: {layers: [{dense: {units: 8}}, output]}\n"
        "train: {epochs: 5, executor: graph}\n"
    )
    outcome = nncli("train", config, "--runs-dir", here / "runs", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


def test_each_value_is_measured_on_its_own_rows(run: Path) -> None:
    outcome = nncli("eval", run, "--by", "shop", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    value = json.loads(outcome.stdout)
    groups = value["by"]["groups"]
    assert groups[0]["name"] == "east" and {group["name"] for group in groups} <= {"east", "north", "south"}
    assert sum(group["rows"] for group in groups) == value["rows"]
    mean = sum(group["rows"] * group["metrics"]["mean_absolute_error"] for group in groups) / value["rows"]
    assert mean == pytest.approx(value["metrics"]["mean_absolute_error"])
    low, high = groups[0]["intervals"]["mean_absolute_error"]
    assert low < groups[0]["metrics"]["mean_absolute_error"] < high
    assert "fewer than 30 rows" in outcome.stderr and "east" not in outcome.stderr.split("too narrow:")[1]


def test_many_numbers_are_cut_into_quarters_and_few_are_shown_as_they_are(run: Path) -> None:
    sizes = json.loads(nncli("eval", run, "--by", "size", "--json").stdout)
    assert [group["rows"] for group in sizes["by"]["groups"]] == pytest.approx([sizes["rows"] / 4] * 4, abs=1)
    text = nncli("eval", run, "--by", "size").stdout
    assert "95 % interval" in text and max(map(len, text.splitlines()[:-1])) <= 80


def test_without_the_option_nothing_is_grouped(run: Path) -> None:
    assert json.loads(nncli("eval", run, "--json").stdout)["by"] is None


@pytest.mark.parametrize("other_data", [False, True])
def test_a_column_the_network_does_not_read_comes_from_the_file(tmp_path: Path, other_data: bool) -> None:
    generator = np.random.default_rng(3)
    lines = ["size,city,code,price"]
    for row in range(500):
        # The city is the remainder of the row, which is the row's place in the file and tells groups and rows apart.
        price = "" if row % 7 == 0 else f"{generator.random():.4f}"
        lines.append(f"{row % 5},{['bonn', 'cork', ''][row % 3]},c{row % 60},{price}")
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "t.yaml").write_text(
        "data: {source: csv, path: t.csv, target: price, drop: [city, code]}\n"
        "model: {layers: [{dense: {units: 2}}, output]}\ntrain: {epochs: 1, executor: graph}\n"
    )
    assert nncli("train", tmp_path / "t.yaml", "--runs-dir", tmp_path / "runs").exit_code == 0
    more = ["--data", tmp_path / "t.csv"] if other_data else []
    outcome = nncli("eval", "--runs-dir", tmp_path / "runs", "--by", "city", "--json", *more)
    assert outcome.exit_code == 0, outcome.stderr
    value = json.loads(outcome.stdout)
    kept = [row for row in range(500) if row % 7]
    if not other_data:
        with np.load(value["run"] + "/splits.npz") as splits:
            kept = splits["test"].tolist()
    expected = {name: sum(row % 3 == rest for row in kept) for rest, name in enumerate(["bonn", "cork", "(missing)"])}
    assert {group["name"]: group["rows"] for group in value["by"]["groups"]} == expected

    many = json.loads(nncli("eval", "--runs-dir", tmp_path / "runs", "--by", "code", "--json", *more).stdout)
    groups = many["by"]["groups"]
    assert len(groups) == 21 and groups[-1]["name"].endswith("others)")
    assert sum(group["rows"] for group in groups) == len(kept)

    refused = nncli("eval", "--runs-dir", tmp_path / "runs", "--by", "citi", *more)
    assert refused.exit_code == 2 and "city" in refused.stderr and "Traceback" not in refused.stderr


def test_a_column_that_is_not_there_is_refused_with_those_that_are(run: Path) -> None:
    outcome = nncli("eval", run, "--by", "shops")
    assert outcome.exit_code == 2
    assert "'shops'" in outcome.stderr and "shop, " in outcome.stderr and "Traceback" not in outcome.stderr
