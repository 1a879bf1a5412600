"""`train.executor: xla` with a layer that XLA has no code for: refused with the config, before anything is trained."""

import pytest

from nncli.config.layers import LAYERS
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import LoadedConfig
from nncli.config.rules import describe, find
from nncli.config.sections import Config
from nncli.engine.executor import plan_executor
from nncli.errors import UserError

pytestmark = pytest.mark.xla


def refusals(layer: object, executor: str) -> list[str]:
    text = f"data: {{source: digits}}\nmodel: {{layers: [{layer}, output]}}\ntrain: {{executor: {executor}}}\n"
    document = parse_document(text, "net.yaml")
    loaded = LoadedConfig(Config.model_validate(document.values), document)
    return describe(loaded, find(loaded, None))[0]


def test_a_layer_without_code_is_named_with_the_place_of_the_executor() -> None:
    [told] = refusals("random_zoom", "xla")
    assert told.startswith("net.yaml:3:") and told.endswith("use auto or graph [executor-layer]")
    assert "train.executor: XLA cannot run the layer random_zoom" in told
    assert refusals("random_zoom", "auto") == refusals("random_zoom", "graph") == []


def test_a_layer_inside_another_counts() -> None:
    [told] = refusals("{residual: {layers: [random_rotation, random_rotation]}}", "xla")
    assert "the layer random_rotation;" in told


@pytest.mark.parametrize("kind", LAYERS)
def test_the_rule_refuses_what_the_engine_cannot_run(kind: str) -> None:
    if LAYERS[kind].XLA_RUNS_IT:
        assert plan_executor([kind], "xla") == "xla"
    else:
        with pytest.raises(UserError, match=kind):
            plan_executor([kind], "xla")
