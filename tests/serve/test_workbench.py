"""The workbench before it trains: drafts checked, data sets on offer, what a request must not be able to do."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_names
from nncli.pipeline.folders import Folders
from nncli.pipeline.serving.workbench.watching import read_frames

DRAFT: dict[str, Any] = {
    "name": "small",
    "data": {"source": "digits"},
    "model": {"layers": [{"dense": {"units": 12}}, {"output": {}}]},
    "optimizer": {"name": "adam", "learning_rate": 0.01},
    "train": {"epochs": 6},
}
Bench = Any  # see conftest.py


def nncli(*arguments: object) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that the server is started in, with a table and an archive."""
    here = tmp_path_factory.mktemp("home")
    generator = np.random.default_rng(4)
    rows = [f"{a:.3f},{b:.3f},{'yes' if a > b else 'no'}" for a, b in generator.random((120, 2))]
    (here / "table.csv").write_text("\n".join(["first,second,larger", *rows]) + "\n")
    (here / ".secret.csv").write_text("a,b\n1,2\n")
    np.savez(here / "arrays.npz", x_train=generator.random((50, 3)), y_train=np.arange(50) % 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        yield here


@pytest.fixture(scope="module")
def bench(home: Path, open_bench: Callable[..., Bench]) -> Bench:
    return open_bench(Folders(home / "runs"))


@pytest.fixture(scope="module")
def idle(home: Path, open_bench: Callable[..., Bench]) -> Bench:
    """A workbench that must leave nothing."""
    return open_bench(Folders(home / "no_runs"))


def told_by_check(text: str, home: Path) -> list[str]:
    """What `nncli check` says of a config, without places in the file."""
    (home / "written.yaml").write_text(text)
    outcome = nncli("check", home / "written.yaml")
    lines = outcome.stderr.splitlines()
    return [line.partition("  ")[2] or line for line in lines if line.startswith(("error: ", "warning: "))]


WRONG = [
    {"model": {"layers": [{"dense": {"units": 8}}, {"dense": {"units": 10, "activation": "sigmoid"}}]}},
    {"model": {"layers": [{"dense": {"units": 5, "activation": "softmax"}}]}, "loss": {"name": "huber"}},
    {"model": {"layers": [{"conv2d": {"filters": 0}}, {"dense": {"unit": 10}}]}},
    {"model": {"layers": []}},
    {"model": {"layers": [{"dense": {"units": 9}}, {"conv2d": {"filters": 3}}, {"output": {}}]}},
    {"model": {"layers": [{"nonsense": {}}, {"output": {}}]}, "train": {"epochs": "many"}},
    {"optimizer": {"name": "adam", "learning_rate": 5.0}},
    {"name": "../../outside"},
    {"data": {"source": "digits", "validation": 1.5, "task": "guess", "duplicates": "hide"}},
    {"data": {"source": "iris", "split": {"by": "group"}, "test": -1}},
    {"optimizer": {"name": "adam", "learning_rate": {"schedule": "exponential", "decay_rate": 3}}},
    {"metrics": ["acuracy"], "train": {"early_stopping": {"patience": 0}, "class_weight": "equal"}},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_the_page_is_told_what_check_tells(bench: Bench, home: Path, wrong: dict[str, Any]) -> None:
    told = bench.ask("check", draft={**DRAFT, **wrong})
    lines = []
    for each in (*told["problems"], *told["warnings"]):
        place = f"{each['path']}: " if each["path"] else ""
        lines.append(place + each["text"] + (f" [{each['rule']}]" if each["rule"] else ""))
    assert lines == told_by_check(told["yaml"], home) and lines


def test_a_certain_fix_is_that_of_check_fix(bench: Bench, home: Path) -> None:
    layers = [{"dense": {"units": 12}}, {"dense": {"units": 7, "activation": "softmax"}}]
    draft = {**DRAFT, "model": {"layers": layers}, "loss": {"name": "sparse_categorical_crossentropy"}}
    told = bench.ask("check", draft=draft)
    (home / "written.yaml").write_text(told["yaml"])
    assert nncli("check", home / "written.yaml", "--fix").exit_code == 0
    mended = bench.ask("check", draft={**draft, **told["fix"]["sections"]})
    assert mended["problems"] == [] and mended["yaml"] == (home / "written.yaml").read_text()
    assert [len(change) for change in told["fix"]["changes"]] == [2]


def test_every_shipped_config_is_offered_as_it_is(bench: Bench) -> None:
    assert {each["name"] for each in bench.offers["drafts"]} == set(shipped_names())
    for each in bench.offers["drafts"]:
        if "mnist" not in each["name"]:
            told = bench.ask("check", draft=each["draft"])
            assert told["problems"] == [] and told["script"].startswith('"""'), each["name"]


def test_each_layer_begins_with_options_that_are_valid(bench: Bench) -> None:
    for layer in bench.offers["layers"]:
        layers = [{layer["kind"]: layer["start"]}, {"output": {}}]
        told = bench.ask("check", draft={**DRAFT, "model": {"layers": layers}})
        wrong = [each["text"] for each in told["problems"] if each["rule"] is None]
        assert wrong == [], layer["kind"]


def test_own_files_are_on_the_list_and_hidden_ones_are_not(bench: Bench) -> None:
    own = {each["title"]: each for each in bench.offers["sources"] if each["isOwn"]}
    assert set(own) == {"arrays.npz", "table.csv"}
    name = own["table.csv"]["name"]
    assert own["table.csv"]["needsTarget"] and not own["arrays.npz"]["needsTarget"]
    columns = bench.get(f"columns?source={name}")
    assert columns["columns"] == ["first", "second", "larger"] and "larger" in columns["likely"]
    draft = {**DRAFT, "data": {"source": name, "target": []}}
    assert [each["path"] for each in bench.ask("check", draft=draft)["problems"]] == ["data.target"]
    draft["data"]["target"] = ["larger"]
    draft.update(bench.ask("suggest", draft=draft)["sections"])
    told = bench.ask("check", draft=draft)
    assert told["problems"] == [] and told["data"]["task"] == "binary" and len(told["data"]["preview"]["points"]) > 50
    assert "path: table.csv" in told["yaml"]
    draft["data"] = {"source": own["arrays.npz"]["name"]}
    assert bench.ask("check", draft=draft)["data"]["source"] == "npz"


def test_options_of_the_data_are_those_of_a_config(bench: Bench, home: Path) -> None:
    own = next(each["name"] for each in bench.offers["sources"] if each["title"] == "table.csv")
    data = {"source": own, "target": ["larger"], "test": 0.25, "validation": 0.2, "drop": ["first"], "task": "binary"}
    told = bench.ask("check", draft={**DRAFT, "data": data})
    assert told["problems"] == [] and told["data"]["columns"] == ["second"]
    assert told["options"]["drop"] == ["first"] and told["options"]["test"] == 0.25
    (home / "written.yaml").write_text(told["yaml"])
    outcome = nncli("check", home / "written.yaml", "--json")
    assert outcome.exit_code == 0 and json.loads(outcome.stdout)["rows"] == told["data"]["rows"]
    assert told["data"]["rows"]["test"] == 30 and told["data"]["rows"]["validation"] == 18
    emptied = bench.ask("check", draft={**DRAFT, "data": {**data, "drop": [], "test": None}})
    assert "drop" not in emptied["yaml"] and "test:" not in emptied["yaml"]


def test_a_config_that_is_typed_becomes_the_draft_that_makes_it(bench: Bench) -> None:
    for each in bench.offers["drafts"]:
        if "mnist" in each["name"]:
            continue
        text = bench.ask("check", draft=each["draft"])["yaml"]
        draft = bench.ask("read", text=text)["draft"]
        assert bench.ask("check", draft=draft)["yaml"] == text
        assert draft["data"]["source"] == each["draft"]["data"]["source"]


def test_what_has_no_field_is_typed_and_what_is_left_out_is_gone(bench: Bench, home: Path) -> None:
    text = (
        "name: typed\ndata: {source: csv, path: table.csv, target: larger, columns: {first: category}}\n"
        "model: {layers: [{dense: {units: 3, kernel_regularizer: {l2: 0.01}}}, output]}\ntrain: {threads: 1}\n"
    )
    draft = bench.ask("read", text=text)["draft"]
    told = bench.ask("check", draft=draft)
    (home / "written.yaml").write_text(text)
    asked, typed = (load_config(str(home / "written.yaml"), text=each).config for each in (told["yaml"], text))
    assert asked == typed and told["problems"] == []
    broken = bench.ask("read", 400, text="name: x\n  data: [")
    assert "YAML:2" in broken["error"]


def test_frames_that_were_cut_off_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "live.jsonl"
    assert read_frames(path, "", 0) == {"id": None, "lines": [], "next": 0}
    path.write_text('{"id": "a"}\n{}\n{"film": "w{"film": "x"}\n{"epoch": 2}\n{"epo')
    told = read_frames(path, "", 0)
    assert told["lines"] == [{}, {"epoch": 2}] and told["next"] == path.read_text().rindex('{"epo')
    assert read_frames(path, "a", told["next"])["lines"] == []


def test_data_named_on_the_command_line_is_on_the_list(
    home: Path, tmp_path: Path, open_bench: Callable[..., Bench]
) -> None:
    (tmp_path / "elsewhere.csv").write_text((home / "table.csv").read_text())
    bench = open_bench(Folders(home / "runs"), tmp_path / "elsewhere.csv")
    titles = [each["title"] for each in bench.offers["sources"] if each["isOwn"]]
    assert sum(title.endswith("elsewhere.csv") for title in titles) == 1
    outcome = nncli("serve", "--data", tmp_path / "gone.csv", "--runs-dir", home / "runs", "--port", 0)
    assert outcome.exit_code == 2 and "gone.csv" in outcome.stderr
    outcome = nncli("serve", "some_run", "--data", tmp_path / "elsewhere.csv", "--port", 0)
    assert outcome.exit_code == 2 and "--data is for the workbench" in outcome.stderr
    outcome = nncli("serve", "--watch", "--runs-dir", home / "runs", "--port", 0)
    assert outcome.exit_code == 2 and "nncli serve latest --watch" in outcome.stderr


def test_a_folder_of_runs_that_cannot_be_written_is_told(home: Path, open_bench: Callable[..., Bench]) -> None:
    (home / "a_file").write_text("")
    told = open_bench(Folders(home / "a_file")).ask("start", 400, draft=DRAFT)
    assert "--runs-dir" in told["fix"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("check", {"draft": {**DRAFT, "data": {"source": "/etc/passwd"}}}, 404),
        ("check", {"draft": {**DRAFT, "data": {"source": "own-000000000000"}}}, 404),
        ("check", {"draft": {**DRAFT, "data": {"source": "../table.csv"}}}, 404),
        ("suggest", {"draft": {**DRAFT, "data": {"source": "a\0b"}}}, 404),
        ("arrays", {"draft": {**DRAFT, "data": {"source": "../../etc/passwd"}}}, 404),
        ("start", {"draft": {**DRAFT, "data": {"source": "\ud800"}}}, 404),
        ("check", {"draft": {**DRAFT, "data": {"source": "digits", "path": "/etc/passwd"}}}, 400),
        ("check", {"draft": {**DRAFT, "data": {"source": "digits", "test": "/etc/passwd"}}}, 400),
        ("check", {"draft": {**DRAFT, "data": {"source": "digits", "labels": "/etc/passwd"}}}, 400),
        ("check", {"draft": {**DRAFT, "data": "digits"}}, 400),
        ("read", {"text": "data: {source: csv, path: /etc/passwd, target: a}\nmodel: {layers: [output]}"}, 400),
        ("read", {"text": 'data: {source: csv, path: "a\\0b", target: a}\nmodel: {layers: [output]}'}, 400),
        ("read", {"text": "data: {source: csv, path: ../home/other.csv, target: a}\nmodel: {layers: [output]}"}, 400),
        ("read", {"text": "data: {source: digits, test: /etc/passwd}\nmodel: {layers: [output]}"}, 400),
        ("read", {"text": "data: {source: digits, labels: /etc/passwd}\nmodel: {layers: [output]}"}, 400),
        ("read", {"text": "data: {source: 'tfds:other'}\nmodel: {layers: [output]}"}, 400),
        ("read", {"text": "extends: /etc/passwd"}, 400),
        ("read", {"text": "data: {source: digits}\nmodel: {layers: [output]}\ntrain: {tracking: [mlflow]}"}, 400),
        ("read", {"text": "data: {source: digits}\nmodel: {layers: [dense: 5]}"}, 400),
        ("read", {"text": "data: {source: digits}\nmodel: {layers: [{}]}"}, 400),
        ("read", {"text": "data: {source: digits}\nmodel: [dense]"}, 400),
        ("read", {"text": "data: digits\nmodel: {layers: [output]}"}, 400),
        ("read", {"text": "model: {layers: [output]}"}, 400),
        ("read", {"text": "a: &a [*a]"}, 400),
        ("read", {"text": "name: {"}, 400),
        ("read", {"text": 7}, 400),
        ("read", {}, 400),
        ("check", {"draft": {**DRAFT, "extends": "/etc/passwd"}}, 400),
        ("check", {"draft": {**DRAFT, "name": 7}}, 400),
        ("check", {"draft": {**DRAFT, "name": "\ud800"}}, 400),
        ("check", {"draft": [DRAFT]}, 400),
        ("check", {}, 400),
        ("start", {"draft": {**DRAFT, "name": "../outside"}}, 400),
        ("start", {"draft": {**DRAFT, "model": {"layers": []}}}, 400),
        ("start", {"draft": {**DRAFT, "train": {"tracking": ["mlflow"], "tracking_uri": "/etc/mlflow"}}}, 400),
        ("start", {"draft": DRAFT, "epochs": -1}, 400),
        ("start", {"draft": DRAFT, "epochs": "all"}, 400),
        ("start", {"draft": DRAFT, "epochs": True}, 400),
        ("resume", {"run": "../runs"}, 404),
        ("resume", {"run": "latest"}, 404),
        ("resume", {"run": None}, 400),
        ("open", {"run": "/etc"}, 404),
        ("open", {"run": "a\0b"}, 404),
        ("allow", {"epochs": 1}, 409),
        ("stop", {}, 409),
    ],
)
def test_bad_input_gets_one_clear_error(home: Path, idle: Bench, path: str, body: Any, status: int) -> None:
    content = json.dumps(body)
    answer = idle.client.post(f"/workbench/{path}", content=content, headers=idle.headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] and "Traceback" not in answer.text
    assert not (home / "no_runs").exists()


def test_a_draft_that_is_too_deep_or_no_json_is_refused(bench: Bench) -> None:
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    assert "deeper" in bench.ask("check", 400, draft={**DRAFT, "model": deep})["error"]
    for content in (b"{", b"[]", b"NaN", b'{"draft": {"seed": NaN}}', b""):
        answer = bench.client.post("/workbench/check", content=content, headers=bench.headers)
        assert answer.status_code == 400, content


def test_what_is_typed_stays_a_value_of_the_config(bench: Bench) -> None:
    """A text with YAML in it does not become keys of its own."""
    evil = "relu}\nextends: /etc/passwd\ndata: {source: csv"
    draft = {**DRAFT, "model": {"hidden_activation": evil, "layers": [{"dense": {"units": "[3]"}}, {"output": {}}]}}
    told = bench.ask("check", draft=draft)
    assert {each["path"] for each in told["problems"]} == {"model.hidden_activation", "model.layers[0].dense.units"}


@pytest.mark.parametrize("path", ["check", "read", "suggest", "arrays", "start", "resume", "allow", "stop", "open"])
def test_nothing_is_changed_without_the_key_or_from_another_site(bench: Bench, path: str) -> None:
    post: Callable[..., Any] = bench.client.post
    for headers in ({}, {"X-Workbench-Key": "guessed"}, {"X-Workbench-Key": b"gu\xdfed"}):
        assert post(f"/workbench/{path}", json={"draft": DRAFT}, headers=headers).status_code == 403
    evil = {**bench.headers, "Origin": "https://evil.example"}
    assert post(f"/workbench/{path}", json={"draft": DRAFT}, headers=evil).status_code == 403
    assert bench.client.get("/workbench/offers", headers={"Host": "evil.example"}).status_code == 421


def test_the_pages_run_nothing_but_their_own_script(bench: Bench) -> None:
    for path in ("/", "/run"):
        answer = bench.client.get(path)
        assert answer.status_code == 200 and "script-src 'sha256-" in answer.headers["content-security-policy"]
        assert not re.search(r"""(src|href)=["']?(https?:|//)|@import|url\(""", answer.text)
    assert bench.client.post("/predict", content=b"[1]").status_code == 404  # nothing is trained yet


@pytest.mark.parametrize("what", ["gone", "link", "link to a folder above"])
def test_data_that_is_gone_or_a_link_since_the_start_is_refused(
    tmp_path: Path, what: str, open_bench: Callable[..., Bench], home: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    shutil.copy(home / "table.csv", here)
    bench = open_bench(Folders(tmp_path / "runs"), here / "table.csv")
    [own] = [each for each in bench.offers["sources"] if each["title"].endswith("here/table.csv")]
    draft = {**DRAFT, "data": {"source": own["name"], "target": ["larger"]}}
    assert bench.ask("check", draft=draft)["data"]
    if what == "link to a folder above":
        here.rename(tmp_path / "there")
        here.symlink_to(tmp_path / "there")
    else:
        (here / "table.csv").unlink()
        if what == "link":
            (here / "table.csv").symlink_to(home / "table.csv")
    for path in ("check", "suggest", "arrays", "start"):
        assert "which is gone, or a link" in bench.ask(path, 410, draft=draft)["error"]
    assert bench.client.get(f"/workbench/columns?source={own['name']}").status_code == 410
