"""What is minimised and how: the loss, the optimizer, the metrics, by Keras's names."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from nncli.config.schedules import LearningRate
from nncli.config.section import Section

LossName = Literal[
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
    "poisson",
]
CROSSENTROPIES: frozenset[str] = frozenset(name for name in get_args(LossName) if name.endswith("crossentropy"))
BINARY_CROSSENTROPIES: frozenset[str] = frozenset(name for name in CROSSENTROPIES if name.startswith("binary"))
CATEGORICAL_CROSSENTROPIES = CROSSENTROPIES - BINARY_CROSSENTROPIES
# The targets of these are rows with a 1 for the right class, and not its number.
ONE_HOT_LOSSES = CATEGORICAL_CROSSENTROPIES - {"sparse_categorical_crossentropy"}
# The options that each loss has; `name` is that of all.
LOSS_OPTIONS: dict[LossName, tuple[str, ...]] = {
    "binary_crossentropy": ("from_logits", "label_smoothing"),
    "categorical_crossentropy": ("from_logits", "label_smoothing"),
    "sparse_categorical_crossentropy": ("from_logits",),
    "binary_focal_crossentropy": ("from_logits", "label_smoothing", "gamma", "apply_class_balancing", "alpha"),
    "categorical_focal_crossentropy": ("from_logits", "label_smoothing", "gamma", "alpha"),
    "mean_squared_error": (),
    "mean_absolute_error": (),
    "huber": ("delta",),
    "poisson": (),
}

MetricName = Literal[
    "accuracy",
    "auc",
    "precision",
    "recall",
    "mean_absolute_error",
    "mean_squared_error",
    "root_mean_squared_error",
    "r2_score",
]
REGRESSION_METRICS: frozenset[str] = frozenset(get_args(MetricName)[4:])


def _by_name(value: Any) -> Any:
    """`adam` alone stands for `{name: adam}`."""
    return {"name": value} if isinstance(value, str) else value


class Loss(Section):
    """The loss of one example; the cost is its mean over a batch."""

    name: LossName = Field(description="Keras's name of the loss")
    from_logits: bool = Field(False, description="the output layer is linear and the loss applies the activation")
    label_smoothing: float = Field(0.0, ge=0.0, lt=1.0, description="for all cross-entropies except the sparse one")
    delta: float = Field(1.0, gt=0.0, description="huber: error from which the loss is linear")
    gamma: float = Field(2.0, ge=0.0, description="focal: how strongly well-classified examples are down-weighted")
    alpha: float = Field(0.25, gt=0.0, le=1.0, description="focal: weight of the positive class, or of each class")
    apply_class_balancing: bool = Field(False, description="binary focal: whether to weight the classes by alpha")


class _Optimizer(Section):
    weight_decay: float | None = Field(None, gt=0.0, description="shrinks the weights at each step")
    clipnorm: float | None = Field(
        None, gt=0.0, description="largest norm of each weight's gradient; scaled down to it"
    )
    clipvalue: float | None = Field(None, gt=0.0, description="largest absolute value of each gradient component")
    global_clipnorm: float | None = Field(
        None, gt=0.0, description="largest norm of all gradients together; scaled down to it"
    )
    use_ema: bool = Field(False, description="measure and keep a moving average of the weights of all steps")
    ema_momentum: float = Field(
        0.99, gt=0.0, lt=1.0, description="use_ema: share of the average that is kept at each step"
    )


class Sgd(_Optimizer):
    """Gradient descent: w := w - learning_rate * gradient."""

    name: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = Field(0.01, description="w := w - learning_rate * gradient")
    momentum: float = Field(0.0, ge=0.0, le=1.0, description="fraction of the previous step that is kept")
    nesterov: bool = Field(False, description="Nesterov's momentum")


class Adam(_Optimizer):
    """A step of its own for each weight (Kingma and Ba, 2014)."""

    name: Literal["adam"] = "adam"
    learning_rate: LearningRate = Field(0.001, description="about the size of a step of each weight")
    beta_1: float = Field(0.9, ge=0.0, lt=1.0, description="of the running mean of the gradient")
    beta_2: float = Field(0.999, ge=0.0, lt=1.0, description="of the running mean of its square")
    epsilon: float = Field(1e-7, gt=0.0, description="keeps the step finite")


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2017)."""

    name: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    weight_decay: float | None = Field(0.004, gt=0.0, description="shrinks the weights at each step")


class RMSprop(_Optimizer):
    """Divides the step by a running mean of the gradient's size (Hinton, 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    learning_rate: LearningRate = Field(0.001, description="about the size of a step of each weight")
    rho: float = Field(0.9, ge=0.0, lt=1.0, description="of the running mean of the squared gradient")
    momentum: float = Field(0.0, ge=0.0, le=1.0, description="fraction of the previous step that is kept")
    epsilon: float = Field(1e-7, gt=0.0, description="keeps the step finite")


class Adagrad(_Optimizer):
    """Divides the step by the size of all gradients so far (Duchi, Hazan and Singer, 2011)."""

    name: Literal["adagrad"] = "adagrad"
    learning_rate: LearningRate = Field(0.001, description="the size of the first steps of each weight")
    initial_accumulator_value: float = Field(0.1, ge=0.0, description="initial value of the sum of squared gradients")
    epsilon: float = Field(1e-7, gt=0.0, description="keeps the step finite")


class Lion(_Optimizer):
    """Steps of one size, in the direction of the sign alone (Chen et al., 2023)."""

    name: Literal["lion"] = "lion"
    learning_rate: LearningRate = Field(0.001, description="the size of a step of each weight")
    beta_1: float = Field(0.9, ge=0.0, lt=1.0, description="weight of the running mean in the step")
    beta_2: float = Field(0.99, ge=0.0, lt=1.0, description="of the running mean of the gradient")


Optimizer = Annotated[
    Sgd | Adam | AdamW | RMSprop | Adagrad | Lion, Field(discriminator="name"), BeforeValidator(_by_name)
]
OPTIMIZERS: dict[str, type[_Optimizer]] = {
    "sgd": Sgd,
    "adam": Adam,
    "adamw": AdamW,
    "rmsprop": RMSprop,
    "adagrad": Adagrad,
    "lion": Lion,
}
NamedLoss = Annotated[Loss, BeforeValidator(_by_name)]
