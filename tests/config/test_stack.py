"""The stack of layers: what is told of layers that stand in a wrong place."""

from typing import Any

import pytest

from nncli.config.sections import Config
from nncli.config.stack import StackError, stack_layers


def stack(*layers: Any) -> Any:
    return stack_layers(Config.model_validate({"data": {"source": "iris"}, "model": {"layers": list(layers)}}), (4,))


@pytest.mark.parametrize("first", [{"output": {}}, {"output": {"units": 3}}])
@pytest.mark.parametrize("last", [{"output": {"units": 3}}, {"dense": {"units": 3}}])
def test_an_output_stands_last_and_once(first: Any, last: Any) -> None:
    with pytest.raises(StackError, match="must be the last layer and occur once; use dense here") as caught:
        stack(first, last)
    assert caught.value.index == 0
    assert [row.output_shape for row in stack({"dense": {"units": 5}}, {"output": {"units": 3}})] == [(5,), (3,)]
