"""The data and the model of a run, read again for its page: only where that is quick, and never over the network."""

from dataclasses import dataclass

from nncli.config.sections import BUNDLED, Config
from nncli.console import Console
from nncli.data.dataset import Dataset
from nncli.errors import NncliError
from nncli.pipeline.folders import Folders
from nncli.pipeline.own_data import read_own_data
from nncli.pipeline.predicting.open_run import OpenRun
from nncli.run import files
from nncli.run.folder import RunFolder
from nncli.runtime.predictor import Predictor

# Reading more rows than that of files takes longer than a page may; prepared arrays are opened and not read.
_MOST_ROWS = {"images": 3000, "csv": 50_000, "parquet": 50_000, "npz": 100_000, "excel": 5000}
_MOST_PREPARED = 100_000


@dataclass(frozen=True)
class OwnRows:
    """The data set of a run, the same as it was trained on, and its exported model."""

    dataset: Dataset
    predictor: Predictor


def read_own_rows(run: OpenRun, folders: Folders) -> OwnRows | str:
    """The rows and the model, or in words why they are left out."""
    try:
        told = _too_long(run.load_config().config, run.folder, folders)
        if told is not None:
            return told
        model = run.folder.find_intact(files.LITE_MODEL)
        if model is None:
            return "the run has no model.tflite, which predicts without TensorFlow"
        dataset = read_own_data(run, folders, Console(quiet=True))
        return OwnRows(dataset, Predictor(model))
    except NncliError as error:
        return error.message
    except OSError as error:
        return f"{error.filename or 'the data'} cannot be read: {error.strerror}"


def _too_long(config: Config, folder: RunFolder, folders: Folders) -> str | None:
    """Why the data is not read again, None if it can be."""
    from nncli.data.prepared.loading import must_download

    source = config.data.source
    if must_download(source, folders.data_dir):
        return f"{source} is not on this machine"
    counts = folder.record.get("data", {}).get("rows")
    rows = sum(counts.values()) if isinstance(counts, dict) else 0
    most = _MOST_PREPARED if source in BUNDLED else _MOST_ROWS.get(source, _MOST_PREPARED)
    return f"reading {rows:,} rows again takes too long for a page" if rows > most else None
