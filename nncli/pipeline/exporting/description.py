"""What an exported model takes and gives, for whoever calls it without nncli."""

from typing import Any

from nncli.config.facts import DataFacts, ImageInput, Task


def describe_inputs(facts: DataFacts) -> dict[str, Any]:
    """For each input by name its `dtype`, its `shape` with null for the rows, and what its values mean."""
    inputs = facts.inputs
    if isinstance(inputs, ImageInput):
        values = f"0 to {1 / inputs.scale:g}, not rescaled"
        return {"image": {"dtype": inputs.dtype, "shape": [None, *inputs.shape], "values": values}}
    described: dict[str, Any] = {}
    if inputs.numbers:
        columns = [column.name for column in inputs.numbers]
        described["numbers"] = {
            "dtype": "float32",
            "shape": [None, len(columns)],
            "values": "not scaled, NaN for missing",
            "columns": columns,
        }
    if inputs.categories:
        columns = [column.name for column in inputs.categories]
        described["categories"] = {
            "dtype": "int32",
            "shape": [None, len(columns)],
            "values": "numbers of the names in inputs.json, counted from 1; 0 for others",
            "columns": columns,
        }
    return described


def describe_output(facts: DataFacts) -> dict[str, Any]:
    """The `shape` of the output, float32, and what each of its columns is."""
    target = facts.target
    shape = [None, target.outputs]
    if target.task is Task.BINARY:
        return {"shape": shape, "values": "probability", "of": [target.classes[1]]}
    values = "value" if target.task.is_regression else "probability"
    return {"shape": shape, "values": values, "of": list(target.names)}
