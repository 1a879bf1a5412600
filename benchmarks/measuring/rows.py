"""What is measured: each piece of work, the peers that nncli is compared with, and the required ratios."""

from dataclasses import dataclass

SOFTMAX = "configs/mnist_softmax.yaml"
MISSING = "not installed: pip install -r benchmarks/requirements.txt"


@dataclass(frozen=True)
class Peer:
    """A tool that does the same work as nncli; `package` is what it needs installed, `at_least` the required ratio."""

    name: str
    contender: str
    at_least: float | None = None
    package: str | None = None


@dataclass(frozen=True)
class Row:
    """A piece of work; `rounds` is the number of counted turns, `score` the metric of the result.

    `faster_at_least` is the ratio required for the faster of the first two peers; `kind` selects the function that
    measures the row.
    """

    name: str
    title: str
    peers: tuple[Peer, ...]
    kind: str
    rounds: int = 5
    score: str | None = "accuracy"
    note: str = ""
    faster_at_least: float | None = None


@dataclass(frozen=True)
class TrainingRow(Row):
    """An epoch of a network: the config with values set as by `--set`, the same for all contenders."""

    kind: str = "epoch"
    config: str = SOFTMAX
    assignments: tuple[str, ...] = ()


def _dense_peers(
    fit: float | None = None, torch: float | None = None, sklearn: float | None = None, jax: float | None = None
) -> tuple[Peer, ...]:
    """The peers that can train a dense network, with the ratio required for each."""
    return (
        Peer("model.fit", "keras_fit", fit),
        Peer("PyTorch loop", "torch_loop", torch, "torch"),
        Peer("scikit-learn", "sklearn_mlp", sklearn),
        Peer("JAX scan", "jax_scan", jax, "jax"),
    )


def _layer_peers(fit: float | None = None) -> tuple[Peer, ...]:
    """The peers that can train any network."""
    return (Peer("model.fit", "keras_fit", fit), Peer("PyTorch loop", "torch_loop", None, "torch"))


_WIDE = "model.layers=[{dense: {units: 512}}, {dense: {units: 512}}, {dense: {units: 10, activation: linear}}]"
_ROWS_AS_STEPS = (
    "data.source=mnist",
    "model.layers=[{reshape: {target_shape: [28, 28]}}, {gru: {units: 128}}, output]",
    "optimizer.learning_rate=0.001",
    "train.batch_size=128",
)
_TUNED = (Peer("fit, 64 steps per call", "keras_fit_64"), Peer("PyTorch, fused Adam", "torch_fused", None, "torch"))

ROWS: tuple[Row, ...] = (
    TrainingRow("dense_32", "an epoch of MNIST, 25-15-10, batch 32", (*_dense_peers(10, 5, 3, 1), *_TUNED), rounds=7),
    TrainingRow(
        "dense_128",
        "an epoch of MNIST, 25-15-10, batch 128",
        _dense_peers(),
        rounds=7,
        assignments=("train.batch_size=128",),
    ),
    TrainingRow(
        "wide_128",
        "an epoch of MNIST, 512-512-10, batch 128",
        _dense_peers(),
        faster_at_least=1.3,
        assignments=(_WIDE, "train.batch_size=128"),
    ),
    TrainingRow(
        "cnn",
        "an epoch of MNIST, convolutions 16-32-64, batch 128",
        _layer_peers(),
        rounds=3,
        faster_at_least=2,
        config="configs/mnist_cnn.yaml",
    ),
    TrainingRow(
        "transformer",
        "an epoch of MNIST, vision transformer, batch 128",
        _layer_peers(1.5),
        rounds=3,
        config="configs/mnist_vit.yaml",
        # A schedule depends on the number of epochs, which a peer's loop would have to know.
        assignments=("optimizer.learning_rate=0.001",),
    ),
    TrainingRow(
        "recurrent",
        "an epoch of the bundled digits, GRU 32, batch 32",
        _layer_peers(1.5),
        rounds=20,
        config="configs/digits_recurrent.yaml",
    ),
    TrainingRow(
        "recurrent_mnist",
        "an epoch of MNIST, rows as time steps, GRU 128, batch 128",
        _layer_peers(1.5),
        rounds=3,
        config="configs/digits_recurrent.yaml",
        assignments=_ROWS_AS_STEPS,
    ),
    TrainingRow(
        "diamonds",
        "an epoch of diamonds (price), 64-64-1, batch 256",
        _dense_peers(),
        rounds=7,
        score="R²",
        config="benchmarks/tables/diamonds.yaml",
        assignments=("loss=mean_squared_error",),  # scikit-learn has no huber
    ),
    Row(
        "train",
        "the whole command: mnist_softmax, 20 epochs",
        (Peer("the lecture's script", "script", 5),),
        kind="train",
        rounds=3,
        note="start-up, data, training, test and all files; one short warm-up run each",
    ),
    Row(
        "compare",
        "nncli compare: 2 variants, 5 seeds, 10 epochs",
        (Peer("ten scripts in a row", "script", 15),),
        kind="compare",
        rounds=2,
        note="each round runs one script of 10 epochs and multiplies its time by ten",
    ),
    Row(
        "predict_one",
        "the whole command: predict one image",
        (Peer("script, model.keras", "script", 20),),
        kind="predict_one",
        score=None,
    ),
    Row(
        "predict_10000",
        "the whole command: predict 10,000 image files",
        (Peer("script, model.keras", "script"),),
        kind="predict_10000",
        rounds=2,
    ),
    Row(
        "warm_one",
        "one image, model loaded and warmed up",
        (Peer("model.predict", "keras_predict"), Peer("model(x)", "keras_call")),
        kind="warm_one",
        rounds=7,
        score=None,
        note="mean of 50 calls",
    ),
    Row(
        "warm_10000",
        "10,000 images, model loaded and warmed up",
        (Peer("model.predict", "keras_predict"), Peer("model(x)", "keras_call")),
        kind="warm_10000",
        rounds=7,
    ),
    Row(
        "load",
        "loading MNIST as arrays, the second time",
        (Peer("tfds.load", "tfds", 50),),
        kind="load",
        rounds=3,
        score=None,
        note="new processes; imports not included",
    ),
    Row(
        "load_process",
        "loading MNIST as arrays, the second time, imports included",
        (Peer("tfds.load", "tfds"),),
        kind="load_process",
        rounds=3,
        score=None,
        note="time of the whole process",
    ),
)


def find_rows(names: str) -> tuple[Row, ...]:
    """The rows with these comma-separated names, in the order of ROWS. Raises ValueError for an unknown name."""
    wanted = {name.strip() for name in names.split(",")}
    known = [row.name for row in ROWS]
    unknown = sorted(wanted.difference(known))
    if unknown:
        raise ValueError(f"got {', '.join(unknown)}; choose from {', '.join(known)}")
    return tuple(row for row in ROWS if row.name in wanted)
