"""A table with dates from `init` to `predict`: every command reads them as training did."""

import datetime
import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.run import files

ROWS = 240
TIMES = [datetime.datetime(2022, 1, 1) + datetime.timedelta(hours=97 * row) for row in range(ROWS)]


class Outcome:
    def __init__(self, *arguments: object) -> None:
        result = typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])
        self.code, self.stdout, self.stderr = result.exit_code, result.stdout, result.stderr

    @property
    def json(self) -> dict:
        return json.loads(self.stdout)


def write(path: Path, form: str) -> Path:
    generator = np.random.default_rng(3)
    lines = ["sold,size,price"]
    for time, size in zip(TIMES, generator.uniform(0, 1, ROWS), strict=True):
        price = 50 + 10 * np.sin(2 * np.pi * time.hour / 24) + 8 * np.cos(2 * np.pi * time.month / 12) + size
        lines.append(f"{time.strftime(form)},{size:.3f},{price:.2f}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the table, the config that `init` wrote for it, and the only run."""
    here = tmp_path_factory.mktemp("sales")
    table = write(here / "sales.csv", "%d/%m/%Y %H:%M")
    assert Outcome("init", table, "--target", "price", "--output", here / "sales.yaml").code == 0
    options = ("--epochs", 30, "--set", "model.members=1", "--runs-dir", here / "runs")
    outcome = Outcome("train", here / "sales.yaml", *options)
    assert outcome.code == 0, outcome.stderr
    assert "sold: dates from 2022-01-01" in outcome.stderr
    return here


def test_init_writes_the_type_and_which_parts_are_learned(folder: Path) -> None:
    text = (folder / "sales.yaml").read_text()
    assert "sold: date" in text and "learned as year, month, weekday, hour" in text and "day_first" not in text
    assert "# split: {by: time, column: sold}" in text


def test_data_tells_the_first_and_the_last_date(folder: Path) -> None:
    answer = Outcome("data", folder / "sales.csv", "--target", "price", "--json").json
    sold = next(column for column in answer["columns"] if column["name"] == "sold")
    assert (sold["kind"], sold["learn_as"]) == ("date", "date")
    assert (sold["first"], sold["last"]) == (TIMES[0].isoformat(), TIMES[-1].isoformat())
    assert {finding["rule"] for finding in answer["findings"]} == {"split"}
    assert "2022-01-01T00:00:00 to" in Outcome("data", folder / "sales.csv").stdout


def test_eval_and_predict_agree_and_learn_from_the_dates(folder: Path) -> None:
    run = next(path for path in (folder / "runs").iterdir() if (path / files.LITE_MODEL).exists())
    own = Outcome("eval", run, "--json").json
    assert own["metrics"]["r2_score"] > 0.9
    other = write(folder / "other.csv", "%Y-%m-%dT%H:%M:%SZ")
    measured = Outcome("eval", run, "--data", other, "--json").json
    assert measured["rows"] == ROWS
    predictions = Outcome("predict", other, "--run", run, "--json").json["predictions"]
    again = Outcome("predict", folder / "sales.csv", "--run", run, "--json").json["predictions"]
    answers = [answer["prediction"] for answer in predictions]
    assert answers == [answer["prediction"] for answer in again]
    prices = [float(line.split(",")[2]) for line in other.read_text().splitlines()[1:]]
    error = float(np.abs(np.array(answers) - prices).mean())
    assert error == pytest.approx(measured["metrics"]["mean_absolute_error"], abs=2e-4)


def test_predict_fails_rows_without_a_date_with_the_reason(folder: Path) -> None:
    rows = folder / "rows.csv"
    rows.write_text("sold,size\n31/12/2040,0.5\n12/31/2022,0.5\nsoon,0.5\n,0.5\n")
    outcome = Outcome("predict", rows, "--runs-dir", folder / "runs", "--json")
    assert outcome.code == 3 and len(outcome.json["predictions"]) == 2
    assert 'row 2: column "sold": "12/31/2022" is not a date such as 2024-12-31 or 31/12/2024' in outcome.stderr
    assert 'row 3: column "sold": "soon" is not a date' in outcome.stderr
