"""What the tests of folds share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def one_core() -> Iterator[None]:
    """Trainings run in this process: others would import TensorFlow first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nncli.engine.executor.available_cores", lambda: 1)
        # Also where TensorFlow is at work already, with the threads of other tests.
        patch.setattr("nncli.engine.process.forking.takes_threads", lambda *_, **named: True)
        yield
