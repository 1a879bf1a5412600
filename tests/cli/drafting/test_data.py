"""`nncli data`: what is shown on a terminal, in a pipe, as JSON and as a picture; its exit codes."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from nncli.cli import app
from nncli.cli.views.data import draw_thumbnails, show_inspection
from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.evaluate.plots.images.contact_sheet import Picture, choose_pictures, draw_sheet, make_thumbnails
from nncli.pipeline.drafting.images.augmentation import augmented_pictures
from nncli.pipeline.drafting.inspect import InspectionRequest, inspect
from nncli.pipeline.folders import Folders

pytestmark = pytest.mark.drawn


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["data", *map(str, arguments)], env={"COLUMNS": "80"})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    values = np.random.default_rng(0).normal(size=100).round(6)
    lines = [f"{value},{'[b]x' if i % 3 else 'y'},{i % 2},{['no', 'yes'][i % 2]}" for i, value in enumerate(values)]
    path.write_text("\n".join(["size,[red]odd[/red],y,twin", *lines]) + "\n")
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for index in range(10):
            pixels = generator.integers(0, 255, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{index}.png")
    return tmp_path / "images"


def test_a_table_is_told_in_80_columns_with_its_brackets(table: Path) -> None:
    result = run(table, "--target", "y")
    assert result.exit_code == 0
    assert max(len(line.rstrip()) for line in result.stdout.splitlines()[1:]) <= 80, (
        "but for the path, which is never broken"
    )
    assert "[red]odd[/red]  category  [b]x 66, y 34" in result.stdout
    assert "task binary" in result.stdout
    assert re.search(r'warning +column "twin": has the same content as the target', result.stdout)
    assert "\x1b" not in result.stdout


def test_a_table_needs_no_target(table: Path) -> None:
    result = run(table)
    assert result.exit_code == 0
    assert "--target COLUMN" in result.stdout and "has the same content as the target" not in result.stdout
    assert '"y", "twin": have the same content' in " ".join(result.stdout.split())


def test_json_holds_the_whole_profile(table: Path, images: Path) -> None:
    value = json.loads(run(table, "--target", "y", "--json").stdout)
    assert (value["kind"], value["rows"], value["target"]["task"]) == ("table", 100, "binary")
    assert [column["name"] for column in value["columns"]] == ["size", "[red]odd[/red]", "y", "twin"]
    assert {"rule", "level", "where", "what", "fix", "columns", "rows"} == set(value["findings"][0])
    value = json.loads(run(images, "--json").stdout)
    assert (value["kind"], value["rows"], value["sampled"]) == ("images", 20, 20)
    assert value["classes"] == [["cat", {"train": 10}], ["dog", {"train": 10}]]
    assert "tiles" not in value


def test_a_wrong_path_target_or_option_ends_with_2(table: Path, images: Path) -> None:
    for arguments, told in (
        (["digit"], 'did you mean "digits"?'),
        ([table, "--target", "sise"], 'did you mean "size"?'),
        ([table, "--sheet", "x.png"], "is for images"),
        ([table, "--set", "seed=2"], "--set changes a config"),
        ([images, "--target", "y"], "--target"),
        ([images, "--sheet", images / "none" / "x.png"], "cannot be written"),
        (["nothing.yaml"], "nothing.yaml"),
    ):
        result = run(*arguments)
        assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
        assert not result.stdout


def test_data_with_problems_ends_with_0(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "a,b,y\n" + "".join(f"{i},{'inf' if i == 3 else i % 7},1{',5' if i == 9 else ''}\n" for i in range(40))
    )
    result = run(path, "--target", "y")
    assert result.exit_code == 0
    assert "3 problems" in result.stdout
    for told in ("row 10: has 4 cells instead of 3", 'column "b": has 1 number that is infinite', "in every row"):
        assert told in " ".join(result.stdout.split())


def test_a_config_is_looked_over_by_its_file_and_its_name(tmp_path: Path, table: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("data: {source: csv, path: t.csv, target: y}\nmodel: {layers: [output: {}]}\n")
    told = json.loads(run(config, "--json").stdout)
    assert (told["rows"], told["target"]["columns"], told["parts"]["test"]) == (100, ["y"], 20)
    changed = json.loads(run(config, "--set", "data.test=0.5", "--set", "data.drop=[twin]", "--json").stdout)
    assert changed["parts"]["test"] == 50
    assert not [finding for finding in changed["findings"] if finding["rule"] == "twin"]
    other = json.loads(run(config, "--target", "size", "--json").stdout)
    assert other["target"]["columns"] == ["size"]
    assert json.loads(run("digits_softmax", "--json").stdout)["source"] == "digits"


def test_a_contact_sheet_is_written_as_a_png(images: Path, tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    result = run(images, "--sheet", target)
    assert result.exit_code == 0 and "sheet.png" in result.stdout
    with Image.open(target) as picture:
        assert picture.format == "PNG" and picture.width > 700
    assert json.loads(run(images, "--sheet", target, "--json").stdout)["sheet"] == str(target)


def test_pictures_are_drawn_on_a_terminal_or_when_asked_and_not_into_a_pipe(images: Path) -> None:
    request = InspectionRequest.parse(str(images), None, None, None)
    stream = io.StringIO()
    console = Console(stdout=stream)
    inspection = inspect(request, folders=Folders(), console=console)
    assert len(inspection.thumbnails) == 12
    show_inspection(console, inspection, draws=False)
    assert "█" not in stream.getvalue()
    assert "▒" in run(images, "--sheet", "-").stdout or "=" in run(images, "--sheet", "-").stdout
    assert "▒" not in run(images).stdout


def test_thumbnails_have_colours_shades_or_letters() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2] = (255, 0, 0)
    pixels[2:] = 255
    picture = make_thumbnails([Picture("a [b]", "", pixels)], most=4, side=4)
    coloured = draw_thumbnails(picture, 80, colour=True, unicode=True)
    assert coloured[0][0] == ("▀", "rgb(255,0,0) on rgb(255,0,0)")
    assert coloured[1][0] == ("▀", "rgb(255,255,255) on rgb(255,255,255)")
    assert coloured[2] == [("a [b]", "")]
    assert draw_thumbnails(picture, 80, colour=False, unicode=True)[0][0] == ("░░░░", "")
    letters = draw_thumbnails(picture, 80, colour=False, unicode=False)
    assert letters[0][0][0].isascii() and letters[1][0][0] == "@@@@"


def test_drawn_lines_fit_the_width() -> None:
    pictures = [Picture(f"class number {i}", "", np.full((30, 20, 1), 9 * i, np.uint8)) for i in range(9)]
    lines = draw_thumbnails(make_thumbnails(pictures, most=9, side=16), 60, colour=False, unicode=True)
    assert max(sum(len(piece) for piece, _ in line) for line in lines) <= 62
    assert sum(line == [] for line in lines) == 2


def test_every_group_gets_its_share_of_the_pictures() -> None:
    pictures = [Picture(f"g{i % 30:02d}", str(i), np.zeros((2, 2, 1), np.uint8)) for i in range(90)]
    chosen = choose_pictures(pictures, 12)
    assert len({picture.group for picture in chosen}) == 12 == len(chosen)
    assert [picture.group for picture in choose_pictures(pictures[:2], 12)] == ["g00", "g01"]
    assert len(choose_pictures([Picture("", str(i), pictures[0].pixels) for i in range(90)], 12)) == 12


CONFIG = """\
data: {{source: images, path: images, size: 12}}
model:
  layers:
{layers}    - flatten
    - output
"""


def test_augmented_images_stand_beside_their_originals(images: Path, tmp_path: Path) -> None:
    layers = "    - random_translation: {height_factor: 0.3, width_factor: 0.3}\n    - random_rotation\n"
    (tmp_path / "net.yaml").write_text(CONFIG.format(layers=layers))
    config = load_config(str(tmp_path / "net.yaml")).config
    pictures = augmented_pictures(config, folders=Folders(), progress=lambda said, done: None)
    lines = {picture.group: [] for picture in pictures}
    for picture in pictures:
        lines[picture.group].append(picture)
    assert len(lines) == 12 and {group.split()[0] for group in lines} == {"cat", "dog"}
    for original, *versions in lines.values():
        assert original.caption.endswith(".png") and original.pixels.shape == (12, 12, 3)
        assert len({version.pixels.tobytes() for version in (original, *versions)}) == 8
    target = tmp_path / "augmented.png"
    result = run(tmp_path / "net.yaml", "--augmented", target, "--json")
    assert json.loads(result.stdout)["augmented"] == str(target) and target.read_bytes().startswith(b"\x89PNG")


def test_without_augmentation_layers_or_a_config_there_is_nothing_to_show(images: Path, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(CONFIG.format(layers=""))
    for source, message in ((tmp_path / "net.yaml", "has no augmentation layers"), (images, "is no config")):
        result = run(source, "--augmented", tmp_path / "sheet.png")
        assert result.exit_code == 2 and message in " ".join(result.stderr.split())
    assert not (tmp_path / "sheet.png").exists()


def test_the_same_pictures_give_the_same_sheet_and_odd_names_do_no_harm() -> None:
    pictures = [Picture("$x_[b]" * 9, "a\nb" * 20, np.full((3, 5, 3), i, np.uint8)) for i in range(3)]
    assert draw_sheet("t" * 200, pictures) == draw_sheet("t" * 200, pictures)
    assert draw_sheet("one", [Picture("", "", np.zeros((1, 1, 1), np.uint8))]).startswith(b"\x89PNG")
