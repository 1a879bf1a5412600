"""Where the nodes of a graph stand: as an indented tree for a terminal, and as layers from left to right for a picture.

The layers follow Sugiyama, Tagawa and Toda (1981): every value one layer before the first node that uses it, the order
within a layer by the mean place of the neighbours, bends where an edge crosses a layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nncli.lessons.graph.graph import Graph

Point = tuple[float, float]

# Columns of a level in the tree; a deeper tree has narrower ones.
_WIDE, _DEEP = 3, 12
# Sweeps over the layers to find the order within them; more change nothing in graphs of 40 nodes.
_SWEEPS = 8


@dataclass(frozen=True)
class Branch:
    """A line of the tree: the lines that lead to it, the name, and whether it was shown with its inputs before."""

    prefix: str
    name: str
    is_repeated: bool


@dataclass(frozen=True)
class Layout:
    """The place of each name, x being the layer, and the points in between on the way of each edge (input, user)."""

    places: Mapping[str, Point]
    bends: Mapping[tuple[str, str], tuple[Point, ...]]


def draw_tree(graph: Graph) -> list[Branch]:
    """The graph as a tree, from the cost to the values; a node that is used twice has its inputs once."""
    inputs = {node.name: node.inputs for node in graph.nodes}
    width = _WIDE if max(_depths(graph).values()) <= _DEEP else 1
    branches, seen = list[Branch](), set[str]()
    waiting = [("", "", graph.cost)]  # what stands before the line, before the lines below it, the name
    while waiting:
        prefix, below, name = waiting.pop()
        branches.append(Branch(prefix, name, name in seen and name in inputs))
        children = () if name in seen else inputs.get(name, ())
        seen.add(name)
        for position, child in enumerate(reversed(children)):
            corner, line = ("└", " ") if position == 0 else ("├", "│")
            tail = "─ " if width == _WIDE else ""
            waiting.append((below + corner + tail, below + line + " " * len(tail), child))
    return branches


def _depths(graph: Graph) -> dict[str, int]:
    """The longest way from a name to the values it is computed from."""
    depths = dict.fromkeys(graph.given, 0)
    for node in graph.nodes:
        depths[node.name] = 1 + max(depths[name] for name in node.inputs)
    return depths


def arrange(graph: Graph) -> Layout:
    """Places for all names, in layers from left to right and centred from top to bottom around 0."""
    layer_of = _depths(graph)
    for name in graph.given:
        layer_of[name] = max(0, min((layer_of[user.name] for user in graph.users(name)), default=1) - 1)
    paths: dict[tuple[str, str], list[str]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            between = range(layer_of[name] + 1, layer_of[node.name])
            paths[name, node.name] = [name, *(f"{name} {node.name} {at}" for at in between), node.name]
    layers: list[list[str]] = [[] for _ in range(max(layer_of.values()) + 1)]
    for name in graph.names:
        layers[layer_of[name]].append(name)
    for (name, _), path in paths.items():
        for at, bend in enumerate(path[1:-1], layer_of[name] + 1):
            layers[at].append(bend)
    _order(layers, list(paths.values()))
    places = {
        name: (float(at), (len(layer) - 1) / 2 - row)
        for at, layer in enumerate(layers)
        for row, name in enumerate(layer)
    }
    bends = {edge: tuple(places[bend] for bend in path[1:-1]) for edge, path in paths.items()}
    return Layout({name: places[name] for name in graph.names}, bends)


def _order(layers: list[list[str]], paths: Sequence[Sequence[str]]) -> None:
    """Sorts each layer by the mean place of the neighbours, forward and backward in turn."""
    neighbours: dict[str, list[str]] = {}
    for path in paths:
        for one, other in pairwise(path):
            neighbours.setdefault(one, []).append(other)
            neighbours.setdefault(other, []).append(one)
    for sweep in range(_SWEEPS):
        way = 1 if sweep % 2 == 0 else -1
        for beside, layer in pairwise(layers[::way]):
            rows = {name: row - len(beside) / 2 for row, name in enumerate(beside)}
            means = {name: _mean([rows[each] for each in neighbours.get(name, ()) if each in rows]) for name in layer}
            layer.sort(key=means.__getitem__)


def _mean(rows: Sequence[float]) -> float:
    return sum(rows) / len(rows) if rows else 0.0
