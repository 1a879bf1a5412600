"""What several workers cannot train together."""

from pathlib import Path

import pytest

from nncli.config.reading.loading import load_config
from nncli.config.rules import refuse_workers
from nncli.config.rules.explanations import read_explanations
from nncli.errors import ConfigError

NORMALIZED = "batch_normalization: {synchronized: %s}"


def refuse(tmp_path: Path, train: str, workers: int, layer: str = "dense: {units: 4}") -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"data: {{source: iris}}\nmodel:\n  layers:\n    - {layer}\n    - output: {{}}\ntrain: {train}\n")
    loaded = load_config(str(path))
    refuse_workers(loaded, loaded.config, workers)


@pytest.mark.parametrize(
    ("train", "workers", "layer", "told"),
    [
        (
            "{executor: xla}",
            2,
            "dense: {units: 4}",
            r"net.yaml:6:\d+ .*got xla; use auto or graph \[workers-executor\]",
        ),
        ("{executor: keras}", 2, "dense: {units: 4}", "workers-executor"),
        ("{batch_size: 32}", 3, "dense: {units: 4}", r"use 30 or 33 \[workers-batch\]"),
        ("{batch_size: 2}", 4, "dense: {units: 4}", r"use 4 \[workers-batch\]"),
        ("{}", 2, "batch_normalization", "workers-normalization"),
        ("{}", 2, NORMALIZED % "false", "workers-normalization"),
        ("{}", 2, "residual: {layers: [dense: {units: 4}, batch_normalization]}", "workers-normalization"),
    ],
)
def test_a_config_that_workers_cannot_share_is_refused(
    tmp_path: Path, train: str, workers: int, layer: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        refuse(tmp_path, train, workers, layer)


@pytest.mark.parametrize(
    ("train", "layer"),
    [
        ("{executor: graph, batch_size: 64}", "dense: {units: 4}"),
        ("{batch_size: full}", "dense: {units: 4}"),  # its slices are weighted by their sizes
        ("{}", NORMALIZED % "true"),
    ],
)
def test_others_are_not(tmp_path: Path, train: str, layer: str) -> None:
    refuse(tmp_path, train, 4, layer)


def test_each_rule_is_explained() -> None:
    rules = [rule for rule, explanation in read_explanations().items() if explanation.needs == "workers"]
    assert rules == ["workers-executor", "workers-batch", "workers-normalization"]
