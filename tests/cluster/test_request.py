"""What `--on` may say, and that it is refused in one line where Ray is not installed."""

import importlib.util

import pytest

from nncli.cluster.request import ClusterRequest, split_address
from nncli.errors import UsageError


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found("json") if name == "ray" else found(name))


def test_without_on_there_is_no_cluster() -> None:
    assert ClusterRequest.parse(None) is None


@pytest.mark.parametrize(
    ("address", "parts"),
    [("head:6379", ("head", 6379)), ("10.0.0.7:1", ("10.0.0.7", 1)), ("[fe80::1]:65535", ("fe80::1", 65535))],
)
def test_an_address_is_a_host_and_a_port(address: str, parts: tuple[str, int]) -> None:
    request = ClusterRequest.parse(address)
    assert request is not None and request.address == address
    assert split_address(address) == parts


def test_ray_stands_for_the_cluster_of_this_machine() -> None:
    assert ClusterRequest.parse("ray") == ClusterRequest(None, None, 0.0)


def test_a_request_is_told_as_it_was_typed() -> None:
    assert str(ClusterRequest.parse("head:6379", 2.0, 0.25)) == "--on head:6379 --cpus-per-run 2 --gpus-per-run 0.25"
    assert str(ClusterRequest.parse("ray")) == "--on ray"


@pytest.mark.parametrize("address", ["head", "head:", "head:0", "head:65536", ":6379", "a b:1", "http://head:6379", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="expected ray or HOST:PORT"):
        ClusterRequest.parse(address)


def test_the_ray_client_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(UsageError, match="client is not supported") as caught:
        ClusterRequest.parse("ray://head:10001")
    assert "HOST:6379" in str(caught.value.hint)


@pytest.mark.parametrize("share", [0.0, -1.0, float("inf"), float("nan")])
def test_a_share_is_a_number_above_zero(share: float) -> None:
    with pytest.raises(UsageError, match=r"--cpus-per-run .* expected a number above 0"):
        ClusterRequest.parse("ray", share)
    with pytest.raises(UsageError, match=r"--gpus-per-run .* expected a number above 0"):
        ClusterRequest.parse("ray", None, share)


def test_a_share_without_a_cluster_is_refused() -> None:
    with pytest.raises(UsageError, match="--cpus-per-run 2 and --gpus-per-run 1 is for trainings on a cluster"):
        ClusterRequest.parse(None, 2, 1)


def test_without_ray_on_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        ClusterRequest.parse("ray")
    assert caught.value.message == "--on needs the package ray, which is not installed"
    assert caught.value.exit_code == 2
    assert "'.[ray]'" in str(caught.value.hint)
