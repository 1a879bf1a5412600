"""The workbench trains: one training at a time, step by step, stopped, found again; and in headless Chromium networks
built, mended, trained and compared as a person would do it."""

import base64
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.pipeline.folders import Folders

Bench = Any  # see conftest.py
ENDED = ("finished", "failed", "interrupted")
# What the browser's test builds as well.
DRAFT: dict[str, Any] = {
    "name": "shapes_circles",
    "data": {"source": "shapes_circles"},
    "model": {
        "hidden_activation": "tanh",
        "layers": [{"dense": {"units": 3}}, {"dense": {"units": 6}}, {"dense": {"units": 1, "activation": "sigmoid"}}],
    },
    "loss": {"name": "binary_crossentropy", "from_logits": False},
    "optimizer": {"name": "adam", "learning_rate": 0.03},
    "metrics": ["accuracy"],
    "train": {"epochs": 5, "batch_size": 36, "executor": "graph"},  # compiled in a second, once for 360 rows
}
needs_browser = pytest.mark.skipif(
    shutil.which("chromium") is None or shutil.which("chromedriver") is None,
    reason="needs a browser: apt-get install chromium chromium-driver",
)
FIELD = "document.querySelectorAll('#layers [data-index]')[arguments[0]].querySelector(arguments[1])"
EVIL = "<img src=x onerror=document.title='broken'>"


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the server, with a table whose names are HTML."""
    here = tmp_path_factory.mktemp("home")
    rows = [f"{a:.3f},{b:.3f},{EVIL if a > b else 'plain'}" for a, b in np.random.default_rng(4).random((80, 2))]
    (here / "table.csv").write_text("\n".join([f"first,{EVIL},side", *rows]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        yield here


@pytest.fixture(scope="module")
def bench(home: Path, open_bench: Callable[..., Bench]) -> Bench:
    return open_bench(Folders(home / "runs"))


@pytest.fixture(scope="module")
def trained(home: Path, bench: Bench, open_bench: Callable[..., Bench]) -> dict[str, Any]:
    """A training by the page that is paused, found by another server, stopped, stopped again early, and finished."""
    checked = bench.ask("check", draft=DRAFT)
    bench.ask("start", draft=DRAFT, epochs=1)
    assert bench.get("training")["phase"] == "starting"
    paused = bench.wait("paused", *ENDED)
    refused = bench.ask("start", 409, draft=DRAFT)
    bench.ask("allow", epochs=2)
    again = bench.wait("paused", *ENDED)
    other = open_bench(Folders(home / "runs"))
    seen = other.get("training?first=1")
    refused_by_other = other.ask("start", 409, draft=DRAFT)
    cannot = other.ask("allow", 409, epochs=1)
    other.ask("stop")
    stopped = bench.wait(*ENDED)
    bench.ask("resume", run=stopped["run"], epochs=None)
    closed = bench.bench.trainer.close()
    interrupted = bench.get("training")
    bench.ask("resume", run=stopped["run"], epochs=None)
    return {
        "script": checked["script"], "arrays": checked["arrays"],
        "paused": paused, "refused": refused, "again": again, "seen": seen, "cannot": cannot,
        "refused_by_other": refused_by_other, "stopped": stopped, "closed": closed, "interrupted": interrupted,
        "end": bench.wait(*ENDED),
    }  # fmt: skip


def test_a_training_waits_after_the_epochs_that_were_asked_for(trained: dict[str, Any]) -> None:
    assert [trained[name]["phase"] for name in ("paused", "again")] == ["paused", "paused"]
    assert [trained[name]["epochs"] for name in ("paused", "again")] == [1, 3]
    assert [each["epoch"] for each in trained["again"]["history"]] == [1, 2, 3]
    assert trained["again"]["health"]["epoch"] == 3 and len(trained["again"]["gradients"]["dense_1"]) == 4


def test_there_is_one_training_at_a_time_also_for_another_server(trained: dict[str, Any]) -> None:
    for name in ("refused", "refused_by_other"):
        assert "one at a time" in trained[name]["error"]
    seen = trained["seen"]
    assert (seen["run"], seen["epochs"], seen["isOurs"]) == (trained["paused"]["run"], 3, False)
    assert [each["epoch"] for each in seen["history"]] == [2, 3]


def test_a_training_that_was_stopped_twice_is_an_ordinary_run(trained: dict[str, Any], home: Path) -> None:
    assert trained["stopped"]["phase"] == trained["interrupted"]["phase"] == "interrupted"
    assert trained["end"]["phase"] == "finished" and trained["end"]["epochs"] == 5
    run = home / "runs" / trained["end"]["run"]
    assert trained["closed"] == run
    told = json.loads(nncli("runs", "--runs-dir", home / "runs", "--json").stdout)["runs"][0]
    assert (told["kind"], told["status"], told["name"]) == ("train", "finished", run.name)
    summary = json.loads((run / "summary.json").read_text())
    assert trained["end"]["result"]["scores"] == summary["test"]["metrics"]


def test_the_script_and_its_arrays_are_those_of_an_export(trained: dict[str, Any], bench: Bench, home: Path) -> None:
    run = home / "runs" / trained["end"]["run"]
    assert nncli("export", run, "--format", "script", "--output", home / "shapes_circles.py").exit_code == 0
    assert trained["script"] == (home / "shapes_circles.py").read_text()
    assert trained["arrays"] in trained["script"]
    answer = bench.client.post("/workbench/arrays", json={"draft": DRAFT}, headers=bench.headers)
    with np.load(io.BytesIO(answer.content)) as ours, np.load(home / trained["arrays"]) as theirs:
        assert set(ours) == set(theirs) and all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_a_finished_network_answers_at_once(trained: dict[str, Any], bench: Bench, home: Path) -> None:
    run = trained["end"]["run"]
    assert bench.ask("open", run=run) == {"model": run}
    (home / "points.csv").write_text("x1,x2\n0.1,0.05\n0.9,-0.8\n")
    names = [each["name"] for each in bench.client.get("/page/models").json()[0]["columns"]]
    (home / "points.csv").write_text(f"{','.join(names)}\n0.1,0.05\n0.9,-0.8\n")
    answer = bench.client.post("/predict", content=(home / "points.csv").read_bytes()).json()
    asked = json.loads(nncli("predict", home / "points.csv", "--run", home / "runs" / run, "--json").stdout)
    assert answer["run"] == run and answer["predictions"][0]["prediction"] == "inner"
    assert [each["probabilities"] for each in answer["predictions"]] == [
        each["probabilities"] for each in asked["predictions"]
    ]


def test_the_plane_grows_with_the_epochs_as_the_network_answers(
    trained: dict[str, Any], bench: Bench, home: Path
) -> None:
    told = bench.get("frames?known=&first=0")
    about, *frames = told["lines"]
    assert [each["epoch"] for each in frames] == [0, 1, 2, 3, 4, 5]  # stopped twice in between
    assert trained["end"]["frames"] == told["next"] and len(trained["paused"]["history"]) == 1
    again = bench.get(f"frames?known={told['id']}&first={told['next']}")
    assert again["lines"] == [] and again["next"] == told["next"]
    assert bench.get(f"frames?known=another&first={told['next']}")["lines"] == told["lines"]
    plane, best = about["boundary"], trained["end"]["result"]["bestEpoch"]
    [frame] = [np.frombuffer(base64.b64decode(each["bytes"]), np.uint8) for each in frames if each["epoch"] == best]
    side, (left, right, low, high) = plane["side"], plane["limits"]
    places = [(row, column) for row in range(0, side, 17) for column in range(0, side, 17)]
    rows = [
        f"{left + (right - left) * column / (side - 1)},{low + (high - low) * row / (side - 1)}"
        for row, column in places
    ]
    (home / "grid.csv").write_text("\n".join([",".join(plane["inputs"]), *rows]) + "\n")
    asked = nncli("predict", home / "grid.csv", "--run", home / "runs" / trained["end"]["run"], "--json")
    answers = [each["probabilities"][plane["names"][1]] for each in json.loads(asked.stdout)["predictions"]]
    drawn = frame.reshape(side, side)
    assert [drawn[place] for place in places] == pytest.approx(np.multiply(255, answers), abs=0.6)


def test_another_server_finds_the_last_training_with_its_pictures(
    trained: dict[str, Any], bench: Bench, home: Path, open_bench: Callable[..., Bench]
) -> None:
    other = open_bench(Folders(home / "runs"))
    found = other.get("training?first=0")
    for name in ("phase", "run", "history", "result", "verdicts", "frames"):
        assert found[name] == trained["end"][name]
    assert other.get("frames?known=&first=0") == bench.get("frames?known=&first=0")
    shutil.copytree(home / "runs" / ".workbench", home / "gone" / ".workbench")
    assert open_bench(Folders(home / "gone")).get("training?first=0") == {"phase": "none"}


def test_a_training_that_fails_says_why(home: Path, open_bench: Callable[..., Bench]) -> None:
    bench = open_bench(Folders(home / "broken_runs"))
    bench.ask("check", draft=DRAFT)
    (home / "broken_runs").mkdir()
    trainer = bench.bench.trainer
    trainer.start("broken", "data: {source: digits}\nmodel: {layers: [{dense: {unit: 3}}]}\n", 3, None)
    told = bench.wait(*ENDED)
    assert told["phase"] == "failed" and "did you mean" in told["error"]
    assert [path.name for path in (home / "broken_runs").iterdir()] == [".workbench"]


@pytest.fixture(scope="module")
def page(start: Callable[..., Any], home: Path, trained: dict[str, Any]) -> Iterator[str]:
    with start("--port", 0, "--runs-dir", home / "runs") as (_, told):
        run = trained["end"]["run"]
        assert told["workbench"] is True and list(told["runs"]) == [run]
        yield told["page"]


@pytest.fixture(scope="module", params=[390, 1280])
def browser(browse: Callable[..., Any], page: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    with browse(request.param) as browser:
        browser.open(page)
        browser.wait("state.checked !== null")
        yield browser


def put(browser: Any, layer: int, field: str, value: object) -> None:
    """Types into a field of a layer, or chooses."""
    script = f"const f = {FIELD}; f.value = arguments[2]; f.dispatchEvent(new Event(arguments[3], {{bubbles: true}}))"
    browser.run(script, layer, field, str(value), "change" if field == "select" else "input")


def choose(browser: Any, name: str, value: str) -> None:
    script = (
        "const s = document.getElementById(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('change'))"
    )
    browser.run(script, name, value)


@needs_browser
def test_a_network_is_built_mended_and_trained(browser: Any, home: Path, trained: dict[str, Any]) -> None:
    choose(browser, "drafts", "shapes_circles")
    browser.run("state.draft.train.executor = 'graph'; state.draft.train.batch_size = 36")
    browser.wait("state.checked.yaml.includes('shape: circles') && $('verdict').className === 'good'")
    # One more layer, moved and removed again with the keys; another one stays.
    for kind in ("dropout", "dense"):
        choose(browser, "kinds", kind)
        browser.press("add")
    kinds = "[...document.querySelectorAll('#layers .kind')].map(each => each.textContent).join(' ')"
    assert browser.run(f"return {kinds}") == "dense dropout dense dense"
    key = "new KeyboardEvent('keydown', {altKey: true, key: arguments[1]})"
    browser.run(f"document.querySelectorAll('#layers [data-index]')[arguments[0]].dispatchEvent({key})", 1, "ArrowDown")
    assert browser.run(f"return {kinds}") == "dense dense dropout dense"
    browser.run("document.querySelector('[aria-label=\"remove: dropout, layer 3\"]').click()")
    put(browser, 1, "input", 6)
    # A mistake is told at its layer, and mended with a press.
    put(browser, 2, "select", "softmax")
    browser.wait("document.querySelector('#layers .wrong .told')?.textContent.includes('softmax')")
    assert "mistake" in browser.text("verdict") and browser.run("return $('go-all').disabled")
    assert not browser.run("return $('preview').hidden")
    browser.press("fix")
    browser.wait("$('verdict').className === 'good' && !$('go-all').disabled")
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    # The code beside it.
    assert "- dense: {units: 6}" in browser.text("text")
    browser.press("tab-script")
    assert "layers.Dense(6" in browser.text("text") and "def make_model" in browser.text("text")
    browser.press("tab-yaml")
    # Two epochs, then the rest.
    browser.run("const s = $('some'); s.value = 2; s.dispatchEvent(new Event('input'))")
    epochs = "[...document.querySelectorAll('#settings label')].find(each => each.innerText.startsWith('epochs'))"
    browser.run(f"const f = {epochs}.querySelector('input'); f.value = 5; f.dispatchEvent(new Event('input'))")
    browser.wait("state.checked.network?.epochs === 5")
    browser.press("go-some")
    browser.wait("state.training.phase === 'paused'")
    assert browser.text("phase").startswith("Paused after epoch 2 of 5")
    assert browser.run("return state.history.length") == 2
    browser.press("go-all")
    browser.wait("state.training.phase === 'finished'")
    run = browser.run("return state.run")
    history = [json.loads(line) for line in (home / "runs" / run / "metrics.jsonl").read_text().splitlines()]
    assert browser.run("return state.history") == history and len(history) == 5
    summary = json.loads((home / "runs" / run / "summary.json").read_text())
    stopped = np.load(home / "runs" / trained["end"]["run"] / "weights.npz")
    with stopped, np.load(home / "runs" / run / "weights.npz") as ours:
        assert all(np.array_equal(ours[name], stopped[name]) for name in stopped)
    assert f"{summary['test']['metrics']['accuracy']:.4g}" in browser.text("scores")
    inked = (
        "const c = document.querySelectorAll('#curves canvas')[arguments[0]];"
        "return new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    )
    assert all(browser.run(inked, place) > 20 for place in range(2))
    assert "dense_1" in browser.text("health").replace("\u200b", "")  # where a long name may break
    # The plane of the answers has a frame for each epoch, and the last one is shown.
    browser.wait("state.live.epochs.length === 6 && $('frame-told').innerText === 'after epoch 5'")
    plane = "const c = document.querySelector('#films canvas'); return c.toDataURL()"
    last = browser.run(plane)
    browser.run("const f = $('frame'); f.value = 0; f.dispatchEvent(new Event('input'))")
    assert browser.text("frame-told") == "untrained" and browser.run(plane) != last
    browser.press("play")
    browser.wait("!playing && $('frame-told').innerText === 'after epoch 5'")
    assert browser.run(plane) == last
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert browser.complaints() == []


@needs_browser
def test_two_trainings_stand_beside_each_other(browser: Any, home: Path) -> None:
    browser.wait("!$('compare-box').hidden && state.compared")
    first, second = browser.run("return ['first', 'second'].map(id => $(id).value)")
    summaries = [json.loads((home / "runs" / name / "summary.json").read_text()) for name in (first, second)]
    row = next(line for line in browser.text("compared").splitlines() if line.startswith("test log loss"))
    before, after = (summary["test"]["metrics"]["log_loss"] for summary in summaries)
    told = float(row.split()[-1].replace("−", "-"))
    assert told == pytest.approx(after - before, rel=1e-2, abs=1e-4)
    assert browser.run("return document.querySelectorAll('#pairs canvas').length") == 4


@needs_browser
def test_fields_and_typed_yaml_say_the_same(browser: Any) -> None:
    choose(browser, "drafts", "shapes_circles")
    browser.run("document.querySelectorAll('#data-more, #metrics').forEach(each => { each.open = true; })")
    browser.wait("state.checked.of === 'shapes_circles' && $('data-fields').innerText.includes('noise')")
    field = "[...document.querySelectorAll(arguments[0])].find(each => each.innerText.startsWith(arguments[1]))"
    typed = f"const f = {field}.querySelector('input, select'); f.focus(); f.value = arguments[2];"
    heard = "f.dispatchEvent(new Event(f.tagName === 'SELECT' ? 'change' : 'input'))"
    browser.run(typed + heard, "#data-fields label", "noise", "0.4")
    browser.run(typed + heard, "#settings label", "learning rate", "cosine")
    focused = f"return document.activeElement === {field}.querySelector('select')"
    assert browser.run(focused, "#settings label", "learning rate")  # among fields that were made again
    browser.run(f"{field}.querySelector('input').click()", "#settings label", "early stopping")
    browser.run(typed + heard, "#settings label", "patience", "0")
    browser.wait("$('settings-told').innerText.includes('train.early_stopping.patience')")
    assert "mistake" in browser.text("verdict") and browser.run("return $('go-all').disabled")
    browser.run(typed + heard, "#settings label", "patience", "7")
    browser.wait("$('verdict').className === 'good'")
    browser.run("$('metrics').querySelector('[value=auc]').click()")
    browser.wait("state.checked.yaml.includes('auc')")
    text = browser.run("return state.checked.yaml")
    for part in ("noise: 0.4", "schedule: cosine", "early_stopping: {patience: 7}", "metrics: [accuracy, auc]"):
        assert part in text
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    # The same text with another noise, and a key that has no field.
    browser.press("edit")
    change = "const e = $('editor'); e.value = e.value.replace('noise: 0.4', 'noise: 0.2') + arguments[0];"
    browser.run(change + "$('editing').requestSubmit()", "\nsilence: oh no\nextends: other")
    browser.wait("$('edit-told').innerText.includes('extends')")
    browser.run("$('editor').value = $('editor').value.replace(/silence[^]*/, 'silence: [batch-size]')")
    browser.run("$('editor').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true}))")
    browser.wait("$('editing').hidden && state.checked.yaml.includes('silence: [batch-size]')")
    assert browser.run(f"return {field}.querySelector('input').value", "#data-fields label", "noise") == "0.2"
    assert browser.run(f"return {field}.querySelector('select').value", "#settings label", "learning rate") == "cosine"
    assert browser.text("verdict").startswith("No mistakes")
    refused = [each for each in browser.complaints() if "/workbench/read" not in each]
    assert refused == []


@needs_browser
def test_the_kind_of_layer_to_add_can_be_read_beside_both_buttons(browser: Any) -> None:
    width = "$('augment').hidden = false; return $('kinds').getBoundingClientRect().width"
    assert browser.run(width) > 100
    browser.run("showAugment()")


def test_a_finger_finds_what_it_wants(browser: Any) -> None:
    """On a phone the check and the training are a bar at the bottom, and what is pressed is large enough."""
    browser.run("scrollTo(0, 0)")
    browser.wait("!$('bar').hidden || innerWidth > 500")
    if browser.width > 500:
        assert browser.run("return getComputedStyle($('bar')).display") == "none"
        return
    assert browser.text("bar-told").startswith("No mistakes") and browser.text("bar-go") == "Train"
    small = (
        "return [...document.querySelectorAll('button, select, input:not([type=checkbox]):not([type=range])')]"
        ".filter(each => each.offsetParent && each.getBoundingClientRect().height < 40).map(each => each.outerHTML)"
    )
    assert browser.run(small) == []
    browser.press("bar-told")
    browser.wait("$('bar').hidden")


@needs_browser
def test_names_from_a_table_are_shown_as_text(browser: Any) -> None:
    own = browser.run("return state.offers.sources.find(each => each.title === 'table.csv').name")
    choose(browser, "source", own)
    browser.wait("!$('target-label').hidden && state.checked.problems.some(each => each.path === 'data.target')")
    choose(browser, "target", "side")
    browser.wait("$('data-told').innerText.includes('plain')")
    assert EVIL in browser.text("data-told")
    assert browser.run("return document.querySelectorAll('img').length") == 0
    assert browser.run("return document.title") == "nncli: workbench"
    assert browser.complaints() == []


@needs_browser
def test_further_targets_are_fields(browser: Any) -> None:
    own = browser.run("return state.offers.sources.find(each => each.title === 'table.csv').name")
    choose(browser, "source", own)
    browser.wait("!$('target-label').hidden && state.checked.problems.some(each => each.path === 'data.target')")
    choose(browser, "target", "first")
    box = "[...document.querySelectorAll('#data-fields [data-target]')].find(e => e.dataset.target === arguments[0])"
    browser.wait("document.querySelectorAll('#data-fields [data-target]').length === 2")
    browser.run(f"{box}.click()", EVIL)
    browser.wait("state.checked.yaml?.includes('target: [first') && state.checked.data.task === 'positive_regression'")
    assert browser.run("return state.draft.data.target") == ["first", EVIL]
    browser.run(f"{box}.click()", "side")  # has texts
    browser.wait("!$('problem').hidden")
    assert browser.run("return state.draft.data.target") == ["first", EVIL]
    assert not browser.run(f"return {box}.checked", "side")
    browser.run(f"{box}.click()", EVIL)
    browser.wait("state.checked.yaml?.includes('target: first')")
    refused = [each for each in browser.complaints() if "/workbench/suggest" not in each]
    assert refused == []


@needs_browser
def test_a_finished_network_is_tried_on_its_page(browser: Any) -> None:
    browser.press("try")
    browser.wait("location.pathname === '/run' && typeof choose === 'function' && state.network !== null")
    browser.wait("document.querySelectorAll('#bars .row').length === 2 && !document.getElementById('plane').hidden")
    browser.run("document.getElementById('to-workbench').click()")
    browser.wait("location.pathname === '/' && state.checked !== null && state.training.phase === 'finished'")
    assert browser.complaints() == []
