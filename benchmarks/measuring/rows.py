"""What is measured: each piece of work, who does it beside nncli, how many times as long that must take at least."""

from dataclasses import dataclass

SOFTMAX = "configs/mnist_softmax.yaml"
MISSING = "not installed: pip install -r benchmarks/requirements.txt"


@dataclass(frozen=True)
class Peer:
    """Someone who does the same work as nncli; `package` is what must be installed for it."""

    name: str
    contender: str
    at_least: float | None = None
    package: str | None = None


@dataclass(frozen=True)
class Row:
    """A piece of work. `rounds` is how often each turn is counted, `score` what the result is judged by.

    `faster_at_least` is demanded of the fastest peer; `kind` says which function measures the row.
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
    """An epoch of a network: the config with some values set, as `--set` does it, for all contenders alike."""

    kind: str = "epoch"
    config: str = SOFTMAX
    assignments: tuple[str, ...] = ()


def _dense_peers(
    fit: float | None = None, torch: float | None = None, sklearn: float | None = None, jax: float | None = None
) -> tuple[Peer, ...]:
    """Those who can train a dense network, and what is demanded against each."""
    return (
        Peer("model.fit", "keras_fit", fit),
        Peer("PyTorch loop", "torch_loop", torch, "torch"),
        Peer("scikit-learn", "sklearn_mlp", sklearn),
        Peer("JAX scan", "jax_scan", jax, "jax"),
    )


def _layer_peers(fit: float | None = None) -> tuple[Peer, ...]:
    """Those who can train any network."""
    return (Peer("model.fit", "keras_fit", fit), Peer("PyTorch loop", "torch_loop", None, "torch"))


_WIDE = "model.layers=[{dense: {units: 512}}, {dense: {units: 512}}, {dense: {units: 10, activation: linear}}]"
_ROWS_AS_STEPS = (
    "data.source=mnist",
    "model.layers=[{reshape: {target_shape: [28, 28]}}, {gru: {units: 128}}, output]",
    "optimizer.learning_rate=0.001",
    "train.batch_size=128",
)
_TUNED = (Peer("fit, 64 steps a call", "keras_fit_64"), Peer("PyTorch, fused Adam", "torch_fused", None, "torch"))

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
        # A schedule hangs on the number of epochs, which a peer's loop would have to know.
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
        "an epoch of MNIST row by row, GRU 128, batch 128",
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
        note="start-up, data, training, test and all files; one short run of each before",
    ),
    Row(
        "compare",
        "nncli compare: 2 variants, 5 seeds, 10 epochs",
        (Peer("ten scripts in a row", "script", 15),),
        kind="compare",
        rounds=2,
        note="a round runs one script, of 10 epochs, and counts its seconds ten times",
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
        "one image, the model loaded and warm",
        (Peer("model.predict", "keras_predict"), Peer("model(x)", "keras_call")),
        kind="warm_one",
        rounds=7,
        score=None,
        note="an image's share of 50 calls",
    ),
    Row(
        "warm_10000",
        "10,000 images, the model loaded and warm",
        (Peer("model.predict", "keras_predict"), Peer("model(x)", "keras_call")),
        kind="warm_10000",
        rounds=7,
    ),
    Row(
        "load",
        "MNIST as arrays, the second time",
        (Peer("tfds.load", "tfds", 50),),
        kind="load",
        rounds=3,
        score=None,
        note="new processes; imports are not counted",
    ),
    Row(
        "load_process",
        "MNIST as arrays, the second time, imports included",
        (Peer("tfds.load", "tfds"),),
        kind="load_process",
        rounds=3,
        score=None,
        note="the whole process, from its start to its end",
    ),
)


def find_rows(names: str) -> tuple[Row, ...]:
    """The rows with these names, parted by commas, in their own order. Raises ValueError for an unknown one."""
    wanted = {name.strip() for name in names.split(",")}
    known = [row.name for row in ROWS]
    unknown = sorted(wanted.difference(known))
    if unknown:
        raise ValueError(f"got {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(row for row in ROWS if row.name in wanted)
