"""The choice of executor and threads from plain facts."""

import pytest

from nncli.engine.executor import choose_threads, plan_executor
from nncli.errors import UsageError, UserError

pytestmark = pytest.mark.xla


@pytest.mark.parametrize(
    ("kinds", "executor"),
    [
        (["flatten", "dense", "batch_normalization", "layer_normalization"], "xla"),
        (["gru", "dense"], "xla"),
        (["conv2d", "max_pooling2d", "dense"], "graph"),
        (["patches", "transformer_block", "dense"], "xla"),
        (["transformer_block", "dropout"], "graph"),
        (["gaussian_noise", "dense"], "graph"),
        (["dense", "dropout"], "graph"),
        (["random_flip", "dense"], "graph"),
        (["random_rotation", "dense"], "graph"),
    ],
)
def test_auto_keeps_what_is_slow_in_xla_on_a_cpu_out_of_it(kinds: list[str], executor: str) -> None:
    assert plan_executor(kinds) == executor


@pytest.mark.parametrize(
    ("kinds", "work", "threads", "executor"),
    [
        (["patches", "transformer_block", "dense"], 30_000_000, 4, "graph"),
        (["multi_head_attention", "dense"], 30_000_000, 2, "graph"),
        (["multi_head_attention", "dense"], 30_000_000, 1, "xla"),
        (["multi_head_attention", "dense"], 5_000_000, 4, "xla"),
        (["multi_head_attention", "gru"], 30_000_000, 4, "xla"),
        (["dense"], 30_000_000, 4, "xla"),
    ],
)
def test_attention_goes_where_a_batch_can_be_divided_if_that_pays(
    kinds: list[str], work: int, threads: int, executor: str
) -> None:
    assert plan_executor(kinds, work=work, threads=threads) == executor
    assert plan_executor(kinds, work=work, threads=threads, accelerator=True) == "xla"


def test_on_an_accelerator_auto_leaves_only_layers_without_a_kernel_to_the_graph() -> None:
    assert plan_executor(["conv2d", "dropout"], accelerator=True) == "xla"
    assert plan_executor(["conv2d", "random_zoom"], accelerator=True) == "graph"


@pytest.mark.parametrize("requested", ["xla", "graph", "keras"])
def test_an_executor_that_is_asked_for_is_taken(requested: str) -> None:
    assert plan_executor(["conv2d"], requested) == requested


def test_xla_is_refused_for_a_layer_that_it_cannot_run_and_the_layer_is_named() -> None:
    with pytest.raises(UserError, match="xla, which cannot run the layer random_rotation") as caught:
        plan_executor(["dense", "random_rotation"], "xla")
    assert "graph" in str(caught.value.hint)
    assert plan_executor(["dense", "random_rotation"], "graph") == "graph"


def test_an_unknown_executor_is_refused() -> None:
    with pytest.raises(UsageError, match="'gpu'"):
        plan_executor(["dense"], "gpu")


def test_small_steps_get_one_thread_and_large_ones_all() -> None:
    assert choose_threads("xla", 784 * 25, 32, cores=8) == 1
    assert choose_threads("xla", 784 * 128, 32, cores=8) == 2
    assert choose_threads("xla", 784 * 512, 128, cores=8) == 8
    assert choose_threads("graph", 784 * 25, 32, cores=8) == 1
    assert choose_threads("graph", 11 * 11 * 9 * 16 * 32, 128, cores=8) == 8
    assert choose_threads("xla", 784 * 128, 32, cores=1) == 1


def test_threads_that_are_asked_for_are_taken() -> None:
    assert choose_threads("xla", 784 * 25, 32, 3, cores=8) == 3


def test_without_a_number_of_cores_the_machines_own_are_counted() -> None:
    assert choose_threads("graph", 10**9, 1) >= 1
