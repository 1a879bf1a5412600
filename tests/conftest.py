"""What the tests share: where real data lies, when it is there."""

import os
import signal
from pathlib import Path

import pytest

# A shell that starts the tests in the background has SIGINT ignored, for them and for every process they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real MNIST and real tables; CI has them beside the checkout."""
    folder = Path(os.environ.get("NNCLI_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data is not present; point NNCLI_SHARED_DATA at a copy")
    return folder
