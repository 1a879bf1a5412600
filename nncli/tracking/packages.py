"""Which trackers there are, and whether the packages they need are installed."""

from collections.abc import Iterable
from importlib.util import find_spec

from nncli.errors import UsageError, how_to_install

TENSORBOARD, MLFLOW = "tensorboard", "mlflow"
# tracker, which is also its extra -> the packages that writing needs, by the names they are imported under
_NEEDED = {TENSORBOARD: ("tensorboard",), MLFLOW: ("mlflow", "sqlalchemy", "alembic")}
TRACKERS = tuple(_NEEDED)


def require_packages(trackers: Iterable[str]) -> None:
    """Raises UsageError, with the command that installs it, for a tracker whose packages are missing.

    Nothing is imported: that would take seconds.
    """
    for tracker in trackers:
        missing = [package for package in _NEEDED[tracker] if find_spec(package) is None]
        if missing:
            raise UsageError(
                f"{tracker} needs the package {missing[0]}, which is not installed",
                hint=how_to_install(tracker),
            )
