"""Archives that are too large to be looked at whole: rows and images from all over them, with their own numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli.config.sections import Data
from nncli.data.profile import archives
from nncli.data.profile.profiling import ImageProfile, TableProfile, profile_data

ROWS = 4_000
RANDOM = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_scale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is looked at whole has fewer numbers than any archive here."""
    monkeypatch.setenv("NNCLI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("nncli.data.arrays.files._SMALL", 0)
    for name, value in (("WHOLE_CELLS", 1000), ("WHOLE_BYTES", 1000), ("_NUMBERS", 3000), ("_PIXELS", 30_000)):
        monkeypatch.setattr(archives, name, value)


def profile(path: Path, **more: Any) -> Any:
    data = Data.model_validate({"source": "npz", "path": str(path), **more})
    return profile_data(data, seed=1, data_dir=None, progress=lambda what, share: None)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_rows_of_a_large_archive_are_an_excerpt_from_all_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, save: Any
) -> None:
    x = RANDOM.normal(size=(ROWS, 3))
    x[-1] = 1e9  # an extreme value in the last row, which is always looked at
    path = tmp_path / "rows.npz"
    save(path, x_train=x[: ROWS // 2], y_train=x[: ROWS // 2, 0], x_val=x[ROWS // 2 :], y_val=x[ROWS // 2 :, 0])
    monkeypatch.setattr("nncli.data.archives.read_arrays", None)
    found = profile(path)
    assert isinstance(found, TableProfile) and found.rows == 1000
    [told] = [finding for finding in found.findings if finding.rule == "excerpt"]
    assert told.what == "too large to be looked at whole: 1,000 of 4,000 rows, from all over it, are looked at"
    extreme = [finding for finding in found.findings if finding.rule == "extreme"]
    assert extreme and any(ROWS in finding.rows for finding in extreme), "named by its number in the archive"
    assert not list((tmp_path / "cache").rglob("*.npy*")), "what was inflated is gone"


def test_images_of_a_large_archive_are_an_excerpt_of_each_set(tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    pixels, labels = RANDOM.integers(0, 256, (ROWS, 5, 6), dtype=np.uint8), np.arange(ROWS) % 4
    np.savez(path, x_train=pixels[1000:], y_train=labels[1000:], x_test=pixels[:1000], y_test=labels[:1000])
    found = profile(path)
    assert isinstance(found, ImageProfile)
    assert found.parts["test"] == 250 and found.parts["train"] + found.parts["validation"] == 750
    assert any("1,000 of 4,000 images" in finding.what for finding in found.findings)
    for tile in found.tiles:
        row = int(tile.caption.removeprefix("row ")) - 1
        np.testing.assert_array_equal(tile.pixels[..., 0], pixels[1000 + row])
        assert tile.group == str(labels[1000 + row])
