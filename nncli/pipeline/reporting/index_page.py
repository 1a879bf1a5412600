"""What the page of all runs shows: a line for each, with a link to its own page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nncli.data.plurals import count
from nncli.pipeline.reporting.tables import show, words
from nncli.pipeline.runs.rows import Row
from nncli.run import files


def index_page(runs_dir: Path, rows: Sequence[Row]) -> dict[str, Any]:
    """The values of the template `index`."""
    return {"title": f"Runs in {runs_dir.name}", "count": count(len(rows), "run"), "rows": [_line(row) for row in rows]}


def _line(row: Row) -> dict[str, str]:
    has_page = (Path(row.path) / files.REPORT).is_file()
    metric = f"{words(row.metric)} {show(row.value)}" if row.metric and row.value is not None else "-"
    return {
        "name": row.name,
        "link": f"{quote(row.name)}/{files.REPORT}" if has_page else "",
        "status": row.status,
        "started": (row.started or "").replace("T", " ")[:16],
        "data": row.data or "",
        "score": metric,
        "epochs": show(row.epochs),
    }
