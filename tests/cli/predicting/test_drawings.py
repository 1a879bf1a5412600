"""Drawings from `train` to `predict`: prepared by default, left as they are, split, and shown."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import typer.testing
from PIL import Image, ImageDraw

from nncli.cli import app
from nncli.run import files

STROKES = {"7": [(0.2, 0.2), (0.75, 0.2), (0.45, 0.8)], "1": [(0.5, 0.2), (0.5, 0.8)]}


class Outcome:
    def __init__(self, *arguments: object) -> None:
        result = typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])
        self.code, self.stdout, self.stderr = result.exit_code, result.stdout, result.stderr

    @property
    def answers(self) -> list[dict]:
        return json.loads(self.stdout)["predictions"]


def draw(path: Path, digits: str, *, paper: int = 235, side: int = 120) -> Path:
    """Dark digits side by side on light paper."""
    image = Image.new("L", (side * len(digits), side), paper)
    canvas = ImageDraw.Draw(image)
    for place, digit in enumerate(digits):
        points = [((x + place) * side, y * side) for x, y in STROKES[digit]]
        canvas.line(points, fill=40, width=side // 12, joint="curve")
    image.save(path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained on drawings of two digits, white on black, that look like MNIST's."""
    here = tmp_path_factory.mktemp("drawings")
    rng = np.random.default_rng(5)
    for digit, points in STROKES.items():
        (here / "data" / digit).mkdir(parents=True)
        for place in range(40):
            image = Image.new("L", (int(rng.integers(90, 140)), 120), int(rng.integers(190, 255)))
            shaken = [(100 * x + rng.normal(0, 2), 100 * y + rng.normal(0, 2)) for x, y in points]
            ImageDraw.Draw(image).line(shaken, fill=int(rng.integers(0, 60)), width=int(rng.integers(5, 12)))
            image.save(here / "data" / digit / f"{place}.png")
    (here / "drawings.yaml").write_text(
        "data: {source: images, path: data, prepare: ink}\nmodel: {layers: [dense: {units: 8}, output]}\n"
        "train: {epochs: 20, batch_size: 8}\n"
    )
    outcome = Outcome("train", here / "drawings.yaml", "--runs-dir", here / "runs")
    assert outcome.code == 0, outcome.stderr
    found = next(path for path in (here / "runs").iterdir() if (path / files.LITE_MODEL).exists())
    assert json.loads((found / files.INPUTS).read_text())["inputs"]["prepare"] == "ink"
    return found


def test_a_drawing_on_paper_is_prepared_and_that_is_said_once(run: Path, tmp_path: Path) -> None:
    one, seven = draw(tmp_path / "1.png", "1"), draw(tmp_path / "7.png", "7", side=300)
    outcome = Outcome("predict", one, seven, "--run", run, "--json")
    assert [answer["prediction"] for answer in outcome.answers] == ["1", "7"]
    assert outcome.stderr.count("drawings are prepared like the training images") == 1
    as_is = Outcome("predict", one, "--run", run, "--as-is")
    assert as_is.code == 0 and "drawings are prepared" not in as_is.stderr and "looks inverted" in as_is.stderr


def test_eval_prepares_a_folder_as_predict_does(run: Path, tmp_path: Path) -> None:
    for digit in STROKES:
        (tmp_path / "new" / digit).mkdir(parents=True)
        for side in (60, 90, 200):
            draw(tmp_path / "new" / digit / f"{side}.png", digit, side=side)
    outcome = Outcome("eval", run, "--data", tmp_path / "new", "--json")
    assert outcome.code == 0, outcome.stderr
    measured = json.loads(outcome.stdout)["metrics"]["accuracy"]
    answers = Outcome("predict", tmp_path / "new", "--run", run, "--json").answers
    right = [answer["prediction"] == Path(answer["input"]).parent.name for answer in answers]
    assert measured == pytest.approx(np.mean(right)) and measured > 0.8


def test_several_drawings_are_told_and_split(run: Path, tmp_path: Path) -> None:
    path = draw(tmp_path / "number.png", "7117")
    outcome = Outcome("predict", path, "--run", run, "--json")
    assert len(outcome.answers) == 1
    assert f"{path}: has 4 separate drawings; the largest is used (--split predicts each)" in outcome.stderr
    split = Outcome("predict", path, "--run", run, "--json", "--split").answers
    assert [answer["input"] for answer in split] == [f"{path}#{place}" for place in (1, 2, 3, 4)]
    assert "".join(answer["prediction"] for answer in split) == "7117"


def test_what_the_network_saw_is_drawn_in_the_terminal_and_not_into_the_answer(run: Path, tmp_path: Path) -> None:
    path = draw(tmp_path / "7.png", "7")
    for words in (["--show", path], [path, "--show"], ["--show", path, "--top", 1]):
        outcome = Outcome("predict", *words, "--run", run, "--json")
        assert outcome.code == 0, outcome.stderr
        assert [answer["prediction"] for answer in outcome.answers] == ["7"]
        assert "█" in outcome.stderr and "7 (" in outcome.stderr and "7.png" in outcome.stderr


def test_a_sheet_shows_inputs_beside_what_the_network_saw(run: Path, tmp_path: Path) -> None:
    path, sheet = draw(tmp_path / "7.png", "71"), tmp_path / "sheet.png"
    for _ in range(2):  # a sheet may be replaced by a sheet
        outcome = Outcome("predict", path, "--run", run, "--split", "--show", sheet)
        assert outcome.code == 0, outcome.stderr
        assert f"what the network saw: {sheet}" in outcome.stderr
    picture = Image.open(io.BytesIO(sheet.read_bytes())).convert("L")
    assert picture.width > 400 and len(np.unique(np.asarray(picture))) > 10


def test_an_input_is_never_replaced_by_a_sheet(run: Path, tmp_path: Path) -> None:
    first, second = draw(tmp_path / "1.png", "1"), draw(tmp_path / "7.png", "7")
    before = first.read_bytes()
    outcome = Outcome("predict", "--show", first, second, "--run", run)
    assert outcome.code == 2 and "exists and is not a sheet" in outcome.stderr and outcome.stdout == ""
    assert first.read_bytes() == before
    nowhere = Outcome("predict", second, "--run", run, "--show", tmp_path / "none" / "sheet.png")
    assert nowhere.code == 2 and "cannot be written" in nowhere.stderr


def test_options_that_contradict_each_other_are_refused(run: Path, tmp_path: Path) -> None:
    path = draw(tmp_path / "1.png", "1")
    outcome = Outcome("predict", path, "--run", run, "--split", "--as-is")
    assert outcome.code == 2 and "--split and --as-is" in outcome.stderr
