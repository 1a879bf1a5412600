"""The words and classes of all rows in the order in which a model has them, from the order of their appearance."""

from dataclasses import replace

import numpy as np

from nncli.config.facts import Task
from nncli.data.streaming.tables.collecting import Words
from nncli.data.streaming.tables.planning import Plan
from nncli.data.tables.encoding import VOCABULARY_LIMIT
from nncli.data.tables.files.columns import text_column
from nncli.data.targets import Goal, ordered_classes
from nncli.errors import DataError


def settle_goal(plan: Plan, classes: Words | None) -> tuple[Goal, np.ndarray | None]:
    """The goal with the classes of all rows, and the class of each code; None without classes.

    Raises DataError for more values than the sample promised.
    """
    if classes is None:
        return plan.goal, None
    texts = classes.texts
    if plan.goal.task is Task.BINARY and len(texts) > 2:
        raise DataError(
            f'target "{plan.targets[0]}" has {len(texts):,} values, of which a sample of the rows has only 2',
            hint="say `task: multiclass`, or `task: regression` if they are amounts",
        )
    if len(texts) > VOCABULARY_LIMIT:
        raise DataError(
            f'target "{plan.targets[0]}" has {len(texts):,} classes, and at most {VOCABULARY_LIMIT:,} are learned',
            hint="choose another target, or say `task: regression`",
        )
    ordered = ordered_classes(text_column(plan.targets[0], np.arange(len(texts), dtype=np.int32), texts))
    place = {name: index for index, name in enumerate(ordered)}
    class_of = np.array([0, *(place[text] for text in texts)], np.int64)
    return replace(plan.goal, classes=ordered), class_of


def vocabulary_of(words: Words, counts: np.ndarray) -> tuple[str, ...]:
    """The words of the training set, the most frequent first, equally frequent ones by name."""
    seen = [(text, int(counts[code])) for text, code in words.codes.items() if counts[code]]
    ordered = sorted(seen, key=lambda each: (-each[1], each[0]))
    return tuple(text for text, _ in ordered[:VOCABULARY_LIMIT])


def places_in(words: Words, vocabulary: tuple[str, ...]) -> np.ndarray:
    """The place in the vocabulary of each code, int32; 0 for words that it lacks."""
    place = {text: index for index, text in enumerate(vocabulary, 1)}
    return np.array([0, *(place.get(text, 0) for text in words.codes)], np.int32)
