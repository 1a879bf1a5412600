"""The rooms: who may import whom, where the heavy packages live, how large a module may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "nncli"
MODULES = sorted(PACKAGE.rglob("*.py"))

# room -> rooms of nncli it may import (its own is always allowed)
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "console": {"errors"},
    "config": {"errors"},
    "data": {"config", "errors"},
    "model": {"config", "errors"},
    "engine": {"errors"},
    "run": {"errors"},
    "runtime": {"errors", "run", "data"},
    "evaluate": {"run", "errors"},
    "serve": {"runtime", "run", "data", "config", "errors"},
    "lessons": {"config", "data", "model", "evaluate", "errors"},
    "report": set(),
    "tracking": {"run", "errors"},
    "cluster": {"errors"},
    "pipeline": {
        "errors", "console", "config", "data", "model", "engine", "run", "runtime", "evaluate", "lessons", "report",
        "serve", "tracking", "cluster",
    },
    "cli": {"pipeline", "console", "errors"},
    "__init__": set(),
    "__main__": {"cli"},
}  # fmt: skip

# heavy package -> the places (rooms or modules) that may import it at all
HOMES: dict[str, set[str]] = {
    "rich": {"console"},
    "typer": {"cli"},
    "pydantic": {"config", "pipeline"},
    "pydantic_core": {"config"},
    "yaml": {"config", "pipeline"},
    "numpy": {"data", "model", "engine", "runtime", "evaluate", "lessons", "serve", "tracking", "pipeline"},
    "PIL": {"data", "evaluate"},
    "pyarrow": {"data"},
    "openpyxl": {"data"},
    "tensorflow_datasets": {"data"},
    "sklearn": {"data", "evaluate"},
    "keras": {"model", "engine"},
    "tensorflow": {"engine"},
    "tf2onnx": {"engine"},
    "onnx": {"engine"},
    "onnxruntime": {"engine"},
    "ai_edge_litert": {"runtime"},
    "fastapi": {"serve"},
    "starlette": {"serve"},
    "uvicorn": {"serve"},
    "python_multipart": {"serve"},
    "matplotlib": {"evaluate"},
    "scipy": {"evaluate"},
    "jinja2": {"report"},
    "tensorboard": {"tracking"},
    "mlflow": {"tracking"},
    "ray": {"cluster"},
}
# heavy package -> may only be imported inside functions
LATE = {
    "tensorflow_datasets",
    "openpyxl",
    "sklearn",
    "matplotlib",
    "scipy",
    "ai_edge_litert",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "fastapi",
    "starlette",
    "uvicorn",
    "python_multipart",
    "jinja2",
    "tensorboard",
    "mlflow",
    "ray",
}
# (room, room or package) that is imported inside functions only
LATE_BETWEEN = {("cli", "pipeline"), ("pipeline", "model"), ("pipeline", "engine")}

# (room, its sub-room) -> the sub-rooms of that room it may import. "" stands for the modules beside the sub-rooms,
# which are both what all of them build on and the doors that lead into them; circles are tested module by module.
SUBROOMS: dict[tuple[str, str], set[str]] = {
    ("cli", ""): {"drafting", "training", "predicting", "reporting", "runs"},
    ("cli", "reporting"): {""},
    ("cli", "drafting"): {"", "views", "views.several"},
    ("cli", "training"): {"", "views", "views.several"},
    ("cli", "predicting"): {"", "views"},
    ("cli", "runs"): {"", "views"},
    ("cli", "views"): {"", "views.classes"},
    ("cli", "views.classes"): {"", "views"},
    ("cli", "views.several"): {"", "views"},
    ("config", ""): {"layers", "data"},
    ("config", "data"): {""},
    ("config", "layers"): {""},
    ("config", "reading"): {"", "layers"},
    ("config", "rules"): {"", "layers", "reading"},
    ("config", "describing"): {"", "layers", "reading", "rules"},
    ("console", ""): {"live", "drawing"},
    ("console", "live"): {"", "drawing"},
    ("console", "drawing"): set(),
    ("data", ""): {
        "tables",
        "tables.features",
        "tables.files",
        "images",
        "images.ink",
        "images.labels",
        "prepared",
        "inputs",
        "splits",
        "arrays",
        "streaming",
        "streaming.arrays",
    },
    ("data", "arrays"): {"", "streaming", "tables.files"},
    ("data", "streaming.inputs"): {
        "",
        "arrays",
        "images",
        "images.labels",
        "prepared",
        "streaming",
        "streaming.storage",
        "tables",
        "tables.files",
    },
    ("data", "streaming"): {
        "",
        "tables",
        "tables.files",
        "images",
        "splits",
        "prepared",
        "streaming.storage",
        "streaming.tables",
    },
    ("data", "streaming.splits"): {"", "splits", "streaming"},
    ("data", "streaming.storage"): {"streaming"},
    ("data", "streaming.tables"): {
        "",
        "splits",
        "streaming",
        "streaming.splits",
        "streaming.storage",
        "tables",
        "tables.features",
        "tables.files",
    },
    ("data", "streaming.arrays"): {
        "",
        "arrays",
        "images",
        "prepared",
        "streaming",
        "streaming.storage",
        "streaming.tables",
        "tables.files",
    },
    ("data", "splits"): {""},
    ("data", "inputs"): {
        "",
        "arrays",
        "tables",
        "tables.files",
        "images",
        "images.ink",
        "images.labels",
        "streaming",
        "streaming.inputs",
    },
    ("data", "tables.files"): {""},
    ("data", "tables.features"): {"", "tables.files"},
    ("data", "tables"): {"", "tables.features", "tables.files", "images", "splits"},
    ("data", "images"): {"", "images.ink", "splits"},
    ("data", "images.ink"): {"", "images"},
    ("data", "images.labels"): {"", "images", "tables", "tables.files"},
    ("data", "prepared"): {"", "images"},
    ("data", "profile"): {
        "",
        "arrays",
        "tables",
        "images.labels",
        "streaming",
        "streaming.inputs",
        "profile.tables",
        "profile.images",
    },
    ("data", "profile.tables"): {
        "",
        "tables",
        "tables.features",
        "tables.files",
        "splits",
        "streaming",
        "profile",
    },
    ("data", "profile.proposal"): {
        "",
        "tables",
        "tables.features",
        "tables.files",
        "profile",
        "profile.tables",
    },
    ("data", "profile.images"): {
        "",
        "tables",
        "tables.files",
        "images",
        "images.labels",
        "splits",
        "profile",
        "profile.tables",
    },
    ("engine", "tracing"): {""},
    ("engine", ""): {"process", "loop", "parallel", "streaming"},
    ("engine", "divergence"): {""},
    ("engine", "rehearsing"): {"", "loop"},
    ("engine", "callbacks"): {""},
    ("engine", "process"): set(),
    ("engine", "parallel"): set(),
    ("engine", "loop"): {"", "parallel", "divergence", "streaming", "process"},
    ("engine", "streaming"): {"", "loop"},
    ("engine", "distributed"): {"", "loop", "divergence"},
    ("engine", "diagnosis"): {"", "callbacks", "loop", "process"},
    ("evaluate", ""): set(),
    ("evaluate", "labelling"): {""},
    ("evaluate", "comparing"): {""},
    ("evaluate", "references"): {""},
    ("evaluate", "adjusting"): {""},
    ("evaluate", "health"): {""},
    ("evaluate", "importance"): {"", "plots"},
    ("evaluate", "plots"): {"", "health", "plots.images", "plots.comparisons"},
    ("evaluate", "plots.comparisons"): {"", "plots", "comparing"},
    ("evaluate", "plots.frames"): {"", "plots"},
    ("evaluate", "plots.images"): {"", "plots", "plots.frames"},
    ("evaluate", "plots.backprop"): {"", "plots"},
    ("evaluate", "plots.panels"): {"", "plots"},
    ("lessons", ""): {"neurons", "outputs", "training", "architectures", "graph"},
    ("lessons", "neurons"): {""},
    ("lessons", "outputs"): {"", "neurons"},
    ("lessons", "training"): {"", "neurons"},
    ("lessons", "architectures"): {"", "neurons", "outputs"},
    ("lessons", "graph"): {""},
    ("model", ""): {"layers"},
    ("model", "layers"): set(),
    ("serve", ""): {"protocols", "page", "workbench"},
    ("serve", "protocols"): {""},
    ("serve", "page"): {"", "protocols"},
    ("serve", "workbench"): {"", "protocols", "page"},
    ("pipeline", ""): {
        "backprop",
        "completing",
        "drafting",
        "training",
        "training.continuing",
        "training.frames",
        "training.workers",
        "training.workers.clustered",
        "folding",
        "ensembling",
        "comparing",
        "comparing.continuing",
        "predicting",
        "exporting",
        "rates",
        "rehearsing",
        "reporting",
        "reproducing",
        "runs",
        "serving",
        "tracking",
    },
    ("pipeline", "completing"): set(),
    ("pipeline", "serving"): {"", "predicting", "predicting.scoring", "serving.workbench", "training.continuing"},
    ("pipeline", "serving.workbench"): {
        "",
        "serving",
        "drafting",
        "exporting.script",
        "predicting",
        "runs",
        "training",
        "training.continuing",
        "training.frames",
        "training.health",
    },
    ("pipeline", "backprop"): {""},
    ("pipeline", "drafting"): {"", "drafting.images"},
    ("pipeline", "drafting.images"): {"", "drafting"},
    ("pipeline", "predicting"): {"", "predicting.scoring"},
    ("pipeline", "predicting.scoring"): {"", "predicting"},
    ("pipeline", "exporting"): {"", "predicting", "predicting.scoring", "training", "exporting.script"},
    ("pipeline", "exporting.script"): {""},
    ("pipeline", "runs"): {""},
    ("pipeline", "tracking"): {"", "exporting", "predicting", "runs"},
    ("pipeline", "rates"): {"", "drafting", "training"},
    ("pipeline", "rehearsing"): {"", "training"},
    ("pipeline", "reporting"): {"", "predicting", "reporting.examples", "runs", "training.health"},
    ("pipeline", "reporting.examples"): {"", "predicting", "reporting"},
    ("pipeline", "reproducing"): {"", "training", "training.continuing"},
    ("pipeline", "training"): {
        "",
        "predicting",
        "predicting.scoring",
        "training.continuing",
        "training.frames",
        "training.health",
        "tracking",
        "training.workers",
    },
    ("pipeline", "training.workers"): {"", "training", "training.continuing"},
    ("pipeline", "training.workers.clustered"): {"", "training", "training.continuing", "training.workers"},
    ("pipeline", "training.continuing"): {"", "training", "training.frames", "training.workers"},
    ("pipeline", "training.frames"): {""},
    ("pipeline", "training.health"): {"", "training"},
    ("pipeline", "ensembling"): {"", "predicting", "predicting.scoring", "training"},
    ("pipeline", "folding"): {"", "comparing", "training"},
    ("pipeline", "comparing"): {
        "",
        "tracking",
        "training",
        "training.continuing",
        "runs",
        "comparing.settings",
        "comparing.continuing",
        "comparing.clustered",
    },
    ("pipeline", "comparing.clustered"): {"", "training", "comparing"},
    ("pipeline", "comparing.settings"): {"", "runs"},
    ("pipeline", "comparing.continuing"): {
        "",
        "training",
        "training.continuing",
        "comparing",
        "comparing.settings",
        "comparing.clustered",
    },
}
MOST_MODULES = 9


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def subroom_of(room: str, parts: tuple[str, ...]) -> str:
    """The sub-room that a dotted path inside a room lies in: `tables.files` for data/tables/files/reading.py."""
    depth = max((n for n in range(len(parts) + 1) if PACKAGE.joinpath(room, *parts[:n]).is_dir()), default=0)
    return ".".join(parts[:depth])


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Every imported module with its full name, and whether it stands at the top of the module."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, id(node) in top
            yield from ((f"{node.module}.{alias.name}", id(node) in top) for alias in node.names)


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_module_is_found() -> None:
    assert {room_of(path) for path in MODULES} <= set(ALLOWED)
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_imports_only_the_rooms_above_it(path: Path) -> None:
    room = room_of(path)
    for module, _ in imports_of(path):
        parts = module.split(".")
        if (
            parts[0] != "nncli"
            or len(parts) == 1
            or (not (PACKAGE / parts[1]).exists() and not (PACKAGE / f"{parts[1]}.py").exists())
        ):
            continue
        assert parts[1] == room or parts[1] in ALLOWED[room], f"{room} imports {module}"


@pytest.mark.parametrize("path", [path for path in MODULES if len(path.relative_to(PACKAGE).parts) > 1], ids=name)
def test_a_module_imports_only_the_sub_rooms_it_may(path: Path) -> None:
    room, *parts = path.relative_to(PACKAGE).with_suffix("").parts
    own = subroom_of(room, tuple(parts))
    if not own and (room, "") not in SUBROOMS:
        return  # a room without sub-rooms
    allowed = SUBROOMS[room, own] | {own}
    for module, _ in imports_of(path):
        if not module.startswith(f"nncli.{room}."):
            continue
        found = tuple(module.split(".")[2:])
        if PACKAGE.joinpath(room, *found).is_dir() and f"{own}.".startswith(".".join(found) + "."):
            continue  # the package around it
        assert subroom_of(room, found) in allowed, f"{room}/{own} imports {module}"


def test_every_sub_room_is_known() -> None:
    found = {".".join(path.parent.relative_to(PACKAGE).parts) for path in MODULES} - {""}
    with_subrooms = {room for room, _ in SUBROOMS}
    known = {f"{room}.{own}".rstrip(".") for room, own in SUBROOMS} | (set(ALLOWED) - with_subrooms)
    assert found <= known
    assert {name for name in known if "." in name} <= found


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES}), ids=name)
def test_a_folder_has_few_modules_and_says_what_lives_in_it(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    if folder != PACKAGE and len(modules) >= 3:
        assert len(text.splitlines()) > 1, "a package says what each of its modules is for"


def test_tests_lie_in_folders_that_mirror_the_rooms() -> None:
    tests = Path(__file__).parent
    folders = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")} - {Path(), Path("faults")}
    assert len(folders) > 20
    for folder in folders:
        assert (PACKAGE / folder).is_dir(), f"tests/{folder} mirrors no room"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_heavy_packages_stay_in_their_homes_and_come_late(path: Path) -> None:
    room = room_of(path)
    for module, at_top in imports_of(path):
        package = module.split(".")[0]
        if package in HOMES:
            assert room in HOMES[package], f"{package} has no home in {room}"
            assert not (at_top and package in LATE), f"{package} is imported at the top"
        other = module.split(".")[1] if package == "nncli" and "." in module else package
        assert not (at_top and (room, other) in LATE_BETWEEN), f"{room} imports {module} at the top"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_is_small_documented_and_has_no_assert(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(tree), "no docstring"
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_function_is_longer_than_60_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, node.name


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {}
    for path in MODULES:
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        graph[module] = {found for found, at_top in imports_of(path) if at_top and found != module}
    graph = {module: {found for found in imported if found in graph} for module, imported in graph.items()}
    for imported in graph.values():
        # `from package import module` needs the module; that it passes the package on its way is no circle
        imported -= {found for found in imported if any(other.startswith(f"{found}.") for other in imported)}

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for found in graph[module]:
                visit(found, (*trail, module))
            done.add(module)

    done: set[str] = set()
    for module in graph:
        visit(module, ())


def test_the_command_line_loads_nothing_heavy() -> None:
    code = "import nncli.cli.commands, sys; print([m for m in sys.modules if '.' not in m])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for package in ("numpy", "tensorflow", "keras", "sklearn", "matplotlib", "pyarrow", "PIL", "pydantic", "yaml"):
        assert f"'{package}'" not in loaded
