"""Images unlike the training images score above 1, images like them mostly do not; files keep the scores."""

import io

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from nncli.errors import RunError
from nncli.pipeline.weights import npz_bytes
from nncli.runtime.novelty import Novelty, fit_novelty, read_novelty

GENERATOR = np.random.default_rng(5)
DIGITS = load_digits().images.astype(np.uint8)[GENERATOR.permutation(1797)][..., None]
TRAINING, VALIDATION, TEST = np.split(DIGITS, [1200, 1500])


@pytest.fixture(scope="module")
def novelty() -> Novelty:
    fitted = fit_novelty(TRAINING, VALIDATION, 1 / 16)
    assert fitted is not None
    return fitted


def test_few_test_images_are_marked(novelty: Novelty) -> None:
    assert (novelty.score(VALIDATION, 1 / 16) > 1).mean() <= 0.01
    assert (novelty.score(TEST, 1 / 16) > 1).mean() <= 0.03


@pytest.mark.parametrize(
    "strange",
    [
        GENERATOR.integers(0, 17, (50, 8, 8, 1)),
        np.zeros((1, 8, 8, 1)),
        np.full((1, 8, 8, 1), 16),
        16 - TEST[:50],
        TEST[:50] // 8,  # very faint
        np.eye(8)[None, ..., None] * 16,
    ],
    ids=["noise", "black", "white", "inverted", "faint", "diagonal"],
)
def test_strange_images_are_marked(novelty: Novelty, strange: np.ndarray) -> None:
    scores = novelty.score(strange.astype(np.uint8), 1 / 16)
    assert (scores > 1).mean() > 0.95
    assert np.isfinite(scores).all()


def test_distances_are_those_of_scikit_learn(novelty: Novelty) -> None:
    values = TEST.reshape(len(TEST), -1).astype(np.float64) / 16
    training = TRAINING.reshape(len(TRAINING), -1) / 16
    space = PCA(50).fit(training)
    inside = space.transform(values)
    neighbours = NearestNeighbors(n_neighbors=1).fit(space.transform(training))
    outside = ((values - space.inverse_transform(inside)) ** 2).sum(axis=1)
    expected = np.sqrt(neighbours.kneighbors(inside)[0][:, 0] ** 2 + outside)
    np.testing.assert_allclose(novelty.distances(values.astype(np.float32)), expected, rtol=0.02)


def test_a_file_keeps_the_scores_and_other_content_is_refused(novelty: Novelty) -> None:
    content = npz_bytes(novelty.arrays())
    np.testing.assert_array_equal(read_novelty(content).score(TEST, 1 / 16), novelty.score(TEST, 1 / 16))
    buffer = io.BytesIO()
    np.savez(buffer, mean=np.zeros(3))
    for wrong in (b"", b"nothing", content[:200], buffer.getvalue()):
        with pytest.raises(RunError, match="cannot be read"):
            read_novelty(wrong)


def test_large_colour_images_are_shrunk_and_float_images_taken() -> None:
    images = GENERATOR.integers(100, 150, (30, 75, 41, 3), dtype=np.uint8)
    novelty = fit_novelty(images[:20], images[20:], 1 / 255)
    assert novelty is not None and novelty.mean.shape[0] <= 1024
    np.testing.assert_allclose(novelty.mean, 125 / 255, atol=0.02)
    strange = np.zeros((2, 75, 41, 3), np.uint8)
    strange[:, ::2] = 255
    assert (novelty.score(strange, 1 / 255) > 1).all()
    floats = images.astype(np.float32) / 255
    fitted = fit_novelty(floats[:20], floats[20:], 1.0)
    assert fitted is not None
    np.testing.assert_allclose(fitted.score(floats, 1.0), novelty.score(images, 1 / 255), rtol=1e-2)


def test_too_few_images_give_no_measure() -> None:
    assert fit_novelty(TRAINING[:1], VALIDATION, 1 / 16) is None
    assert fit_novelty(TRAINING, VALIDATION[:0], 1 / 16) is None
    alike = np.zeros((5, 8, 8, 1), np.uint8)
    fitted = fit_novelty(alike, alike, 1 / 16)
    assert fitted is not None and (fitted.score(alike, 1 / 16) <= 1).all()
