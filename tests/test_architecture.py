"""The rooms of DESIGN.md, section 2: who may import whom, where the heavy packages live, how large a module may be."""

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
    "lessons": {"config", "data", "model", "evaluate", "errors"},
    "pipeline": {
        "errors", "console", "config", "data", "model", "engine", "run", "runtime", "evaluate", "lessons",
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
    "numpy": {"data", "model", "engine", "runtime", "evaluate", "lessons", "pipeline"},
    "PIL": {"data"},
    "pyarrow": {"data"},
    "tensorflow_datasets": {"data"},
    "sklearn": {"data", "evaluate"},
    "keras": {"model", "engine"},
    "tensorflow": {"engine"},
    "ai_edge_litert": {"runtime"},
    "matplotlib": {"evaluate"},
    "scipy": {"evaluate"},
}
# heavy package -> may only be imported inside functions
LATE = {"tensorflow_datasets", "sklearn", "matplotlib", "scipy", "ai_edge_litert"}
# (room, room or package) that is imported inside functions only
LATE_BETWEEN = {("cli", "pipeline"), ("pipeline", "model"), ("pipeline", "engine")}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


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
