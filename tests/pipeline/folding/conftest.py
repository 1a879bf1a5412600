"""What the tests of folds share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def one_core() -> Iterator[None]:
    """Trainings run in this process: others would import TensorFlow first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nncli.engine.executor.available_cores", lambda: 1)
        yield
