"""What is known of columns of numbers and dates once the training set is measured."""

from nncli.config.facts import DateColumn, DatePart, NumberColumn
from nncli.data.streaming.statistics import ColumnStatistics


def number_column(name: str, found: ColumnStatistics, edges: tuple[float, ...], *, lacks: bool) -> NumberColumn:
    """A column with its statistics; `lacks` says whether it tells by itself that cells are missing."""
    return NumberColumn(
        name=name,
        mean=found.mean,
        deviation=found.deviation,
        median=found.median,
        has_missing=lacks and found.missing > 0,
        minimum=found.minimum,
        maximum=found.maximum,
        edges=edges,
    )


def varying_parts(date: DateColumn, found: dict[str, ColumnStatistics]) -> tuple[DatePart, ...]:
    """The parts of a date that differ between training rows; if none do, the first one that is known."""
    known = [part for part in date.parts if found[date.names_of(part)[0]].count]
    varying = [
        part for part in known if any(found[name].minimum != found[name].maximum for name in date.names_of(part))
    ]
    return tuple(varying or known[:1] or date.parts[-1:])
