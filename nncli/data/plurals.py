"""Formats a number with a noun, in the singular or plural."""


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `2,000 rows`; `many` is the plural if it is irregular."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
