"""Tables whose cells are shaded by their values, in ten steps that style sheets know."""

from collections.abc import Sequence

STEPS = 10


def shade(share: float) -> int:
    """A step from 0 to 10 for a share from 0 to 1."""
    return max(0, min(STEPS, round(share * STEPS)))


def shaded_matrix(matrix: Sequence[Sequence[int]]) -> list[list[tuple[int, int]]]:
    """Each count of a confusion matrix with the step of its share of the row."""
    return [[(count, shade(count / max(1, sum(row)))) for count in row] for row in matrix]


def frequent_confusions(
    matrix: Sequence[Sequence[int]], names: Sequence[str], most: int
) -> list[tuple[str, str, int, float]]:
    """(true, predicted, count, share of the true class) of the most frequent mistakes."""
    found = [
        (names[row], names[column], count, count / max(1, sum(counts)))
        for row, counts in enumerate(matrix)
        for column, count in enumerate(counts)
        if row != column and count
    ]
    return sorted(found, key=lambda each: -each[2])[:most]
