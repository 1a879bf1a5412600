"""The pages of runs of every kind: what they hold, and that a browser shows them without a word of complaint."""

import base64
import contextlib
import errno
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from nncli import pipeline
from nncli.console import Console
from nncli.errors import NncliError, UsageError
from nncli.pipeline.reporting.evaluation import read_evaluation
from nncli.pipeline.reporting.reporting import make_page
from nncli.run import files
from nncli.run.folder import RunFolder

pytestmark = pytest.mark.drawn

HOSTILE = "<script>alert(1)</script>"
KINDS = ("digits_softmax", "shapes_circles", "linear_regression", "multilabel", "hundred", "failed", "comparison")
# Batches that divide the rows of a training set: for a smaller last one, a second loop is traced in each training.
EVEN = {
    "digits_softmax": "data.validation=0.11",
    "multilabel": "data.validation=0.11",
    "shapes_circles": "train.batch_size=36",
    "linear_regression": "train.batch_size=29",
}
VOID = {"meta", "img", "br", "line", "circle", "rect", "image", "input", "link"}


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text by the element around it."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(content.decode())
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text_of(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def silent() -> Console:
    return Console(quiet=True, stdout=io.StringIO(), stderr=io.StringIO())


def write_hundred(folder: Path) -> Path:
    """A table of 100 classes, one of them with a name that is a script, and a config for it."""
    draw = np.random.default_rng(3)
    names = [f"class {number}" for number in range(99)] + [HOSTILE]
    places = draw.normal(size=(100, 3))
    rows = [
        f'{",".join(f"{value:.4f}" for value in places[number] + draw.normal(scale=0.2, size=3))},"{name}"'
        for number, name in enumerate(names)
        for _ in range(12)
    ]
    (folder / "hundred.csv").write_text("\n".join(["a,b,c,kind", *rows]) + "\n")
    config = {
        "name": "hundred",
        "data": {"source": "csv", "path": "hundred.csv", "target": "kind"},
        "model": {"layers": [{"dense": {"units": 16}}, {"output": {}}]},
        "train": {"epochs": 2, "executor": "graph"},
    }
    path = folder / "hundred.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module", autouse=True)
def plots() -> Iterator[None]:
    """Pictures of which pages have a form of their own are not drawn."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("learning_curves", "health_maps", "confusion_matrix", "worst_images"):
            patch.setattr(f"nncli.evaluate.plots.{name}", lambda *_, **named: b"")
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """A run of each kind; those of a test set are evaluated."""
    place = tmp_path_factory.mktemp("reports")
    folders = pipeline.Folders(place / "runs")
    made: dict[str, RunFolder] = {}

    def train(name: str, *assignments: str) -> RunFolder:
        given = [f"train.epochs={3 if name == 'shapes_circles' else 2}", *assignments]
        return pipeline.train(name, folders=folders, console=silent(), assignments=given).folder

    for name in KINDS[:4]:
        made[name] = train(name, EVEN[name])
        pipeline.evaluate(made[name].path.name, folders=folders, console=silent())
    made["hundred"] = train(str(write_hundred(place)))
    with pytest.raises(NncliError):
        train(
            "linear_regression",
            EVEN["linear_regression"],
            "name=failed",
            "optimizer.name=sgd",
            "optimizer.learning_rate=1e30",
        )
    made["failed"] = RunFolder(next(path for path in folders.runs_dir.iterdir() if path.name.endswith("failed")))
    brief = ["train.epochs=1", EVEN["digits_softmax"]]
    request = pipeline.ComparisonRequest.parse(
        ["digits_softmax"], ["optimizer.name=sgd,adam"], seeds=2, jobs="1", assignments=brief
    )
    made["comparison"] = pipeline.compare(request, folders=folders, console=silent()).folder
    for folder in made.values():
        pipeline.add_report(folder, silent())
    return made


def page_of(folder: RunFolder) -> Page:
    return Page(folder.file(files.REPORT).read_bytes())


def test_each_kind_has_a_page(runs: dict[str, RunFolder]) -> None:
    assert set(runs) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_one_small_file_whose_scripts_are_those_of_its_policy(runs: dict[str, RunFolder], kind: str) -> None:
    content = runs[kind].file(files.REPORT).read_bytes()
    page = Page(content)
    assert len(content) < 400_000
    policy = str(next(each["content"] for each in page.of("meta") if each.get("http-equiv")))
    assert policy.startswith("default-src 'none'; img-src data:;") and "unsafe" not in policy
    for element in ("script", "style"):
        pattern = rf"<{element}>(.*?)</{element}>".encode()
        found = {
            base64.b64encode(hashlib.sha256(each).digest()).decode() for each in re.findall(pattern, content, re.DOTALL)
        }
        allowed = policy.partition(f"{element}-src ")[2].partition(";")[0]
        assert found == set(re.findall(r"'sha256-([^']+)'", allowed))
    links = [each.get(name) or "" for _, each in page.elements for name in ("src", "href") if each.get(name)]
    assert links or kind == "failed"
    assert all(each.startswith("data:image/png;base64,") or not re.match(r"[a-z]+:|//", each) for each in links)
    assert not any(name.startswith("on") or name == "style" for _, each in page.elements for name in each)


@pytest.mark.parametrize("kind", KINDS)
def test_headings_are_in_order_none_is_empty_and_every_picture_has_a_text(
    runs: dict[str, RunFolder], kind: str
) -> None:
    page = page_of(runs[kind])
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    tags = [tag for tag, _ in page.elements]
    for place, tag in enumerate(tags):
        if tag == "h2":
            after = next(each for each in tags[place + 1 :] if each in ("h2", "table", "img", "svg", "pre", "p", "div"))
            assert after != "h2", "no section is empty"
    assert all(each.get("alt") for each in page.of("img"))
    assert all(each.get("aria-label") or each.get("aria-hidden") for each in page.of("svg"))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_drawn_in_the_page_and_share_no_names(runs: dict[str, RunFolder], kind: str) -> None:
    content = runs[kind].file(files.REPORT).read_text()
    drawn = {
        "digits_softmax": {"calibration", "ranking"},
        "shapes_circles": {"calibration", "ranking", "probabilities"},
        "linear_regression": {"residuals", "predictions"},
        "multilabel": {"calibration", "ranking"},
        "hundred": set(),
        "failed": set(),
        "comparison": {"scores", "seconds"},
    }
    plots = re.findall(r'<svg class="plot (\w+)', content)
    assert set(plots) == drawn[kind] and len(plots) == len(drawn[kind])
    names = re.findall(r' id="([^"]+)"', content)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', content)) <= {
        pair for name in names for pair in ((name, ""), ("", name))
    }
    assert not re.findall(r'<figure><img (?!class="matrix")', content), "no picture of text is pixels"
    assert ('<svg class="kernels"' in content) == (kind in ("digits_softmax", "multilabel"))


@pytest.mark.parametrize("kind", KINDS[:-1])
def test_the_layers_are_drawn_over_the_epochs_whichever_way_a_training_ended(
    runs: dict[str, RunFolder], kind: str
) -> None:
    watched = runs[kind].read_lines(files.HEALTH)
    page = page_of(runs[kind])
    gradient = next(each for each in page.of("svg") if str(each.get("aria-label")).startswith("gradient norm of each"))
    assert gradient["class"] == "heat"
    rows = [each["layer"] for each in watched[0]["layers"] if each.get("gradient") is not None]
    assert rows and all(name in page.text_of("text") for name in rows)
    last = next(each for each in watched[0]["layers"] if each["layer"] == rows[-1])
    assert f"{last['gradient']:.2g}" in page.text_of("td")


def test_the_scores_of_the_page_are_those_of_the_evaluation(runs: dict[str, RunFolder]) -> None:
    told = json.loads(runs["digits_softmax"].file("evaluation/metrics.json").read_text())
    text = page_of(runs["digits_softmax"]).text_of("p")
    low, high = told["intervals"]["accuracy"]
    assert any(f"{told['metrics']['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f})" in each for each in text)
    cells = page_of(runs["digits_softmax"]).text_of("td")
    assert all(str(count) in cells for row in told["confusion_matrix"] for count in row)


def test_the_gallery_shows_the_images_that_the_evaluation_calls_the_worst(runs: dict[str, RunFolder]) -> None:
    from sklearn.datasets import load_digits

    told = json.loads(runs["digits_softmax"].file("evaluation/metrics.json").read_text())
    pictures = [
        each for each in page_of(runs["digits_softmax"]).of("img") if str(each.get("title", "")).startswith("row")
    ]
    assert 16 < len(pictures) <= 64
    shown = {str(each["title"]): each for each in pictures}
    wrong = [each for each in told["worst"] if each["true"] != each["predicted"]]
    assert len(wrong) > 5
    for example in wrong:
        picture = shown[f"row {example['row']:,}"]
        assert f"true {example['true']}, predicted {example['predicted']}" in str(picture["alt"])
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(str(picture["src"]).partition(",")[2]))), np.float64)
        assert np.allclose(pixels / 255 * 16, load_digits().images[example["row"] - 1], atol=0.05)


def test_the_plane_has_the_colours_of_what_keras_predicts(runs: dict[str, RunFolder]) -> None:
    import keras

    folder = runs["shapes_circles"]
    [plane] = re.findall(r'<svg class="plane" role.*?</svg>', folder.file(files.REPORT).read_text(), re.DOTALL)
    page = Page(plane.encode())
    [image] = page.of("image")
    opened = Image.open(io.BytesIO(base64.b64decode(str(image["href"]).partition(",")[2])))
    pixels = np.asarray(opened.convert("RGB"), np.float64)
    corners = [float(text) for text in page.text_of("text") if re.fullmatch(r"-?\d+\.\d+", text)]
    (left, right), (bottom, top) = corners[:2], corners[2:4]
    model = keras.saving.load_model(folder.file(files.KERAS_MODEL))
    across, up = np.meshgrid(np.linspace(left, right, 100), np.linspace(top, bottom, 100))
    outputs = np.asarray(model({"numbers": np.stack([across, up], axis=-1).reshape(-1, 2).astype("float32")}))
    says_second = outputs.reshape(100, 100) > 0.5
    is_warm = pixels[..., 0] > pixels[..., 2]  # vermilion is the second class, blue the first
    sure = np.abs(outputs.reshape(100, 100) - 0.5) > 0.1
    assert sure.any()
    assert (is_warm == says_second)[sure].mean() > 0.99


def test_a_class_named_like_a_script_stays_text(runs: dict[str, RunFolder]) -> None:
    content = runs["hundred"].file(files.REPORT).read_text()
    assert HOSTILE not in content
    assert any(HOSTILE in text for tag, text in page_of(runs["hundred"]).texts if tag != "script")
    card = runs["hundred"].file(files.CARD).read_text()
    assert HOSTILE not in card and "\\<script\\>" in card


def test_a_hundred_classes_are_a_picture_with_a_table_of_the_mistakes(runs: dict[str, RunFolder]) -> None:
    page = page_of(runs["hundred"])
    [matrix] = [each for each in page.of("img") if each.get("class") == "matrix"]
    summary = runs["hundred"].read_json(files.SUMMARY)
    counts = np.array(summary["test"]["confusion_matrix"])
    assert counts.shape == (100, 100)
    opened = Image.open(io.BytesIO(base64.b64decode(str(matrix["src"]).partition(",")[2])))
    pixels = np.asarray(opened.convert("L"), np.float64)[3::6, 3::6]
    assert ((pixels < 250) == (counts > 0)).all()
    wrong = counts - np.diag(np.diag(counts))
    assert str(wrong.max()) in page.text_of("td")


def test_a_failed_run_says_so_and_how_to_go_on(runs: dict[str, RunFolder]) -> None:
    page = page_of(runs["failed"])
    assert "failed" in page.text_of("span")
    assert any("loss" in text for text in page.text_of("p"))
    assert "How good it is" not in page.text_of("h2")
    assert not runs["failed"].file(files.CARD).exists(), "it has no model"


def test_the_page_of_a_comparison_has_its_verdict_and_leads_to_its_trainings(runs: dict[str, RunFolder]) -> None:
    comparison = runs["comparison"]
    result = comparison.read_json(files.COMPARISON)
    page = page_of(comparison)
    assert [f"{each['text']}." for each in result["verdicts"]] == [
        text for text in page.text_of("p") if text.rstrip(".") in {each["text"] for each in result["verdicts"]}
    ]
    pipeline.report([comparison.path.name], folders=pipeline.Folders(comparison.path.parent), console=silent())
    links = [str(each["href"]) for each in page_of(comparison).of("a")]
    assert len(links) == 4
    assert all((comparison.path / re.sub("%3D", "=", each)).exists() for each in links)


def test_a_run_whose_data_is_gone_has_a_page_without_it(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    copied = tmp_path / runs["digits_softmax"].path.name
    shutil.copytree(runs["digits_softmax"].path, copied)
    record = RunFolder(copied).record
    RunFolder(copied).write_record(data={**record["data"], "fingerprint": "0" * 64})
    content = make_page(RunFolder(copied), pipeline.Folders(tmp_path)).decode()
    assert "No pictures made from the data: digits is not the data this run was trained on." in content
    assert 'class="tiles"' not in content


def test_a_damaged_file_is_told_and_left_out(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    copied = tmp_path / runs["linear_regression"].path.name
    shutil.copytree(runs["linear_regression"].path, copied)
    (copied / files.METRICS).write_text("not what was written\n")
    (copied / "evaluation" / "metrics.json").write_text("{")
    page = Page(make_page(RunFolder(copied), pipeline.Folders(tmp_path)))
    assert any("metrics.jsonl is damaged" in text for text in page.text_of("p"))
    assert "Course of the training" not in page.text_of("h2")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("a name misspelled"), "KeyError: 'a name misspelled'"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "runs"), "runs: Read-only file system"),
    ],
)
def test_a_page_that_cannot_be_made_does_not_end_the_command(
    runs: dict[str, RunFolder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    told: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    copied = tmp_path / runs["digits_softmax"].path.name
    shutil.copytree(runs["digits_softmax"].path, copied)
    page = (copied / files.REPORT).read_bytes()
    monkeypatch.setattr("nncli.pipeline.reporting.reporting.render", fail)
    pipeline.add_report(RunFolder(copied), Console())
    assert capsys.readouterr().err == f"warning: no report: {told}\n"
    assert (copied / files.REPORT).read_bytes() == page
    monkeypatch.setenv("NNCLI_DEBUG", "1")  # whoever looks for a defect gets the traceback; a disk has none
    with contextlib.nullcontext() if isinstance(error, OSError) else pytest.raises(type(error)):
        pipeline.add_report(RunFolder(copied), Console())


def test_a_page_needs_no_tensorflow(runs: dict[str, RunFolder]) -> None:
    code = (
        "import io, sys\nfrom pathlib import Path\nfrom nncli import pipeline\nfrom nncli.console import Console\n"
        "pipeline.report([sys.argv[1]], folders=pipeline.Folders(Path(sys.argv[2])), console=Console(quiet=True))\n"
        "print([name for name in sys.modules if name in ('tensorflow', 'keras', 'matplotlib')])"
    )
    folder = runs["digits_softmax"].path
    words = [sys.executable, "-c", code, folder.name, str(folder.parent)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "[]"


def test_the_page_of_all_runs_leads_to_each_of_them(runs: dict[str, RunFolder]) -> None:
    folder = runs["failed"].path.parent
    pipeline.report((), folders=pipeline.Folders(folder), console=silent(), every=True)
    page = Page((folder / "index.html").read_bytes())
    links = [str(each["href"]) for each in page.of("a")]
    assert sorted(links) == sorted(f"{each.path.name}/report.html" for each in runs.values())


def test_options_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    folders = pipeline.Folders(tmp_path)
    with pytest.raises(UsageError, match="--all writes the pages of all runs"):
        pipeline.report(["a"], folders=folders, console=silent(), every=True)
    with pytest.raises(UsageError, match="--output takes one page, and got 2 runs"):
        pipeline.report(["a", "b"], folders=folders, console=silent(), output=tmp_path / "page.html")
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    with pytest.raises(UsageError, match="a page is HTML"):
        pipeline.report(["a"], folders=folders, console=silent(), output=notes)
    assert notes.read_text() == "mine"
    with pytest.raises(UsageError, match="there is no folder"):
        pipeline.report(["a"], folders=folders, console=silent(), output=tmp_path / "none" / "page.html")
    with pytest.raises(UsageError, match="there is no run in"):
        pipeline.report((), folders=folders, console=silent(), every=True)


def test_the_card_has_the_scores_of_the_saved_model_in_the_form_of_hubs(runs: dict[str, RunFolder]) -> None:
    folder = runs["digits_softmax"]
    told = json.loads(folder.file("evaluation/metrics.json").read_text())
    _, front, body = folder.file(files.CARD).read_text().split("---\n", 2)
    matter = yaml.safe_load(front)
    assert (matter["library_name"], matter["pipeline_tag"]) == ("keras", "image-classification")
    [model] = matter["model-index"]
    [result] = model["results"]
    assert {each["type"]: each["value"] for each in result["metrics"]} == {
        {"auc": "roc_auc"}.get(name, name): value for name, value in told["metrics"].items() if value is not None
    }
    low, high = told["intervals"]["accuracy"]
    assert f"| accuracy | {told['metrics']['accuracy']:.4f} | {low:.4f} to {high:.4f} |" in body
    assert folder.record["data"]["fingerprint"] in body
    assert "- the test set, 2 times" in body
    assert "- which inputs the network uses" in body.partition("## What was not looked at")[2]


def test_scores_of_weights_that_a_run_no_longer_has_do_not_count(runs: dict[str, RunFolder], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(runs["digits_softmax"].path, copy)
    found = read_evaluation(RunFolder(copy))
    assert found["weights"] == hashlib.sha256((copy / "weights.npz").read_bytes()).hexdigest()
    metrics = copy / "evaluation" / "metrics.json"
    metrics.write_text(json.dumps({**found, "weights": "0" * 64, "metrics": {"accuracy": 0.1234}}))
    page = make_page(RunFolder(copy), pipeline.Folders()).decode()
    assert "0.1234" not in page
    assert f"{json.loads((copy / 'summary.json').read_text())['test']['metrics']['accuracy']:.4f}" in page


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, False), (390, True), (1280, True)])
def test_a_browser_shows_it_without_errors_requests_or_overflow(
    runs: dict[str, RunFolder], browser: Any, kind: str, width: int, dark: bool
) -> None:
    path = runs[kind].file(files.REPORT)
    browser.show(path, width=width, dark=dark)
    assert browser.run("return document.readyState") == "complete"
    assert [each["message"] for each in browser.logged("browser")] == []
    assert [each for each in browser.requests() if not each.startswith("data:")] == [path.resolve().as_uri()]
    assert browser.run("return document.documentElement.scrollWidth") <= width, "only tables scroll sideways"
    charts = browser.run("return document.querySelectorAll('.chart').length")
    assert charts == browser.run("return document.querySelectorAll('.chart canvas').length")
    assert charts or kind == "failed"
    assert browser.run("return [...document.images].every(each => each.complete && each.naturalWidth > 0)")
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark


def test_pointing_at_a_curve_tells_its_value(runs: dict[str, RunFolder], browser: Any) -> None:
    browser.show(runs["digits_softmax"].file(files.REPORT))
    last = json.loads(runs["digits_softmax"].file(files.METRICS).read_text().splitlines()[-1])
    told = browser.run(
        "const over = document.querySelector('.chart .u-over'), box = over.getBoundingClientRect();"
        "const at = {clientX: box.right - 2, clientY: box.top + 20, bubbles: true};"
        "over.dispatchEvent(new MouseEvent('mouseenter', at)); over.dispatchEvent(new MouseEvent('mousemove', at));"
        "return [...document.querySelectorAll('.chart')[0].querySelectorAll('.u-value')].map(each => each.textContent)"
    )
    assert [float(each) for each in told] == [
        2.0,
        *(pytest.approx(last[key], rel=1e-3) for key in ("loss", "val_loss")),
    ]


def test_the_policy_stops_what_somebody_puts_into_the_page(
    runs: dict[str, RunFolder], browser: Any, tmp_path: Path
) -> None:
    content = runs["digits_softmax"].file(files.REPORT).read_text()
    changed = tmp_path / "changed.html"
    changed.write_text(content.replace("<footer>", "<script>document.title = 'taken'</script><footer>"))
    browser.show(changed)
    assert browser.run("return document.title") != "taken"
    assert any("Content Security Policy" in each["message"] for each in browser.logged("browser"))
