"""TF_CONFIG: what is read, and what is refused."""

import json

import pytest

from nncli.engine.distributed.cluster import Cluster, read_cluster
from nncli.errors import UsageError


def variable(cluster: object, kind: str = "worker", index: object = 0) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_without_the_variable_or_with_one_worker_there_is_no_cluster() -> None:
    assert read_cluster({}) is None
    assert read_cluster({"TF_CONFIG": " "}) is None
    assert read_cluster(variable({"worker": ["a:1"]})) is None


def test_a_chief_stands_before_the_workers() -> None:
    tasks = {"chief": ["c:1"], "worker": ["a:1", "b:1"]}
    chief, last = read_cluster(variable(tasks, "chief")), read_cluster(variable(tasks, "worker", "1"))
    assert chief is not None and chief.is_chief and chief.addresses == ("c:1", "a:1", "b:1")
    assert last is not None and last.index == 2 and last.describe(2) == "worker 3 of 3 (b:1)"


def test_workers_of_a_machine_are_counted_by_host() -> None:
    assert Cluster(("a:1", "a:2", "b:1"), 0).workers_here == 2
    assert Cluster(("a:1", "a:2", "b:1"), 2).workers_here == 1


def test_what_is_written_is_read_again() -> None:
    written = Cluster(("a:1", "b:2"), 0)
    assert read_cluster({"TF_CONFIG": written.to_variable(1)}) == Cluster(("a:1", "b:2"), 1)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"TF_CONFIG": "{"}, "not a description"),
        ({"TF_CONFIG": "[]"}, "not a description"),
        ({"TF_CONFIG": '{"cluster": {"worker": ["a:1"]}}'}, "not a description"),
        (variable({"worker": ["a:1", "b:1"], "ps": ["c:1"]}), "task ps"),
        (variable({"worker": ["a:1", "b:1"]}, "evaluator"), "task evaluator"),
        (variable({"worker": ["a:1", "b:1"]}, index=2), "names worker 2"),
        (variable({"worker": ["a:1", "b:1"]}, index="two"), "not a description"),
    ],
)
def test_another_description_is_refused(environment: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_cluster(environment)
