"""A table and its harmless rewritings give the same arrays, bit for bit."""

import codecs
import csv
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncli import data
from nncli.config.facts import TableInput
from nncli.config.sections import Data
from nncli.data.dataset import Dataset

NAMES = ["amount", "share", "city", "code", "y"]
CITIES = ["Zürich", "São Paulo", "Bern, BE", 'the "old" town']
ROWS = [
    [f"{(index * 37) % 50 - 20}", f"{(index * 13) % 29 / 8}", CITIES[index % 4], f"{index % 5:03d}", "ny"[index % 2]]
    for index in range(50)
]


@st.composite
def rewriting(draw: st.DrawFn) -> dict[str, Any]:
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    return {
        "order": draw(st.permutations(range(len(NAMES)))),
        "delimiter": delimiter,
        "decimal": draw(st.sampled_from([".", ","])) if delimiter != "," else ".",
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "mark": draw(st.booleans()),
        "blanks": draw(st.sampled_from(["", " ", "  "])),
        "whole": draw(st.booleans()),
        "gz": draw(st.booleans()),
    }


def rewritten(how: dict[str, Any]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=how["delimiter"], quoting=how["quoting"], lineterminator=how["end"])
    for row in [NAMES, *ROWS]:
        cells = list(row)
        if row is not NAMES:
            cells[0] += ".0" if how["whole"] else ""
            cells[:2] = [cell.replace(".", how["decimal"]) for cell in cells[:2]]
            cells = [f"{how['blanks']}{cell}{how['blanks']}" for cell in cells]
        writer.writerow([cells[index] for index in how["order"]])
    content = (codecs.BOM_UTF8 if how["mark"] else b"") + buffer.getvalue().encode()
    return gzip.compress(content) if how["gz"] else content


def load(path: Path, how: dict[str, Any]) -> Dataset:
    section = Data(
        source="csv", path=str(path), target=("y",), delimiter=how["delimiter"], decimal=how["decimal"],
        features=("amount", "share", "city", "code"),
    )  # fmt: skip
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


PLAIN: dict[str, Any] = {
    "order": range(5), "delimiter": ",", "decimal": ".", "quoting": csv.QUOTE_MINIMAL, "end": "\n", "mark": False,
    "blanks": "", "whole": False, "gz": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("plain") / "t.csv"
    path.write_bytes(rewritten(PLAIN))
    return load(path, PLAIN)


@settings(max_examples=60, deadline=None)
@given(how=rewriting())
def test_a_rewritten_table_gives_the_same_arrays(
    tmp_path_factory: pytest.TempPathFactory, plain: Dataset, how: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("rewritten") / ("t.csv.gz" if how["gz"] else "t.csv")
    path.write_bytes(rewritten(how))
    ours = load(path, how)
    inputs = ours.facts.inputs
    assert isinstance(inputs, TableInput)
    assert [column.name for column in inputs.numbers] == ["amount", "share"]
    assert [column.name for column in inputs.categories] == ["city", "code"]
    assert ours.fingerprint == plain.fingerprint
    for name in ("numbers", "categories"):
        np.testing.assert_array_equal(ours.train.inputs[name], plain.train.inputs[name])
