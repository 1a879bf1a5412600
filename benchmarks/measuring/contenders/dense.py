"""The units of a dense network, for contenders that support no other."""

from measuring.task import Task
from nncli.config.layers import Dense, Flatten
from nncli.config.stack import stack_layers


def units_of(task: Task) -> tuple[int, ...]:
    """The units of each layer, the inputs first. Raises ValueError for anything but dense layers with relu."""
    rows = stack_layers(task.config, task.facts.inputs.shape)
    units: list[int] = []
    for row in rows:
        hidden = row is not rows[-1]
        if isinstance(row.layer, Flatten):
            continue
        if not isinstance(row.layer, Dense) or (hidden and row.activation != "relu"):
            raise ValueError(f"got a layer {row.layer.kind}, expected dense layers with relu")
        units += [row.output_shape[-1]] if units else [row.input_shape[-1], row.output_shape[-1]]
    return tuple(units)
