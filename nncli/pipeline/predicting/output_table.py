"""Predictions as a table for the terminal: the first ones, and how many more there are."""

from typing import Any

from nncli.console import Console, make_table
from nncli.pipeline.predicting.named_predictions import Answer, Answers

_LONGEST_NAME, _SHORTEST_NAME = 36, 12
_ROOM_FOR_NEXT = 72  # a narrower terminal does not show the next classes
_TABLE_ROWS = 60


class TableWriter:
    """Collects the first predictions and prints them as one table."""

    def __init__(self, console: Console) -> None:
        self._console, self._shown, self._count = console, list[Answer](), 0

    def write(self, answers: Answers) -> None:
        """Adds a batch of predictions."""
        self._shown += answers.first(max(0, _TABLE_ROWS - len(self._shown))).records()
        self._count += len(answers)

    def close(self) -> None:
        """Prints the table."""
        if not self._shown:
            return
        columns = ["input", "prediction", *(["probability", "next"] if "probabilities" in self._shown[0] else [])]
        if self._console.width < _ROOM_FOR_NEXT and not isinstance(self._shown[0]["prediction"], list):
            columns = [name for name in columns if name != "next"]
        cells = [_marked_row(answer)[: len(columns) - 1] for answer in self._shown]
        # The names get what the other columns leave, with two blanks before each of these.
        widths = [max(map(len, column)) + 2 for column in zip(columns[1:], *cells, strict=True)]
        room = max(_SHORTEST_NAME, min(_LONGEST_NAME, self._console.width - sum(widths)))
        rows = [[_short_name(answer["input"], room), *row] for answer, row in zip(self._shown, cells, strict=True)]
        self._console.answer({}, make_table(columns, rows, left=2))
        left_out = self._count - len(rows)
        if left_out:
            self._console.say(f"and {left_out:,} more; all of them: --output FILE.csv")


def _short_name(name: str, room: int) -> str:
    """The end of a long path, cut at a folder name if possible; a line break in it would break the table."""
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    if len(name) <= room:
        return name
    end = name[3 - room :]
    return f"...{end[end.find('/') :] if '/' in end[:-1] else end}"


def _marked_row(answer: Answer) -> list[str]:
    """The cells after the name, with a mark on an image that is unlike the training images."""
    prediction, *others = _table_row(answer)
    unlike = answer.get("unlike_training", 0)
    return [f"{prediction} (unlike training {unlike:.3g})" if unlike > 1 else prediction, *others]


def _table_row(answer: Answer) -> list[str]:
    """Prediction, its probability and the next ones; or the value alone."""
    prediction: Any = answer["prediction"]
    probabilities = answer.get("probabilities", {})
    if isinstance(prediction, dict):
        return [", ".join(f"{name} {value:.4g}" for name, value in prediction.items())]
    if isinstance(prediction, list):
        shown = ", ".join(prediction) or "(none)"
        ranked = ", ".join(f"{name} {value:.3f}" for name, value in probabilities.items())
        return [shown, "", ranked]
    if not probabilities:
        return [f"{prediction:.6g}"]
    others = list(probabilities.items())[1:3]
    ranked = ", ".join(f"{name} {value:.3f}" for name, value in others)
    return [prediction, f"{answer['probability']:.4f}", ranked]
