"""What the tests of whole commands share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mnist_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for real MNIST, whose images take seconds to decode; all processes of the tests write and read it."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "mnist-cache"
