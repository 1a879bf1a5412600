"""What is minimised and how: the loss, the optimizer, the metrics, by Keras's names."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from nncli.config.section import Section

LossName = Literal[
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mean_squared_error",
    "mean_absolute_error",
    "huber",
]
CROSSENTROPIES: frozenset[str] = frozenset(name for name in get_args(LossName) if name.endswith("crossentropy"))

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
    label_smoothing: float = Field(0.0, ge=0.0, lt=1.0, description="for the crossentropies but the sparse one")
    delta: float = Field(1.0, gt=0.0, description="huber: where the square becomes a line")


class _Optimizer(Section):
    weight_decay: float | None = Field(None, gt=0.0, description="shrinks the weights at each step")
    clipnorm: float | None = Field(None, gt=0.0, description="gradients of a weight with a larger norm are scaled down")


class Sgd(_Optimizer):
    """Gradient descent: w := w - learning_rate * gradient."""

    name: Literal["sgd"] = "sgd"
    learning_rate: float = Field(0.01, gt=0.0, description="w := w - learning_rate * gradient")
    momentum: float = Field(0.0, ge=0.0, le=1.0, description="share of the last step that is kept")
    nesterov: bool = Field(False, description="Nesterov's momentum")


class Adam(_Optimizer):
    """A step of its own for each weight (Kingma and Ba, 2014)."""

    name: Literal["adam"] = "adam"
    learning_rate: float = Field(0.001, gt=0.0, description="about the size of a step of each weight")
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
    learning_rate: float = Field(0.001, gt=0.0, description="about the size of a step of each weight")
    rho: float = Field(0.9, ge=0.0, lt=1.0, description="of the running mean of the squared gradient")
    momentum: float = Field(0.0, ge=0.0, le=1.0, description="share of the last step that is kept")
    epsilon: float = Field(1e-7, gt=0.0, description="keeps the step finite")


Optimizer = Annotated[Sgd | Adam | AdamW | RMSprop, Field(discriminator="name"), BeforeValidator(_by_name)]
OPTIMIZERS: dict[str, type[_Optimizer]] = {"sgd": Sgd, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}
NamedLoss = Annotated[Loss, BeforeValidator(_by_name)]
