"""What frames look like: colours of classes and weights, the arrangement of tiles, sketches of characters."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from nncli.evaluate.plots.frames import sketches
from nncli.evaluate.plots.frames.animation import Frame, Scene
from nncli.evaluate.plots.frames.boundary import Plane, boundary_scene
from nncli.evaluate.plots.frames.weights import matrix_scene, mosaic, tiles_scene


def halves(kind: str, values: np.ndarray) -> tuple[Plane, list[Frame]]:
    points = np.array([[0.25, 0.5], [0.75, 0.5]])
    plane = Plane(kind, ("a", "b"), (0, 1, 0, 1), points, np.array([[0.0], [1.0]]), ("no", "yes"), ("",))
    return plane, [Frame(0, values), Frame(3, values[:, ::-1])]


def painted(scene: Scene, values: np.ndarray) -> Any:
    axes = Figure().subplots()
    scene.panels[0][1](axes, values)
    return axes


def test_probabilities_are_orange_above_one_half_and_blue_below() -> None:
    values = np.broadcast_to(np.linspace(0, 1, 20)[None, :, None], (20, 20, 1))
    plane, frames = halves("labels", values)
    scene = boundary_scene(plane, "halves")
    axes = painted(scene, values)
    red, _, blue, _ = axes.images[0].to_rgba(values[..., 0])[0, -1]
    assert red > blue
    red, _, blue, _ = axes.images[0].to_rgba(values[..., 0])[0, 0]
    assert blue > red
    np.testing.assert_allclose(axes.collections[-1].get_offsets(), plane.points)
    with Image.open(BytesIO(scene.to_png(frames))) as strip:
        left, right = (np.asarray(strip.convert("RGB"), float)[120, column] for column in (40, 150))
        assert left[2] > left[0] and right[0] > right[2]  # the untrained half comes first


def test_points_keep_the_full_colour_of_their_class_and_are_larger_on_large_panels() -> None:
    values = np.broadcast_to(np.linspace(0, 1, 40)[None, :, None], (40, 40, 1))
    plane, frames = halves("labels", values)
    scene = boundary_scene(plane, "halves")
    seen = []
    for picture in (scene.to_png(frames), scene.to_gif(frames)):
        with Image.open(BytesIO(picture)) as opened:
            pixels = np.asarray(opened.convert("RGB")).reshape(-1, 3)
            seen.append([(pixels == colour).all(axis=1).sum() for colour in ((0, 114, 178), (213, 94, 0))])
            assert (pixels[0] == 255).all()
    assert min(map(min, seen)) > 20
    sizes = [painted_at(scene, values, width).collections[-1].get_sizes()[0] for width in (1.5, 6.0)]
    assert sizes[1] > 2 * sizes[0]


def test_the_first_frames_of_an_animation_have_their_own_shades() -> None:
    faint = np.broadcast_to(np.linspace(0.4, 0.6, 40)[None, :, None], (40, 40, 1))
    plane, _ = halves("labels", faint)
    animation = boundary_scene(plane, "shades").to_gif([Frame(0, faint), Frame(9, np.round(faint))])
    with Image.open(BytesIO(animation)) as opened:
        line = np.asarray(opened.convert("RGB"))[200, 100:400]
    assert len(np.unique(line, axis=0)) > 8


def painted_at(scene: Scene, values: np.ndarray, width: float) -> Any:
    axes = Figure(figsize=(width, 2)).subplots()
    scene.panels[0][1](axes, values)
    return axes


def test_a_class_is_paler_where_it_is_less_certain() -> None:
    values = np.zeros((4, 4, 2))
    values[:, 2:, 0], values[..., 1] = 1.0, 0.5
    values[0, :, 1] = 1.0
    plane, _ = halves("classes", values)
    shown = painted(boundary_scene(plane, "two"), values).images[0].get_array()
    assert shown[0, 0].sum() < shown[1, 0].sum()
    assert not np.allclose(shown[0, 0], shown[0, 3])


def test_numbers_share_the_scale_of_the_examples() -> None:
    plane, frames = halves("numbers", np.full((6, 6, 1), 0.5))
    scene = boundary_scene(plane, "surface")
    axes = painted(scene, frames[0].values)
    assert axes.images[0].get_clim() == axes.collections[-1].get_clim() == (0.0, 1.0)
    with Image.open(BytesIO(scene.to_gif(frames))) as animation:
        assert animation.n_frames == 2
        seconds = []
        for place in range(2):
            animation.seek(place)
            seconds.append(animation.info["duration"])
        assert seconds[1] > seconds[0]


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_tiles_lie_row_by_row_with_a_gap_between_them(channels: int) -> None:
    kernels = np.random.default_rng(1).normal(size=(2, 3, channels, 5))
    picture = mosaic(kernels)
    assert picture.shape[:2] == (2 * 3 - 1, 3 * 4 - 1)
    expected = kernels[..., 4] if channels == 3 else kernels[..., 4].mean(axis=2)
    np.testing.assert_array_equal(picture[3:5, 4:7], expected)
    assert np.isnan(picture[2]).all() and np.isnan(picture[:, 3]).all()


def test_units_with_names_have_them_in_the_corners_of_their_tiles() -> None:
    kernels = np.zeros((2, 3, 1, 5))
    frames = [Frame(0, kernels), Frame(1, kernels)]
    written = painted(tiles_scene(frames, "tiles", ["a", "b", "c", "d", "$e"]), kernels).texts
    assert [text.get_text() for text in written] == ["a", "b", "c", "d", r"\$e"]
    np.testing.assert_allclose([text.get_position() for text in written[3:]], [(-0.4, 2.6), (3.6, 2.6)])
    assert not painted(tiles_scene(frames, "tiles"), kernels).texts


def test_all_frames_of_weights_share_one_scale() -> None:
    small, large = np.full((2, 2, 1, 4), 0.1), np.full((2, 2, 1, 4), -0.8)
    frames = [Frame(0, small), Frame(1, large)]
    scene = tiles_scene(frames, "tiles")
    assert painted(scene, small).images[0].get_clim() == pytest.approx((-0.8, 0.8))
    with Image.open(BytesIO(scene.to_gif(frames))) as animation:
        assert animation.n_frames == 2
    matrix = matrix_scene([Frame(0, large[0, 0].T)], "table", ["one", "two", "three", "four"])
    axes = painted(matrix, large[0, 0].T)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["one", "two", "three", "four"]


def test_a_sketch_has_the_top_of_the_plane_on_its_first_line() -> None:
    values = np.zeros((30, 30, 1))
    values[15:] = 1.0
    values[:, :6] = 0.5
    assert sketches.sketch_label(values[..., 0], 10, 4) == ["  ########"] * 2 + ["  ........"] * 2
    three = np.stack([np.full((4, 4), 2.0), np.broadcast_to([0.4, 0.45, 0.48, 0.9], (4, 4))], axis=-1)
    assert sketches.sketch_classes(three, 4, 1, classes=3) == ["  oo"]  # the limit is 1/3 + 0.2 · 2/3
    ramp = np.broadcast_to(np.linspace(0, 9, 10)[:, None], (10, 10))
    assert [line[0] for line in sketches.sketch_numbers(ramp, 10, 10, (0, 9))] == list("@%#*+=-:. ")


def test_signs_of_weights_say_their_share_of_the_largest() -> None:
    weights = np.array([[1.0, -1.0], [0.5, -0.5], [0.1, -0.1]])
    assert sketches.sketch_matrix(weights, 24, 11) == ["##++  ", "==--  "]
    tile = np.array([[1.0, 0.0], [0.0, -1.0]])[..., None, None]
    assert sketches.sketch_tiles(tile, 24, 11) == ["##  ", "  =="]


@pytest.mark.parametrize(("width", "shown"), [(80, ["one", "two", "three"]), (14, ["one", "three"]), (5, ["three"])])
def test_blocks_stand_side_by_side_as_far_as_there_is_room(width: int, shown: list[str]) -> None:
    blocks = [(name, ["#####", "."]) for name in ("one", "two", "three")]
    lines = sketches.side_by_side(blocks, width)
    assert lines[0].split() == shown
    assert max(map(len, lines)) <= max(width, 5)
    assert lines[1].split() == ["#####"] * len(shown)
