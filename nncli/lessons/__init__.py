"""The lecture's worked examples, computed step by step from numbers that can be changed; does not depend on training.

`catalogue` lists the lessons: `neurons/`, `outputs/`, `training/` and `architectures/` follow the lecture's parts, and
`graph/` has back-propagation on any expression, with `backpropagation` its lesson. `lesson` is what all of them return
and how they read and write numbers, `digits` the images that some look at, `sketch` draws in characters what
`evaluate.plots.panels` draws as a picture.
"""

from nncli.lessons.catalogue import LESSONS, Entry, find_lesson, fold
from nncli.lessons.lesson import Lesson, read_numbers, wrap_lines
from nncli.lessons.sketch import sketch

__all__ = ["LESSONS", "Entry", "Lesson", "find_lesson", "fold", "read_numbers", "sketch", "wrap_lines"]
