"""Rows that leave as a Parquet file; does not depend on models."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any


def parquet_bytes(rows: Sequence[dict[str, Any]]) -> bytes:
    """The rows, which all have the same keys, as the bytes of a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    buffer = BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), buffer)
    return buffer.getvalue()
