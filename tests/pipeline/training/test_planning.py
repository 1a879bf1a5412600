"""Which executor, threads and parts a config gets from the shape of its network and data."""

import io
from pathlib import Path

import pytest

from nncli.config.reading.loading import load_config
from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.preparation import prepare
from nncli.pipeline.training.planning import Engine, choose_engine, network_mark

pytestmark = pytest.mark.xla

ATTENTION = "{transformer_block: {num_heads: 2, mlp_units: 64}}, flatten"


def engine(folder: Path, layers: str, data: str = "source: digits") -> Engine:
    config = folder / "config.yaml"
    config.write_text(
        f"data: {{{data}}}\nmodel: {{layers: [{layers}, output]}}\ntrain: {{batch_size: full, threads: 4}}\n"
    )
    silent = Console(stdout=io.StringIO(), stderr=io.StringIO())
    ready = prepare(load_config(str(config)), Folders(), silent)
    return choose_engine(ready.config, ready.dataset.facts, accelerator=False)


@pytest.mark.parametrize(
    ("layers", "data", "expected"),
    [
        ("{conv2d: {filters: 32, kernel_size: 3}}, max_pooling2d", "source: digits", Engine("graph", 4, 8)),
        (f"{{patches: {{patch_size: 2, units: 48}}}}, {ATTENTION}", "source: digits", Engine("graph", 4, 4)),
        # Operations that are no layers stand before or between the layers of these two.
        (
            f"{{reshape: {{target_shape: [64]}}}}, {{embedding: {{input_dim: 17, output_dim: 48}}}}, {ATTENTION}",
            "source: digits",
            Engine("xla", 4, 1),
        ),
        (
            "{reshape: {target_shape: [5, 6, 1]}}, {conv2d: {filters: 128, kernel_size: 3}}, flatten",
            "source: breast_cancer",
            Engine("graph", 4, 1),
        ),
    ],
    ids=["convolution", "attention", "embedding", "table"],
)
def test_batches_are_divided_where_every_part_can_be_led_through_the_network(
    tmp_path: Path, layers: str, data: str, expected: Engine
) -> None:
    assert engine(tmp_path, layers, data) == expected


def test_networks_of_several_folds_are_one_and_of_other_widths_another() -> None:
    facts = prepare(load_config("digits_softmax"), Folders(), Console(quiet=True)).dataset.facts

    def mark(*settings: str) -> str:
        return network_mark(load_config("digits_softmax", settings).config, facts)

    first = mark("data.fold={test: 1, of: 5}")
    assert mark("data.fold={test: 2, of: 5}", "seed=2") == mark("data.split_seed=3") == first
    assert mark("data.fold={test: 1, of: 5}", "model.layers[0].dense.units=9") != first
