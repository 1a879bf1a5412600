"""The lecture's worked examples, computed step by step from numbers that can be changed; does not depend on training.

`LESSONS` maps the name of a topic to a function that takes assignments such as `w=3` and returns a `Lesson`. `graph/`
has back-propagation on any expression.
"""

from collections.abc import Callable, Sequence

from nncli.lessons.backpropagation import teach_backpropagation
from nncli.lessons.lesson import Lesson
from nncli.lessons.neuron import teach_neuron

LESSONS: dict[str, Callable[[Sequence[str]], Lesson]] = {
    "neuron": teach_neuron,
    "backprop": teach_backpropagation,
}

__all__ = ["LESSONS", "Lesson"]
