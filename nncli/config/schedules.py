"""Learning rates that change in the course of a training, counted in epochs; does not depend on steps or optimizers.

Options bear the names of Keras's schedules, with `epochs` for its `steps`: how many steps an epoch has depends on the
data and the batch size, and the model room works it out.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from nncli.config.section import FromList, Section

Rate = Annotated[float, Field(gt=0.0)]
# So many that their steps are still a number that a step counter can hold.
Epochs = Annotated[float, Field(gt=0.0, lt=1e6)]


class _FromPeak(Section):
    initial_learning_rate: Rate = Field(description="the learning rate at the start, or at the end of the warm-up")
    warmup_epochs: float = Field(0.0, ge=0.0, lt=1e6, description="epochs of linear growth from 0 at the start")


class Constant(_FromPeak):
    """One learning rate for the whole training, with a warm-up before it."""

    schedule: Literal["constant"] = Field("constant", description="which schedule")


class Exponential(_FromPeak):
    """Multiplied by decay_rate every decay_epochs epochs, a little at each step."""

    schedule: Literal["exponential"] = Field("exponential", description="which schedule")
    decay_rate: float = Field(0.9, gt=0.0, le=1.0, description="factor of the learning rate every decay_epochs epochs")
    decay_epochs: Epochs = Field(1.0, description="epochs in which the learning rate is multiplied by decay_rate once")
    staircase: bool = Field(False, description="fall in steps, every decay_epochs epochs, rather than smoothly")


class Cosine(_FromPeak):
    """Falls along half a wave of the cosine: slowly, fast, slowly (Loshchilov and Hutter, 2016)."""

    schedule: Literal["cosine"] = Field("cosine", description="which schedule")
    decay_epochs: Epochs | None = Field(None, description="epochs until it reaches its end; train.epochs when left out")
    alpha: float = Field(0.0, ge=0.0, le=1.0, description="final learning rate as a fraction of initial_learning_rate")


class Piecewise(Section):
    """One learning rate after the other."""

    schedule: Literal["piecewise"] = Field("piecewise", description="which schedule")
    boundaries: Annotated[tuple[Epochs, ...], Field(min_length=1), FromList] = Field(
        description="epochs after which the next value applies, in ascending order"
    )
    values: Annotated[tuple[Rate, ...], Field(min_length=2), FromList] = Field(
        description="the learning rates, one more than boundaries"
    )


Schedule = Constant | Exponential | Cosine | Piecewise
SCHEDULES: dict[str, type[Section]] = {
    "constant": Constant,
    "exponential": Exponential,
    "cosine": Cosine,
    "piecewise": Piecewise,
}


def _branch(value: Any) -> str:
    """Told apart by form, so that a wrong number is not also said to be no schedule."""
    return "section" if isinstance(value, dict | Section) else "number"


LearningRate = Annotated[
    Annotated[Rate, Tag("number")] | Annotated[Schedule, Field(discriminator="schedule"), Tag("section")],
    Discriminator(_branch),
]


def rates_of(learning_rate: float | Schedule) -> tuple[float, ...]:
    """Every learning rate that is named; for a fall or a warm-up, the highest."""
    if isinstance(learning_rate, Piecewise):
        return learning_rate.values
    if isinstance(learning_rate, _FromPeak):
        return (learning_rate.initial_learning_rate,)
    return (learning_rate,)
