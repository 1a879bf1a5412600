"""The sections of a config file, as frozen pydantic models; keys are Keras's own names."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nncli.config.data.columns import ColumnType, ImageSize, Numbers, PixelImage
from nncli.config.data.splits import Fold, SplitRule
from nncli.config.facts import Resize, Spellings, Task
from nncli.config.layer_section import ActivationName
from nncli.config.layers import Layer, LayerSection
from nncli.config.objective import Adam, MetricName, NamedLoss, Optimizer
from nncli.config.section import Fraction, FromList, Names, Positive, Section, Trackers, problem_of_address
from nncli.config.text_format import TextFormat

BUNDLED = ("digits", "iris", "wine", "breast_cancer", "diabetes", "digit_attributes", "shapes")
FILES = ("csv", "parquet", "images", "npz")
SOURCES = (*BUNDLED, "mnist", *FILES)
# Those whose data may be larger than memory.
STREAMED = ("csv", "parquet", "images", "npz")

PathText = Annotated[str, Field(min_length=1)]
NotNegative = Annotated[float, Field(ge=0.0)]
Duplicates = Literal["keep", "drop", "together"]
# How the points of `shapes` lie in the plane (data.shapes).
ShapeName = Literal["circles", "moons", "spirals", "xor"]


# What the reader of a table takes for a missing value, unless `missing` says otherwise.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?")


def is_name_pattern(labels: str) -> bool:
    """Whether `data.labels` is a pattern of file names, and not the path of a table."""
    return "{" in labels or "*" in labels


def _task(value: Any) -> Any:
    """YAML has only text for a task; a wrong one is left for pydantic to refuse with the list of right ones."""
    return Task(value) if isinstance(value, str) and value in set(Task) else value


class Data(TextFormat):
    """Where examples come from, what is predicted from them, and how they are split."""

    source: str = Field(
        description="a bundled data set, mnist, tfds:<name>, or the kind of file that `path` names",
        json_schema_extra={"anyOf": [{"enum": [*SOURCES]}, {"pattern": "^tfds:."}]},
    )
    path: PathText | None = Field(
        None, description="csv, parquet, images, npz: a file or folder, relative to the config"
    )
    target: Names | None = Field(None, description="the column to predict, or a list of label columns")
    task: Annotated[Task, BeforeValidator(_task)] | None = Field(
        None, description="the task; inferred from the target when left out"
    )
    features: Names | None = Field(None, description="the only columns to learn from")
    drop: Names = Field((), description="columns not to learn from")
    columns: dict[str, ColumnType] = Field(
        default_factory=dict, description="types of columns that are not to be inferred"
    )
    day_first: bool | None = Field(
        None, description="whether 03/04/2024 is the third of April; said where no part above 12 shows it"
    )
    missing: Names = Field(MISSING, description='cells of a table that mean "no value"; replaces the whole default')
    summary: Literal["drop", "keep"] = Field(
        "drop", description="rows at the end of a table that sum it up, such as Total"
    )
    values: Spellings = Field(
        default_factory=dict,
        description="other spellings of values in columns of texts, as in {Yes: [yes, YES]}; none of them is missing",
    )
    image: PixelImage | None = Field(
        None, description="csv, parquet: the columns beside the target are the pixels of images"
    )
    labels: PathText | None = Field(
        None,
        description="images: a table that names files and classes, or a pattern of the files' names such as "
        "'{class}_*'; each folder is a class when left out",
    )
    file_column: str | None = Field(
        None, description="images: the column of the `labels` table that names the files; found when left out"
    )
    size: ImageSize | None = Field(
        None,
        description="images: the side in pixels, or [height, width]; the most common size when left out",
    )
    resize: Resize | None = Field(
        None, description="images of another aspect: pad with the border's colour (the default), crop, or stretch"
    )
    prepare: Literal["ink", "none"] | None = Field(
        None,
        description="images: ink finds the drawing in an image, then scales and centres it as in MNIST; the default of "
        "mnist and digits for new images, none turns it off",
    )
    shape: ShapeName | None = Field(None, description="shapes: how the points lie in the plane; circles by default")
    samples: Annotated[int, Field(ge=20, le=1_000_000)] | None = Field(
        None, description="shapes: the number of points; 500 by default"
    )
    noise: Annotated[float, Field(ge=0.0, le=10.0)] | None = Field(
        None, description="shapes: standard deviation of what is added to each coordinate; 0.05 by default"
    )
    arms: Annotated[int, Field(ge=2, le=9)] | None = Field(
        None, description="shapes: the number of spirals, each a class; 2 by default"
    )
    test: PathText | Fraction | None = Field(None, description="fraction, or the path of a test set; 0.2 by default")
    validation: Fraction = Field(0.1, description="fraction of the training set")
    split: SplitRule | None = Field(None, description="what rows are split by; by chance when left out")
    fold: Fold | None = Field(None, description="a fold of the rows as the test set, in place of `test`")
    split_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = Field(
        None, description="determines the split in place of `seed`, so that several seeds can share one"
    )
    duplicates: Duplicates = Field(
        "keep",
        description="equal rows: keep splits them like others, drop keeps one, together puts them in the same set",
    )
    numbers: Numbers = Field(default_factory=Numbers, description="how numeric columns are encoded")
    scale_target: bool = Field(
        True, description="regression: train on the scaled target; predictions stay in its units"
    )
    memory: Literal["auto", "all", "stream"] = Field(
        "auto",
        description="csv, parquet, images, npz: all reads data into memory, stream keeps it in files and reads windows "
        "of rows from there; auto streams what would take more than a third of the free memory",
    )
    fallback: str | None = Field(
        None,
        description="a bundled source for when this one is not available offline",
        json_schema_extra={"enum": [*BUNDLED, None]},
    )

    @property
    def text_format(self) -> TextFormat:
        """How the text of a table is read."""
        return TextFormat(**{name: getattr(self, name) for name in TextFormat.model_fields})

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

    hidden_activation: ActivationName = Field(
        "relu", description="for hidden layers without an activation of their own"
    )
    members: Annotated[int, Field(ge=1, le=64)] = Field(
        1, description="networks trained at once that share their dense kernels; their predictions are averaged"
    )
    layers: Annotated[tuple[Layer, ...], Field(min_length=1), FromList] = Field(
        description="from the input to the output; the last one is the output layer"
    )


class EarlyStopping(Section):
    """Stops when a metric no longer improves, and goes back to the best weights."""

    monitor: str = Field(
        "val_loss", description="loss or a metric, on the training set or (with val_) the validation set"
    )
    patience: Positive = Field(5, description="epochs without improvement before it stops")
    min_delta: float = Field(0.0, ge=0.0, description="a smaller change is no improvement")


class ReduceLearningRate(Section):
    """Multiplies the learning rate by `factor` when a metric no longer improves."""

    monitor: str = Field(
        "val_loss", description="loss or a metric, on the training set or (with val_) the validation set"
    )
    factor: Fraction = Field(0.5, description="factor by which the learning rate is multiplied")
    patience: Positive = Field(3, description="epochs without improvement before the learning rate is lowered")
    min_learning_rate: float = Field(0.0, ge=0.0, description="the learning rate never goes below it")


class Train(Section):
    """How long, in which steps and on what."""

    epochs: Positive = Field(20, description="passes over the training set, at most")
    batch_size: Positive | Literal["full"] = Field(
        32, description="examples a step; full is plain gradient descent over all of them"
    )
    executor: Literal["auto", "xla", "graph", "keras"] = Field(
        "auto", description="how the steps are run; auto chooses by the layers and the device"
    )
    early_stopping: EarlyStopping | None = Field(None, description="without it, all epochs are trained")
    reduce_lr_on_plateau: ReduceLearningRate | None = Field(None, description="without it, the learning rate stays")
    class_weight: Literal["balanced"] | dict[str, NotNegative] | None = Field(
        None, description="balanced gives each class the same total weight; or a weight for each class by name"
    )
    threads: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        None, description="threads to train with; chosen when left out"
    )
    keep: Literal["best", "last"] = Field("best", description="weights of the best epoch by the monitor, or the last")
    checkpoint: Literal["keep", "none"] = Field(
        "keep", description="whether a finished run keeps the state from which --resume can extend it"
    )
    health: bool = Field(True, description="whether the layers are watched during training (health.jsonl)")
    tracking: Trackers = Field((), description="other tools that are told of the training: tensorboard, mlflow")
    tracking_uri: PathText | None = Field(None, description="mlflow: a server, instead of a database beside the runs")

    @field_validator("tracking_uri")  # of the field, so that a problem is told where it is set
    @classmethod
    def _has_a_use_for_the_address(cls, address: str | None, info: ValidationInfo) -> str | None:
        if address is not None and "mlflow" not in info.data.get("tracking", ("mlflow",)):
            raise PydanticCustomError("tracking_uri", "tracking_uri is for mlflow; add mlflow to tracking, or drop it")
        if (problem := problem_of_address(address)) is not None:
            raise PydanticCustomError("tracking_uri", f"tracking_uri {problem}")
        return address


def _adam() -> Adam:
    return Adam()


class Config(Section):
    """A whole experiment: data, network, loss, optimizer, training."""

    name: str = Field(
        "run",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$",
        description="the name of the run; the file's name when left out",
    )
    seed: int = Field(
        1, ge=0, lt=2**32, description="determines the split, the initial weights, the order and the dropout"
    )
    data: Data = Field(description="where the examples come from")
    model: Model = Field(description="the layers")
    loss: NamedLoss | None = Field(
        None, description="what is minimised; chosen from the output layer and the task when left out"
    )
    optimizer: Optimizer = Field(default_factory=_adam, description="how the loss is minimised")
    metrics: Annotated[tuple[MetricName, ...], FromList] | None = Field(
        None, description="what is measured after each epoch; chosen from the task when left out"
    )
    train: Train = Field(default_factory=Train, description="how long, in which steps")
    silence: Names = Field((), description="ids of rules whose warnings are turned off")


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
