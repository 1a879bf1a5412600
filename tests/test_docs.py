"""README and docs say what is: their commands parse, their configs load, their tables match the code, links lead on."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.testing
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.main import get_command

from nncli import errors
from nncli.cli import app
from nncli.config import resolve, sections
from nncli.config.facts import Task
from nncli.config.layer_section import ACTIVATIONS, InitializerName
from nncli.config.layers import LAYERS, Regularizer
from nncli.config.objective import OPTIMIZERS, Loss, LossName, MetricName
from nncli.config.reading.document import MAX_BYTES, parse_document
from nncli.config.reading.loading import validate
from nncli.config.rules.explanations import read_explanations, read_verdicts
from nncli.config.schedules import SCHEDULES
from nncli.config.section import Section
from nncli.engine.executor import choose_threads
from nncli.evaluate.comparing.verdicts import Kind
from nncli.lessons import LESSONS
from nncli.run import files

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
COMMANDS: Mapping[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
CONFIG_PAGE = REPOSITORY / "docs" / "config.md"
PERFORMANCE_PAGE = REPOSITORY / "docs" / "performance.md"
RUNS_PAGE = REPOSITORY / "docs" / "runs.md"
DATA_PAGE = REPOSITORY / "docs" / "data.md"
HEALTH_PAGE = REPOSITORY / "docs" / "health.md"
# What is measured of a layer.
MEASURES = ("gradient", "update", "spread", "dead", "saturated", "variation")

# What a default says that comes from a function or from elsewhere.
SPOKEN_DEFAULTS: dict[tuple[type[Section], str], str] = {
    (sections.Config, "name"): "the file's name",
    (sections.Config, "optimizer"): "`adam`",
    (sections.Config, "train"): "all defaults",
    (sections.Data, "columns"): "none",
    (sections.Data, "values"): "none",
    (sections.Data, "numbers"): "–",
    (sections.Data, "thousands"): "none",
}
SECTIONS: dict[str, type[Section]] = {
    "config": sections.Config,
    "data": sections.Data,
    "model": sections.Model,
    "regularizer": Regularizer,
    "loss": Loss,
    "optimizer": OPTIMIZERS["adam"].__base__,  # type: ignore[dict-item]
    "train": sections.Train,
    "numbers": sections.Numbers,
    "early_stopping": sections.EarlyStopping,
    "reduce_lr_on_plateau": sections.ReduceLearningRate,
    "image": sections.PixelImage,
    "split": sections.SplitRule,
    "fold": sections.Fold,
}


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    start, language, lines = 0, "", list[str]()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if not line.startswith("```"):
            lines.append(line)
        elif start:
            yield Block(page.name, start, language, "\n".join(lines) + "\n")
            start = 0
        else:
            start, language, lines = number, line.removeprefix("```"), []


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def prose_of(page: Path) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def table_after(page: Path, mark: str) -> list[list[str]]:
    """The cells of the first table after the comment `<!-- mark -->`, without its header."""
    _, found, rest = page.read_text().partition(f"<!-- {mark} -->\n")
    assert found, f"{page.name} has no table marked {mark!r}"
    lines = re.match(r"(?:\|.*\n)+", rest)
    assert lines, f"no table follows {mark!r} in {page.name}"
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[0].splitlines()[2:]]
    return [[cell.strip() for cell in row] for row in rows]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def shell_lines() -> Iterator[tuple[str, str]]:
    """Every line of a block that calls nncli, with its place."""
    for block in BLOCKS:
        for line in block.text.splitlines():
            command = line.removeprefix("$ ") if block.language == "console" else line
            if block.language in ("sh", "console") and command.startswith("nncli "):
                yield str(block), command


def test_all_pages_are_read() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "config.md", "data.md", "runs.md", "performance.md"} <= names
    assert len(list(shell_lines())) >= 8
    assert {"yaml", "yaml fragment", "yaml wrong", "console", "sh", "python"} <= {block.language for block in BLOCKS}


@pytest.mark.parametrize(("place", "line"), list(shell_lines()))
def test_a_shell_line_is_a_command_that_exists_with_options_that_exist(place: str, line: str) -> None:
    words = shlex.split(re.split(r" [|>&]", line)[0])[1:]
    assert words[0] in COMMANDS, f"{place}: no command {words[0]}"
    COMMANDS[words[0]].make_context(words[0], words[1:])  # raises for an unknown option or a missing argument


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_in_the_text_exist(page: Path) -> None:
    commands = [
        inner for command in COMMANDS.values() for inner in (command, *getattr(command, "commands", {}).values())
    ]
    options = {name for command in commands for option in command.params for name in option.opts}
    options |= {"--help", "--version"}
    for span in re.findall(r"`([^`\n]+)`", prose_of(page)):
        words = span.split()
        if words[0] == "nncli" and len(words) > 1 and words[1].islower() and not words[1].startswith("-"):
            assert words[1] in COMMANDS, f"{page.name}: `{span}`"
        if words[0].startswith("--") and page.name not in ("performance.md", "CONTRIBUTING.md"):
            assert words[0] in options, f"{page.name}: `{span}`"


def test_the_command_table_of_the_readme_is_that_of_the_help() -> None:
    table = re.findall(r"^\| `nncli (\w+)[^`]*` \| (.+) \|$", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    assert table == [(name, command.help.split("\n\n")[0]) for name, command in COMMANDS.items()]


def test_the_exit_codes_of_the_readme_are_those_of_the_errors() -> None:
    codes = {
        error.exit_code for error in vars(errors).values() if isinstance(error, type) and hasattr(error, "exit_code")
    }
    told = re.findall(r"^\| (\d+(?:, \d+)*) \| .+ \|$", (REPOSITORY / "README.md").read_text(), re.MULTILINE)
    assert {int(code) for cell in told for code in cell.split(",")} == codes | {0, 130, 143}


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml"], ids=str)
def test_a_yaml_block_is_a_whole_config(block: Block) -> None:
    validate(parse_document(block.text, f"{block.page}.yaml"))


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "yaml fragment"], ids=str)
def test_a_fragment_has_only_keys_of_a_config(block: Block) -> None:
    assert set(parse_document(block.text, block.page).values) <= {*sections.Config.model_fields, "extends"}


@pytest.mark.parametrize("index", [i for i, block in enumerate(BLOCKS) if block.language == "yaml wrong"])
def test_a_wrong_config_is_refused_with_the_message_that_is_shown(
    index: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.yaml").write_text(BLOCKS[index].text)
    outcome = typer.testing.CliRunner().invoke(app, ["check", "wrong.yaml"])
    assert (outcome.exit_code, outcome.stderr) == (2, BLOCKS[index + 1].text)


def test_the_config_that_the_readme_explains_is_checked_with_the_output_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    blocks = list(blocks_of(REPOSITORY / "README.md"))
    Path("ten.yaml").write_text(next(block.text for block in blocks if block.language == "yaml"))
    shown = next(block.text for block in blocks if block.text.startswith("$ nncli check ten.yaml"))
    outcome = typer.testing.CliRunner().invoke(app, ["check", "ten.yaml"])
    assert [line.rstrip() for line in outcome.stdout.splitlines()] == [line.rstrip() for line in shown.splitlines()[1:]]


def commands_of(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, with the runs of lines that are shown of its output."""
    for text in block.text.removeprefix("$ ").split("\n$ "):
        command, _, shown = text.partition("\n")
        yield command, [part for part in re.split(r"^\.\.\.(?:\n|\Z)", shown, flags=re.MULTILINE) if part]


EXPLAINED = [
    (str(block), *each)
    for block in BLOCKS
    if block.page == "lessons.md" and block.language == "console"
    for each in commands_of(block)
    if each[0].startswith("nncli explain")
]


@pytest.mark.parametrize(("place", "command", "shown"), EXPLAINED)
def test_a_lesson_prints_what_the_page_shows(
    place: str, command: str, shown: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of(REPOSITORY / "docs" / "lessons.md")
    Path("tiny.yaml").write_text(next(block.text for block in blocks if block.language == "yaml"))
    outcome = typer.testing.CliRunner().invoke(app, shlex.split(command)[1:], env={"COLUMNS": "80"})
    assert outcome.exit_code == (2 if any("error: " in part for part in shown) else 0), place
    rest = "".join(f"{line.rstrip()}\n" for line in outcome.output.splitlines())
    for part in shown:
        assert part in rest, place
        rest = rest.partition(part)[2]


def test_the_page_about_lessons_lists_all_of_them() -> None:
    assert sum(len(shown) for *_, shown in EXPLAINED) >= 6
    rows = table_after(REPOSITORY / "docs" / "lessons.md", "lessons")
    assert [(names_in(row[0])[0], row[1]) for row in rows] == [(name, entry.title) for name, entry in LESSONS.items()]


def default_text(field: FieldInfo) -> str:
    """The default of a key as the tables write it."""
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "–"
    if isinstance(value, tuple) and not value:
        return "none"
    if isinstance(value, tuple) and isinstance(value[0], str):
        return ", ".join(f"`{text}`" if text else '``""``' for text in value)
    if isinstance(value, tuple):
        return f"`{list(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def fields_of(section: type[Section]) -> dict[str, str]:
    """Every key of a section with its default, without the key that names what it is."""
    fields = section.model_fields.items()
    return {
        name: SPOKEN_DEFAULTS.get((section, name)) or default_text(field) for name, field in fields if name != "kind"
    }


@pytest.mark.parametrize("name", SECTIONS)
def test_every_key_of_a_section_is_documented_with_its_default(name: str) -> None:
    rows = table_after(CONFIG_PAGE, f"keys: {name}")
    assert {names_in(row[0])[0]: row[2] for row in rows} == fields_of(SECTIONS[name])
    assert all(len(row) == 4 and row[1] and row[3] for row in rows)


def documented_kinds(mark: str) -> dict[str, dict[str, str]]:
    """For each layer or optimizer of a table, its keys with their defaults."""
    kinds: dict[str, dict[str, str]] = {}
    for row in table_after(CONFIG_PAGE, mark):
        for kind in names_in(row[0]):
            kinds.setdefault(kind, {}).update({key: row[3] for key in names_in(row[1])})
    return kinds


def test_every_layer_is_documented_with_its_keys() -> None:
    assert documented_kinds("layers") == {kind: fields_of(layer) for kind, layer in LAYERS.items()}


def test_every_optimizer_is_documented_with_its_keys() -> None:
    shared = {"name", *SECTIONS["optimizer"].model_fields}
    assert documented_kinds("optimizers") == {
        kind: {key: default for key, default in fields_of(optimizer).items() if key not in shared}
        for kind, optimizer in OPTIMIZERS.items()
    }


def test_every_schedule_is_documented_with_its_keys() -> None:
    assert documented_kinds("schedules") == {
        kind: {key: default for key, default in fields_of(schedule).items() if key != "schedule"}
        for kind, schedule in SCHEDULES.items()
    }


def test_every_name_that_a_value_can_be_is_documented() -> None:
    text = CONFIG_PAGE.read_text()
    choices = [*get_args(LossName), *get_args(MetricName), *get_args(InitializerName), *ACTIVATIONS, *sections.SOURCES]
    choices += [task.value for task in Task]
    for section, key in ((sections.Train, "executor"), (sections.Train, "keep")):
        choices += get_args(section.model_fields[key].annotation)
    assert [name for name in choices if f"`{name}`" not in text] == []
    assert f"{MAX_BYTES:,} bytes" in text


def test_every_source_has_a_row_in_the_data_page() -> None:
    table = [names_in(row[0])[0] for row in table_after(DATA_PAGE, "sources")]
    assert sorted(table) == sorted([*sections.SOURCES, "tfds:<name>"])


def test_the_texts_that_mean_missing_are_listed_in_the_data_page() -> None:
    assert default_text(sections.Data.model_fields["missing"]) in DATA_PAGE.read_text()


def test_the_table_of_pairings_is_what_is_chosen() -> None:
    rows = table_after(CONFIG_PAGE, "pairings")
    assert {names_in(row[0])[0]: (names_in(row[2])[0], names_in(row[3])[0]) for row in rows} == {
        task.value: (resolve.ACTIVATIONS[task], resolve.LOSSES[task]) for task in Task
    }


def test_every_verdict_is_documented() -> None:
    assert [names_in(row[0])[0] for row in table_after(HEALTH_PAGE, "verdicts")] == list(read_verdicts())


def test_every_rule_is_documented() -> None:
    told = [(names_in(row[0])[0], row[1]) for row in table_after(CONFIG_PAGE, "rules")]
    assert told == [(entry.id, entry.severity) for entry in read_explanations().values()]


def test_the_table_of_threads_is_what_is_chosen() -> None:
    rows = table_after(PERFORMANCE_PAGE, "threads")
    assert len(rows) == 5
    for names, arithmetic, told in rows:
        first = 0 if arithmetic.startswith("less than") else int(arithmetic.split()[0]) * 1_000_000
        threads = 8 if told == "all cores" else int(told)
        for executor in names_in(names):
            assert choose_threads(executor, first, 1, cores=8) == threads
            assert first == 0 or choose_threads(executor, first - 1, 1, cores=8) < threads


def test_every_file_of_a_run_is_documented() -> None:
    names = {value for key, value in vars(files).items() if key.isupper() and not key.startswith("_")}
    told = {names_in(row[0])[0].rstrip("/") for row in table_after(RUNS_PAGE, "files")}
    assert told == names


def keys_in(mark: str) -> set[str]:
    return {name for row in table_after(RUNS_PAGE, f"keys: {mark}") for name in names_in(row[0])}


# What the README has a newcomer paste, in its order; MNIST only where it is at hand. Trained shorter.
SESSION = (
    "nncli train",
    "nncli eval",
    "nncli init --samples samples",
    "nncli predict samples/seven.png --top 3",
    "nncli compare",
    "nncli init samples/flowers.csv --target species",
    "nncli train flowers.yaml",
)
MNIST_SESSION = ("nncli train mnist_softmax",)
SHORTER = {
    "nncli compare": ("--epochs", "8", "--seeds", "2", "--jobs", "1"),
    "nncli train flowers.yaml": ("--epochs", "2"),
    "nncli train mnist_softmax": ("--epochs", "1"),
}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with `runs/`, and what the first commands of the README say there."""
    folder = tmp_path_factory.mktemp("session")
    said = {}
    prepared = Path(os.environ.get("NNCLI_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "tfds"
    has_mnist = (prepared / "mnist").is_dir()
    environment = {"NNCLI_DATA_DIR": str(prepared)} if has_mnist else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("NNCLI_RUNS_DIR", raising=False)
        for line in (*SESSION, *(MNIST_SESSION if has_mnist else ())):
            outcome = typer.testing.CliRunner().invoke(
                app, [*line.split()[1:], *SHORTER.get(line, ())], env={"COLUMNS": "200", **environment}
            )
            assert outcome.exit_code == 0, f"{line}: {outcome.stderr}"
            said[line] = outcome.output
    return folder, said


def test_the_index_lists_every_page_once() -> None:
    index = REPOSITORY / "docs" / "index.md"
    listed = [row[0] for part in index.read_text().split("\n## ")[1:] for row in rows_of(part)]
    told = [re.findall(r"\]\(([a-z]+\.md)\)", cell)[0] for cell in listed]
    assert sorted(told) == sorted(page.name for page in index.parent.glob("*.md") if page != index)


def rows_of(text: str) -> list[list[str]]:
    """The cells of the table of a part of a page, without its header."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| [")]


def test_every_command_of_the_session_is_in_the_readme() -> None:
    shown = {
        line.removeprefix("$ ") for block in BLOCKS if block.page == "README.md" for line in block.text.split("\n")
    }
    assert {*SESSION, *MNIST_SESSION} <= shown


@pytest.fixture
def documented_run(session: tuple[Path, dict[str, str]]) -> Path:
    """The folder of a run on digits, evaluated."""
    [run] = (session[0] / "runs").glob("*-digits_softmax/summary.json")
    return run.parent


def shape_of(line: str) -> str:
    """A line of output without its numbers, bars and widths."""
    line = re.sub(r"\S*(runs/)\S*?(-[a-z].*)?$", r"\1\2", line)
    return " ".join(re.sub(r"[▁▂▃▄▅▆▇█]+", "~", re.sub(r"\d[\d.,]*(e-\d+)?", "#", line)).split())


@pytest.mark.parametrize("command", ["nncli train", "nncli eval", "nncli compare"])
def test_the_output_shown_in_the_readme_has_the_form_of_the_real_one(
    command: str, session: tuple[Path, dict[str, str]]
) -> None:
    shown = [block.text for block in BLOCKS if block.page == "README.md" and block.text.startswith(f"$ {command}\n")]
    lines = [line for text in shown for line in text.splitlines()[1:] if line != "..."]
    # How clear a difference is depends on how long was trained.
    lines = lines[:4] if command == "nncli compare" else lines
    real = {shape_of(line) for line in session[1][command].splitlines()}
    assert len(lines) >= 4
    assert [line for line in lines if shape_of(line) not in real] == []


def test_the_files_and_keys_of_a_run_are_those_documented(documented_run: Path) -> None:
    for name in ("run.json", "summary.json", "evaluation/metrics.json"):
        assert set(json.loads((documented_run / name).read_text())) == keys_in(name), name
    line = json.loads((documented_run / "metrics.jsonl").read_text().splitlines()[0])
    assert set(line) == keys_in("metrics.jsonl")
    first, *_, last = map(json.loads, (documented_run / "health.jsonl").read_text().splitlines())
    assert set(first) == keys_in("health.jsonl")
    assert {name for layer in last["layers"] for name in layer} <= {"layer", *MEASURES}
    made = {path.name for path in documented_run.iterdir()}
    unfinished = {
        files.COMPARISON,
        files.CELLS,
        files.FOLDS,
        files.OUT_OF_FOLD,
        files.LOCK,
        files.TENSORBOARD,
    }  # the lock is that of a process
    assert made == {names_in(row[0])[0].rstrip("/") for row in table_after(RUNS_PAGE, "files")} - unfinished


def test_the_keys_of_a_comparison_are_those_documented(session: tuple[Path, dict[str, str]]) -> None:
    [file] = (session[0] / "runs").glob("*/comparison.json")
    result = json.loads(file.read_text())
    assert set(result) == keys_in("comparison.json")
    told = {row[0]: set(names_in(row[1])) for row in table_after(RUNS_PAGE, "keys: comparison.json")}
    assert told["`variants`"] == set(result["variants"][0])
    assert told["`verdicts`"] - set(get_args(Kind)) == set(result["verdicts"][0])


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=str)
def test_a_python_block_runs_beside_a_run(
    block: Block, documented_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(documented_run.parent.parent)
    exec(compile(block.text, str(block), "exec"), {})
    assert re.fullmatch(r"\[\d \d \d\]\n", capsys.readouterr().out)


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_named_files_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose_of(page)):
        name, _, anchor = target.partition("#")
        if "://" in name:
            continue
        file = page.parent / name if name else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors_of(file), f"{page.name}: {target}"
    named = re.findall(r"(?<![\w/.])(?:docs|configs|benchmarks|tests|nncli|\.ci)/[\w./]*\w", page.read_text())
    assert [name for name in named if not (REPOSITORY / name).exists() and not (page.parent / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    assert re.findall(r"(?<!\w)/(?:home|root|work|tmp|Users|opt)/", page.read_text()) == []


def test_the_readmes_first_commands_are_one_line_each() -> None:
    text = (REPOSITORY / "README.md").read_text()
    for name, ending in (("train", "nncli train"), ("test", "-m pytest")):
        found = re.search(rf"^<!-- command: {name} -->\n```sh\n(.+)\n```$", text, re.MULTILINE)
        assert found and found[1].startswith("python3 -m venv .venv && ") and found[1].endswith(ending)
