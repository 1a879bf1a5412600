"""Which question the seeds of a comparison answer: further trainings on one split, or further splits of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# Metrics that change by steps of one row.
_COUNTS_ROWS = ("accuracy",)


@dataclass(frozen=True)
class Question:
    """What a difference of means would be a statement on.

    `fixed_test`: all seeds are measured on the same test rows, and the question is whether one variant is better on
    these rows with further seeds. `new_splits`: each seed draws its own test rows from one data set, and the question
    is whether one variant is better on other rows from where these came.
    """

    kind: Literal["fixed_test", "new_splits"]
    test_rows: int
    training_rows: int

    @property
    def overlap(self) -> float:
        """The correction of the variance: n_test / n_train for new splits, 0 for one test part."""
        return self.test_rows / self.training_rows if self.kind == "new_splits" else 0.0

    @property
    def method(self) -> str:
        """The name of the test."""
        return "paired t" if self.kind == "fixed_test" else "corrected resampled t"

    @property
    def text(self) -> str:
        """The question in words, with the test that answers it."""
        if self.kind == "fixed_test":
            return f"other seeds on the same {self.test_rows:,} test rows ({self.method})"
        return f"other splits of these data, {self.test_rows:,} test rows each ({self.method})"

    def to_mapping(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "text": self.text,
            "method": self.method,
            "test_rows": self.test_rows,
            "overlap": self.overlap,
        }


def find_question(cells: Sequence[Mapping[str, Any]]) -> Question | None:
    """The question that trainings with "rows" (of each part) and "test_part" (a mark of its rows) answer.

    A single seed is taken to be measured on a fixed test part. None where the cells do not know their rows.
    """
    known = [cell for cell in cells if cell.get("rows") and cell.get("test_part")]
    if not known:
        return None
    parts = {cell["test_part"] for cell in known}
    rows = [cell["rows"] for cell in known]
    return Question(
        "fixed_test" if len(parts) == 1 else "new_splits",
        max(each["test"] for each in rows),
        min(each["train"] + each["validation"] for each in rows),
    )


def resolution_of(metric: str, question: Question | None) -> float | None:
    """The difference that a test row makes, for metrics that count rows."""
    return 1 / question.test_rows if question is not None and metric in _COUNTS_ROWS else None
