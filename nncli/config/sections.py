"""The sections of a config file, as frozen pydantic models; keys are Keras's own names."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from nncli.config.facts import Task
from nncli.config.layers import Layer, LayerSection
from nncli.config.layers.contract import ActivationName
from nncli.config.objective import Adam, MetricName, NamedLoss, Optimizer
from nncli.config.section import Fraction, FromList, Names, Positive, Section

BUNDLED = ("digits", "iris", "wine", "breast_cancer", "diabetes", "digit_attributes")
FILES = ("csv", "parquet", "images", "npz")
SOURCES = (*BUNDLED, "mnist", *FILES)

ColumnType = Literal["number", "category"]
# What the reader of a table takes for a missing value, unless `missing` says otherwise.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")


def _task(value: Any) -> Any:
    """YAML has only text for a task; a wrong one is left for pydantic to refuse with the list of right ones."""
    return Task(value) if isinstance(value, str) and value in set(Task) else value


class Data(Section):
    """Where examples come from, what is predicted from them, and how they are split."""

    source: str
    path: str | None = Field(None, description="csv, parquet, images, npz: a file or folder, relative to the config")
    target: Names | None = Field(None, description="the column to predict, or a list of label columns")
    task: Annotated[Task, BeforeValidator(_task)] | None = None
    features: Names | None = Field(None, description="the only columns to learn from")
    drop: Names = ()
    columns: dict[str, ColumnType] = Field(default_factory=dict, description="types of columns, instead of the guess")
    missing: Names = MISSING
    delimiter: str = Field(",", min_length=1, max_length=1)
    header: bool = True
    test: str | Fraction | None = Field(None, description="fraction, or the path of a test part; 0.2 by default")
    validation: Fraction = Field(0.1, description="fraction of the training part")
    scale_target: bool = True
    fallback: str | None = Field(None, description="a bundled source for when this one cannot be had offline")

    @field_validator("source")
    @classmethod
    def _known_source(cls, source: str) -> str:
        if source in SOURCES or (source.startswith("tfds:") and len(source) > 5):
            return source
        raise PydanticCustomError("unknown_name", "unknown source", {"got": source, "known": [*SOURCES, "tfds:<name>"]})

    @field_validator("fallback")
    @classmethod
    def _bundled_fallback(cls, fallback: str | None) -> str | None:
        if fallback is None or fallback in BUNDLED:
            return fallback
        raise PydanticCustomError(
            "unknown_name", "a fallback is a bundled source", {"got": fallback, "known": list(BUNDLED)}
        )


class Model(Section):
    """The stack of layers; the last one is the output layer."""

    hidden_activation: ActivationName = Field("relu", description="for every hidden layer that names none")
    layers: Annotated[tuple[Layer, ...], FromList, Field(min_length=1)]


class EarlyStopping(Section):
    """Stops when a metric no longer improves, and goes back to the best weights."""

    monitor: str = "val_loss"
    patience: Positive = 5
    min_delta: float = Field(0.0, ge=0.0)


class ReduceLearningRate(Section):
    """Multiplies the learning rate by `factor` when a metric no longer improves."""

    monitor: str = "val_loss"
    factor: Fraction = 0.5
    patience: Positive = 3
    min_learning_rate: float = Field(0.0, ge=0.0)


class Train(Section):
    """How long, in which steps and on what."""

    epochs: Positive = 20
    batch_size: Positive | Literal["full"] = 32
    executor: Literal["auto", "xla", "graph", "keras"] = "auto"
    early_stopping: EarlyStopping | None = None
    reduce_lr_on_plateau: ReduceLearningRate | None = None
    class_weight: Literal["balanced"] | dict[str, float] | None = None
    threads: Positive | None = None
    keep: Literal["best", "last"] = Field("best", description="weights of the best epoch by the monitor, or the last")


def _adam() -> Adam:
    return Adam()


class Config(Section):
    """A whole experiment: data, network, loss, optimizer, training."""

    name: str = Field("run", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$")
    seed: int = Field(1, ge=0, lt=2**32)
    data: Data
    model: Model
    loss: NamedLoss | None = None
    optimizer: Optimizer = Field(default_factory=_adam)
    metrics: Annotated[tuple[MetricName, ...], FromList] | None = None
    train: Train = Field(default_factory=Train)
    silence: Names = ()


def to_mapping(config: Config) -> dict[str, Any]:
    """The config as plain values in the shape of its YAML file: what is at its default and empty is left out."""
    document = config.model_dump(mode="json", exclude_none=True)
    document["model"]["layers"] = [_layer_mapping(layer) for layer in config.model.layers]
    if document["data"]["missing"] == list(MISSING):
        del document["data"]["missing"]
    return {key: _without_empty(value) for key, value in document.items() if value not in ([], {})}


def _layer_mapping(layer: LayerSection) -> dict[str, Any]:
    options = layer.model_dump(mode="json", exclude={"kind"}, exclude_defaults=True, exclude_none=True)
    return {layer.kind: options}


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if item not in ([], {}) or key == "layers"}
