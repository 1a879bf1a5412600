"""Predictions as a table for the terminal: the first ones, and how many more there are."""

from typing import Any

from nncli.console import Console, make_table
from nncli.pipeline.predicting.named_predictions import Answer, Answers

_NAME_WIDTH = 36
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
        rows = [[_short_name(answer["input"]), *_table_row(answer)] for answer in self._shown]
        for row, answer in zip(rows, self._shown, strict=True):
            if answer.get("unlike_training", 0) > 1:
                row[1] += f" (unlike training {answer['unlike_training']:.3g})"
        if not rows:
            return
        columns = ["input", "prediction", *(["probability", "next"] if "probabilities" in self._shown[0] else [])]
        self._console.answer({}, make_table(None, columns, [row[: len(columns)] for row in rows], left=2))
        left_out = self._count - len(rows)
        if left_out:
            self._console.say(f"and {left_out:,} more; all of them: --output FILE.csv")


def _short_name(name: str) -> str:
    """The end of a long path, cut at a folder name if possible."""
    if len(name) <= _NAME_WIDTH:
        return name
    end = name[3 - _NAME_WIDTH :]
    return f"...{end[end.find('/') :] if '/' in end[:-1] else end}"


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
