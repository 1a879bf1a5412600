"""Writes rows as a Parquet file; does not depend on models."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any


def parquet_bytes(rows: Sequence[dict[str, Any]]) -> bytes:
    """The rows as the bytes of a Parquet file; all rows must have the same keys."""
    import pyarrow
    import pyarrow.parquet

    buffer = BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), buffer)
    return buffer.getvalue()
