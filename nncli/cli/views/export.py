"""How an exported model is shown: the file, what it takes and gives, what its format costs."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nncli.cli.views.numbers import show_number
from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.exporting.export import Exported

_MOST_NAMES = 12


def show_export(console: Console, exported: "Exported") -> None:
    """The file and its size, its inputs and its output, and how it was compared."""
    result = exported.result
    parts: list[Any] = []
    if result["format"] == "script":
        parts.append(f"written: {result['output']} ({result['lines']} lines) and {result['arrays']}, which it reads")
        console.answer(result, *parts)
        where = f"TFDS_DATA_DIR={shlex.quote(result['data_dir'])} " if result["data_dir"] else ""
        console.suggest([f"{where}python {shlex.quote(result['output'])}"])
        return
    if "int8" in result:
        parts += [*_int8_lines(result["int8"]), ""]
    parts += [_input_line(name, entry) for name, entry in result["inputs"].items()]
    parts.append(_output_line(result["outputs"]))
    if result.get("checked", {}).get("rows"):
        rows, largest = result["checked"]["rows"], result["checked"]["largest_difference"]
        parts.append(f"agrees with Keras on {rows:,} rows of the data; largest difference {largest:.1e}")
    parts.append(f"written: {result['output']} ({result['bytes']:,} bytes)")
    console.answer(result, *parts)


def _int8_lines(told: Mapping[str, Any]) -> list[Any]:
    """Each metric before and after, and which part of the arithmetic is in int8."""
    before, after = told["metrics"]["float32"], told["metrics"]["int8"]
    rows = [
        [name, show_number(value), show_number(after[name]), _change(value, after[name])]
        for name, value in before.items()
    ]
    if told["quantization"] == "full":
        how = f"computed in int8; ranges from {told['calibration_rows']:,} training rows"
    else:
        how = "only the weights are int8: the columns of a table have scales of their own"
    changed = told["changed_classes"]
    lines: list[Any] = [make_table(["test", "float32", "int8", "change"], rows), how]
    if changed is not None:
        lines.append(f"the answer changes for {changed:,} of {told['rows']:,} test rows")
    return lines


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "-"
    change = round(after - before, 4)
    return f"{change:+.4f}" if change else "0.0000"


def _input_line(name: str, entry: Mapping[str, Any]) -> str:
    shape = ", ".join("rows" if size is None else str(size) for size in entry["shape"])
    columns = f": {_listed(entry['columns'])}" if "columns" in entry else ""
    return f"input {name}: {entry['dtype']} ({shape}){columns}; {entry['values']}"


def _output_line(output: Mapping[str, Any]) -> str:
    values, names = output["values"], output["of"]
    plural = {"probability": "probabilities", "value": "values"}[values] if len(names) > 1 else values
    return f"output: float32 (rows, {output['shape'][1]}); {plural} of {_listed(names)}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
