"""The picture of a computation graph, and the writing of files without replacing what is there."""

from pathlib import Path

from nncli.errors import UsageError, unwritable
from nncli.evaluate.plots.backprop.file import MARK
from nncli.lessons.graph.drawing import arrange
from nncli.lessons.graph.operations import show
from nncli.lessons.graph.spelling import spell_formula
from nncli.lessons.graph.text import Example
from nncli.run.files import begins_with, write_output

# Bytes at the beginning of a picture in which its title stands.
_HEAD = 2000


def require_writable(option: str, path: Path, endings: tuple[str, ...], *, replaceable: bool) -> None:
    """Refuses a file that cannot be written, has another ending, or exists and is not to be replaced.

    Raises UsageError.
    """
    if path.suffix.lower() not in endings:
        raise UsageError(f"{option} {path}: expected a file that ends in {' or '.join(endings)}")
    if path.is_dir() or not path.parent.is_dir():
        what = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise UsageError(f"{option} {path}: cannot be written, {what}", hint="name a file in a folder that exists")
    if path.exists() and not replaceable:
        raise UsageError(f"{option} {path}: exists already", hint="choose another name, or replace it with --force")


def is_lesson_picture(path: Path) -> bool:
    """Whether a file is the picture of a lesson, which another one may replace."""
    return begins_with(path, MARK.encode(), within=_HEAD)


def write_file(option: str, path: Path, content: bytes) -> None:
    """Writes the file whole or not at all. Raises UsageError where it cannot be written."""
    try:
        write_output(path, content)
    except OSError as error:
        raise unwritable(f"{option} {path}: cannot be written ({error.strerror})", error) from None


def draw_example(example: Example, form: str, *, numbers: bool) -> bytes:
    """The graph as the bytes of a PNG or SVG; without `numbers`, the given values alone have theirs."""
    from nncli.evaluate.plots.backprop.graph import DrawnEdge, DrawnNode, computation_graph  # late: only --plot draws

    graph, passes, layout = example.graph, example.passes, arrange(example.graph)
    formulas = {node.name: spell_formula(node) for node in graph.nodes}
    nodes = [
        DrawnNode(
            layout.places[name],
            name,
            formulas.get(name, ""),
            show(passes.values[name]) if numbers or name in graph.given else "",
            show(passes.gradients[name]) if numbers else "",
        )
        for name in graph.names
    ]
    edges = [
        DrawnEdge(
            [layout.places[name], *layout.bends[name, node.name], layout.places[node.name]],
            show(passes.local(node.name, name)) if numbers else "",
        )
        for node in graph.nodes
        for name in node.inputs
    ]
    return computation_graph(nodes, edges, gradient=f"∂{graph.cost}/∂node", form=form)
