"""Points in a plane whose classes no straight line separates, drawn from a seed, like those of TensorFlow's playground.

scikit-learn has such sets too, but importing `sklearn.datasets` takes seconds.
"""

import numpy as np

from nncli.config.sections import ShapeName

_CLASSES: dict[ShapeName, tuple[str, ...]] = {
    "circles": ("inner", "outer"),
    "moons": ("lower", "upper"),
    "xor": ("different", "same"),
}
# No point of xor is nearer to an axis than this before noise is added.
_GAP = 0.06
# All spirals together; two turn 1.75 times, and more turn less, so that they are as far from each other.
_TURNS = 3.5
# Tells the random numbers of the points from those of the split and of the training, which use the same seed.
_STREAM = 20_240


def names_of_classes(shape: ShapeName, arms: int) -> tuple[str, ...]:
    """The names of the classes in the order of their numbers."""
    return _CLASSES.get(shape) or tuple(f"arm_{place}" for place in range(1, arms + 1))


def draw_points(shape: ShapeName, samples: int, noise: float, arms: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points, float64 (samples, 2), and the number of the class of each, int32 (samples,); equally many of each class.

    `noise` is the standard deviation of a normal number that is added to each coordinate. Without it, all points lie in
    the square from -1.5 to 1.5. The order is random.
    """
    rng = np.random.default_rng([seed, _STREAM])
    count = arms if shape == "spirals" else 2
    classes = rng.permutation(np.arange(samples, dtype=np.int32) % count)
    draw = {"circles": _circles, "moons": _moons, "xor": _xor}.get(shape)
    points = _spirals(classes, arms, rng) if draw is None else draw(classes, rng)
    return points + rng.normal(0.0, 1.0, points.shape) * noise, classes


def _circles(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A disc of radius 0.5 within a ring from 0.7 to 1."""
    radius = np.where(classes == 0, rng.uniform(0.0, 0.5, len(classes)), rng.uniform(0.7, 1.0, len(classes)))
    return _on_circle(radius, rng.uniform(0.0, 2 * np.pi, len(classes)))


def _moons(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two half circles of radius 1 that reach into each other; the formula of scikit-learn's make_moons, centred."""
    upper = _on_circle(np.ones(len(classes)), rng.uniform(0.0, np.pi, len(classes)))
    moons: np.ndarray = np.where(classes[:, None] == 1, upper, np.array([1.0, 0.5]) - upper)
    centred: np.ndarray = moons - np.array([0.5, 0.25])
    return centred


def _xor(classes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points of a square; the class says whether the signs of both coordinates are the same."""
    size = rng.uniform(_GAP, 1.0, (len(classes), 2))
    first = rng.choice((-1.0, 1.0), len(classes))
    points: np.ndarray = size * np.stack([first, np.where(classes == 1, first, -first)], axis=1)
    return points


def _spirals(classes: np.ndarray, arms: int, rng: np.random.Generator) -> np.ndarray:
    """Arms that turn around the origin, evenly spaced; the radius grows with the angle."""
    share = rng.uniform(0.0, 1.0, len(classes))
    return _on_circle(share, 2 * np.pi * (share * _TURNS / arms + classes / arms))


def _on_circle(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    points: np.ndarray = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points
