"""Excerpts of large tables: whole lines from all over, told as what they are."""

import gzip
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet
import pytest

from nncli.data.profile.profiling import profile_table
from nncli.data.streaming import excerpt

ROWS = 20_000


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpt, "WHOLE_BYTES", 50_000)
    monkeypatch.setattr(excerpt, "WHOLE_CELLS", 10_000)
    monkeypatch.setattr(excerpt, "_HEAD", 5_000)
    monkeypatch.setattr(excerpt, "_SPOT", 2_000)
    monkeypatch.setattr(excerpt, "_SPOTS", 8)
    monkeypatch.setattr(excerpt, "_ROWS", 500)


def lines() -> list[str]:
    return [f'{row},{row / 7:.3f},"{"early" if row < ROWS / 2 else "late"}"\n' for row in range(ROWS)]


def told(path: Path) -> tuple[int, set[str], str]:
    """The rows that were looked at, the values of the last column, and what is said of it."""
    profile = profile_table(path)
    values = {value for value, _ in profile.columns[-1].frequent}
    [what] = [finding.what for finding in profile.findings if finding.rule == "excerpt"]
    return profile.rows, values, what


def test_a_large_csv_is_looked_at_in_lines_from_all_over(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("row,x,when\n" + "".join(lines()))
    rows, values, what = told(path)
    assert 500 < rows < ROWS / 10
    assert values == {"early", "late"}
    assert what.startswith(f"too large to be looked at whole: {rows:,} of about ")
    estimate = int(what.split("about ")[1].split()[0].replace(",", ""))
    assert estimate == pytest.approx(ROWS, rel=0.05)


def test_a_large_packed_csv_is_looked_at_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "large.csv.gz"
    path.write_bytes(gzip.compress(("row,x,when\n" + "".join(lines())).encode()))
    rows, values, what = told(path)
    assert rows < ROWS and values == {"early"} and "too large" in what


def test_cells_of_several_lines_are_looked_at_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("row,x,when\n" + "".join(line.replace('"late', '"very\nlate') for line in lines()))
    assert told(path)[1] == {"early"}


def test_a_large_parquet_file_is_looked_at_in_rows_of_its_groups(tmp_path: Path) -> None:
    path = tmp_path / "large.parquet"
    made = arrow.table({"x": range(ROWS), "when": ["early"] * (ROWS // 2) + ["late"] * (ROWS // 2)})
    pyarrow.parquet.write_table(made, path, row_group_size=1_000)
    rows, values, what = told(path)
    assert 500 <= rows < ROWS / 10 and values == {"early", "late"}
    assert f"of about {ROWS:,} rows" in what


def test_a_small_table_is_looked_at_whole(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text("row,x,when\n" + "".join(lines()[:1_000]))
    assert profile_table(path).rows == 1_000
