"""What the tests share: where real data lies, and that pictures and XLA's code are made only where they matter."""

import os
import pkgutil
import signal
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from nncli import config, data, evaluate, pipeline
from nncli.evaluate.plots.canvas import Picture

# A shell that starts the tests in the background has SIGINT ignored, for them and for every process they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A module first imported while a test has replaced a name it takes would keep the replacement for all later tests.
for room in (config, data, evaluate, pipeline):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        import_module(module.name)

REPOSITORY = Path(__file__).parent.parent

DOTS = {
    "png": bytes.fromhex(
        "89504e470d0a1a0a0000000d494844520000000100000001010000000037"
        "6ef9240000000a49444154789c636000000002000148afa471000000004945"
        "4e44ae426082"
    ),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" viewBox="0 0 1 1"/>',
}

# Rooms whose tests need no TensorFlow, and seconds at most.
QUICK = ("cluster", "config", "console", "data", "report", "run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that train come first, so that no process is alone with a long module at the end."""
    items.sort(key=lambda item: item.path.relative_to(REPOSITORY / "tests").parts[0] in QUICK)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real MNIST and real tables; CI has them beside the checkout."""
    folder = Path(os.environ.get("NNCLI_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real data is not present; point NNCLI_SHARED_DATA at a copy")
    return folder


@pytest.fixture(scope="module", autouse=True)
def cheap(request: pytest.FixtureRequest) -> Iterator[None]:
    """What costs most is left out where it is not looked at: pictures, but in modules marked `drawn`, half of an
    evaluation; XLA, but in modules marked `xla`, which compiles for as long as all else takes.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not request.node.get_closest_marker("drawn"):
            _draw_dots(patch)
        if not request.node.get_closest_marker("xla"):
            patch.setattr("nncli.engine.executor._is_faster_as_graph", lambda *_: True)
        yield


def _draw_dots(patch: pytest.MonkeyPatch) -> None:
    for name in ("confusion_matrix", "learning_curves", "worst_images", "comparison_curves"):
        patch.setattr(f"nncli.evaluate.plots.{name}", lambda *_, **named: DOTS["png"])
    dot = Picture(DOTS["png"], DOTS["svg"])
    both = ("reliability", "probabilities", "class_curves", "label_bars", "true_against_predicted", "residuals")
    for name in both:
        patch.setattr(f"nncli.evaluate.plots.{name}", lambda *_: dot)
    # Of the rest, which may draw nothing, the figures are made.
    patch.setattr("nncli.evaluate.plots.canvas._saved", lambda figure, kind, metadata: DOTS[kind])
