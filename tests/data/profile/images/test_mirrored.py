"""Whether images may be mirrored in training: by their colour, the names of their classes, and their mean images."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from nncli.data.profile.images.pixels import why_not_mirrored

DIGITS = load_digits()


def coloured(grey: np.ndarray, mirrored: bool) -> np.ndarray:
    """Images (n, 8, 8) in colours at random, on a dark or a light ground; each second one mirrored if so."""
    rng = np.random.default_rng(1)
    shapes = np.where(rng.random(len(grey))[:, None, None] < 0.5 if mirrored else False, grey[:, :, ::-1], grey)
    ground, ink = rng.integers(0, 256, (2, len(grey), 1, 1, 3))
    share = shapes[..., None] / 16
    pixels: np.ndarray = (ground * (1 - share) + ink * share).astype(np.uint8)
    return pixels


def test_what_looks_one_way_is_not_mirrored_and_what_comes_both_ways_is() -> None:
    names = [f"kind {name}" for name in "abcdefghij"]
    digits, labels = DIGITS.images[:400], DIGITS.target[:400]
    assert why_not_mirrored(coloured(digits, False), labels, names) == "the images of a class face one way"
    assert why_not_mirrored(coloured(digits, True), labels, names) == ""


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        (["cat", "dog"], ""),
        (["0", "1"], "0 may be another class"),
        (["b", "dog"], "b may be another class"),
        (["turn_left", "turn_right"], "turn_left may be"),
        (["copyright", "cleft"], ""),
        ([], "may depend on left and right"),
    ],
)
def test_the_names_of_classes_speak_against_it(classes: list[str], told: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 12, 12, 3)).astype(np.uint8)
    why = why_not_mirrored(noise, np.arange(60) % 2, classes)
    assert told in why and bool(why) == bool(told)
    assert "grey" in why_not_mirrored(noise[..., :1], np.arange(60) % 2, classes)


def test_blank_images_and_single_ones_are_no_obstacle() -> None:
    blank = np.zeros((3, 5, 5, 3), np.uint8)
    assert why_not_mirrored(blank, np.array([0, 1, 2]), ["cat", "dog", "owl"]) == ""
    assert why_not_mirrored(blank, np.array([0, 0, 1]), ["cat", "dog"]) == ""
