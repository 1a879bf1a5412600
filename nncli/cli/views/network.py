"""How a checked config looks on a terminal: the network as a table, its values with their origins, what was fixed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.drafting.check import CheckedNetwork


def show_network(console: Console, checked: "CheckedNetwork") -> None:
    """The network as a table of shapes and parameters; without data, as the list of layers that the file has."""
    config, facts, rows, loss = checked.config, checked.facts, checked.rows, checked.config.loss
    value: dict[str, Any] = {"config": config.name, "warnings": checked.warnings, "unapplied": checked.unapplied}
    if facts is None or rows is None or loss is None:
        layers = [[layer.kind, layer.described()] for layer in config.model.layers]
        value["layers"] = [{"layer": kind, "options": options} for kind, options in layers]
        console.answer(value, make_table(["layer", "options"], layers, left=2))
        return
    value |= {
        "task": facts.target.task.value,
        "input_shape": list(facts.inputs.shape),
        "rows": facts.rows,
        "loss": loss.model_dump(),
        "layers": [_layer_value(row) for row in rows],
        "parameters": sum(row.parameters for row in rows),
    }
    logits = ", from_logits: true" if loss.from_logits else ""
    table = [_layer_row(row) for row in rows]
    console.answer(
        value,
        make_table(["layer", "options", "output", "activation", "parameters"], table, left=2),
        f"{value['parameters']:,} parameters; input {_shape(facts.inputs.shape)}; task {value['task']}",
        f"loss {loss.name}{logits}",
        f"rows: {', '.join(f'{name} {count:,}' for name, count in facts.rows.items())}",
    )


def show_configs(console: Console, shipped: Sequence[Any]) -> None:
    """A line for each config that comes with nncli, and what can be done with one."""
    rows = [[config.name, config.summary] for config in shipped]
    value = {"configs": [{"name": each.name, "summary": each.summary, "path": str(each.path)} for each in shipped]}
    console.answer(value, make_table(["config", "what it shows"], rows, left=2))
    console.suggest(["nncli train NAME", "nncli check NAME", "nncli init --from NAME   (copies it)"])


def show_origins(console: Console, origins: tuple[str, Mapping[str, Any]]) -> None:
    """Every value of the resolved config and where it comes from."""
    text, values = origins
    console.answer(values)
    if not console.json_mode:
        console.write(text)


def show_fixes(console: Console, config: str, changes: Sequence[str]) -> None:
    """The lines of a config that were changed."""
    for line in changes or ["nothing to fix"]:
        console.say(f"{config}:{line}" if changes else f"{config}: {line}")


def _layer_row(row: Any) -> list[str]:
    return [
        row.layer.kind if row.index is not None else f"{row.layer.kind} (added)",
        row.layer.described(),
        _shape(row.output_shape),
        row.activation or "",
        f"{row.parameters:,}",
    ]


def _layer_value(row: Any) -> dict[str, Any]:
    return {
        "layer": row.layer.kind,
        "index": row.index,
        "output_shape": list(row.output_shape),
        "activation": row.activation,
        "parameters": row.parameters,
    }


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
