"""Every layer at work, from its own example: checked, built, trained, exported, and predicting without TensorFlow."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import typer.testing

from nncli.cli import app
from nncli.config.facts import DataFacts, ImageInput, Target, Task
from nncli.config.layers import LAYERS
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import load_config
from nncli.config.sections import Config, to_mapping
from nncli.config.stack import StackError, stack_layers
from nncli.errors import ConfigError

pytestmark = pytest.mark.xla

FACTS = DataFacts(
    source="test",
    inputs=ImageInput(height=8, width=8, channels=1, scale=1 / 16),
    target=Target(task=Task.MULTICLASS, columns=("digit",), classes=tuple("0123456789")),
    rows={"train": 64},
)
KINDS = [kind for kind in LAYERS if kind != "output"]


@cache
def example_config(kind: str) -> Config:
    """The network of a layer's example, with ten logits behind it."""
    layers = parse_document("layers:\n" + (LAYERS[kind].EXAMPLE or f"- {kind}"), "example").values["layers"]
    return config_of([*layers, {"flatten": {}}])


def config_of(layers: list[object]) -> Config:
    document = {
        "data": {"source": "digits", "task": "multiclass"},
        "model": {"layers": [*layers, {"dense": {"units": 10, "activation": "linear"}}]},
        "loss": {"name": "sparse_categorical_crossentropy", "from_logits": True},
        "metrics": ["accuracy"],
    }
    config = Config.model_validate(document)
    rows = stack_layers(config, FACTS.inputs.shape)
    full = tuple(row.layer for row in rows)
    return config.model_copy(update={"model": config.model.model_copy(update={"layers": full})})


def some_digits(count: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 17, (count, 8, 8, 1)).astype("uint8")
    return {"image": images}, generator.integers(0, 10, count).astype("int32")


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_shows_the_layer_and_survives_being_written_down(kind: str) -> None:
    config = example_config(kind)
    assert kind in [layer.kind for layer in config.model.layers]
    assert Config.model_validate(to_mapping(config)) == config


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_the_layer_trains_and_predicts_the_same_when_exported(kind: str) -> None:
    from nncli.engine import arrays
    from nncli.engine.process import environment

    environment.prepare(threads=2)
    from nncli.engine import executor
    from nncli.engine.export import to_tflite
    from nncli.engine.loop import training
    from nncli.model import build, compile_model, serving
    from nncli.runtime import Predictor

    config = example_config(kind)
    rows = stack_layers(config, FACTS.inputs.shape)
    model = build(config, FACTS)
    assert model.count_params() == sum(row.parameters for row in rows)
    before = [weight.numpy() for weight in model.trainable_weights]
    compile_model(model, config, FACTS)
    inputs, targets = some_digits(64)
    chosen = executor.plan_executor([each for row in rows for each in row.layer.kinds()])
    plan = arrays.Plan(epochs=1, batch_size=32, seed=1, executor=chosen)
    [record] = training.fit(model, arrays.Arrays(inputs, targets), None, plan, [])
    assert np.isfinite(record["loss"])
    # relu units that are never above zero may keep their weights; no kernel as a whole does
    moved = [not np.array_equal(old, new.numpy()) for old, new in zip(before, model.trainable_weights, strict=True)]
    assert all(moved)

    served = serving(model, config)
    few = {"image": inputs["image"][:5]}
    outputs = Predictor(to_tflite(served)).predict(few)

    assert outputs == pytest.approx(served.predict(few, verbose=0), abs=1e-4)
    assert outputs.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)


@pytest.mark.parametrize("kind", LAYERS)
def test_explain_shows_a_layer_with_every_option_and_its_example(kind: str) -> None:
    shown = typer.testing.CliRunner().invoke(app, ["explain", kind, "--options"], env={"COLUMNS": "160"})
    assert shown.exit_code == 0, shown.stderr
    for name in LAYERS[kind].model_fields:
        assert name == "kind" or f"  {name} " in shown.stdout
    for line in (LAYERS[kind].EXAMPLE or f"- {kind}").splitlines():
        assert line in shown.stdout


def test_explain_lists_all_layers() -> None:
    shown = typer.testing.CliRunner().invoke(app, ["explain", "layers", "--options"])
    assert [kind for kind in LAYERS if f"\n{kind}: " not in f"\n{shown.stdout}"] == []


@pytest.mark.parametrize(
    "kind", ["multi_head_attention", "transformer_block", "patches", "residual", "separable_conv2d"]
)
def test_a_layer_of_several_parts_starts_the_same_every_time_and_its_parts_differ(kind: str) -> None:
    from nncli.model import build

    first, second = (build(example_config(kind), FACTS).weights for _ in range(2))
    paths = [weight.path for weight in first]
    assert len(set(paths)) == len(paths) and paths == [weight.path for weight in second]
    assert all(np.array_equal(one.numpy(), other.numpy()) for one, other in zip(first, second, strict=True))
    kernels = [weight.numpy().reshape(-1)[:8] for weight in first if weight.path.endswith("kernel")]
    for position, kernel in enumerate(kernels):
        assert not any(np.allclose(kernel, other) for other in kernels[position + 1 :] if kernel.shape == other.shape)


def test_a_vision_transformer_and_residual_blocks_load_in_a_process_that_does_not_know_nncli(tmp_path: Path) -> None:
    from nncli.model import build, serving

    entries = "transformer_block", "residual", "embedding", "random_rotation"
    for name in entries:
        config = example_config(name)
        model = serving(build(config, FACTS), config)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}.npy", model.predict(some_digits(4)[0], verbose=0))
    np.save(tmp_path / "images.npy", some_digits(4)[0]["image"])
    program = (
        "import sys, numpy as np, keras\n"
        f"for name in {entries}:\n"
        "    model = keras.saving.load_model(f'{name}.keras', safe_mode=True)\n"
        "    outputs = model.predict({'image': np.load('images.npy')}, verbose=0)\n"
        "    np.testing.assert_allclose(outputs, np.load(f'{name}.npy'), atol=1e-6)\n"
        "sys.exit(any(name.startswith('nncli') for name in sys.modules))\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


def test_a_transformer_block_is_the_formula_it_says() -> None:
    """x + attention(norm(x)), then x + mlp(norm(x)), by hand in numpy."""
    import keras

    from nncli.config.layers import TransformerBlock
    from nncli.model.layers.making import make_layer
    from nncli.model.layers.placement import Placement

    section = TransformerBlock(num_heads=2, mlp_units=5, activation="relu")
    tensor = keras.Input((3, 4))
    model = keras.Model(tensor, make_layer(section, Placement("block", "relu", 1))(tensor))
    generator = np.random.default_rng(2)
    model.set_weights([generator.normal(size=weight.shape) for weight in model.weights])
    value = {weight.path: weight.numpy() for weight in model.weights}
    rows = generator.normal(size=(3, 4))

    def norm(x: np.ndarray, part: str) -> np.ndarray:
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
        return np.asarray(scaled * value[f"{part}_norm/gamma"] + value[f"{part}_norm/beta"])

    def heads(x: np.ndarray, name: str) -> np.ndarray:
        path = f"block_attention/{name}"
        return np.einsum("sd,dhk->hsk", x, value[f"{path}/kernel"]) + value[f"{path}/bias"][:, None]

    normed = norm(rows, "block_attention")
    query, key, content = (heads(normed, name) for name in ("query", "key", "value"))
    looks = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(2))
    looks /= looks.sum(-1, keepdims=True)
    output = "block_attention/attention_output"
    seen = np.einsum("hsk,hkd->sd", looks @ content, value[f"{output}/kernel"]) + value[f"{output}/bias"]
    middle = rows + seen
    wide, narrow = "block_mlp_wide", "block_mlp_narrow"
    hidden = np.maximum(norm(middle, "block_mlp") @ value[f"{wide}/kernel"] + value[f"{wide}/bias"], 0)
    expected = middle + hidden @ value[f"{narrow}/kernel"] + value[f"{narrow}/bias"]
    np.testing.assert_allclose(model.predict(rows[None], verbose=0)[0], expected, rtol=1e-4, atol=1e-4)


def test_patches_are_cut_row_by_row_and_each_place_has_its_own_position() -> None:
    import keras

    from nncli.config.layers import Patches
    from nncli.model.layers.making import make_layer
    from nncli.model.layers.placement import Placement

    image = np.arange(4 * 6, dtype="float32").reshape(1, 4, 6, 1)
    tensor = keras.Input((4, 6, 1))
    model = keras.Model(tensor, make_layer(Patches(patch_size=(2, 3), units=6), Placement("cut", "relu", 1))(tensor))
    positions = np.arange(4)[:, None] * 100 * np.ones((4, 6))
    model.set_weights([np.eye(6), positions])

    outputs = model.predict(image, verbose=0)[0] - positions

    assert outputs[0].tolist() == [0, 1, 2, 6, 7, 8]
    assert outputs[1].tolist() == [3, 4, 5, 9, 10, 11]
    assert outputs[2].tolist() == [12, 13, 14, 18, 19, 20]


def test_each_value_of_a_pixel_has_a_vector_of_its_own_in_an_embedding() -> None:
    from nncli.model import build

    model = build(example_config("embedding"), FACTS)
    table = np.arange(17.0)[:, None] * np.ones((17, 4))
    model.get_layer("embedding_1").set_weights([table])
    inner = model.get_layer("global_average_pooling1d_1").output

    import keras

    image = np.zeros((17, 8, 8, 1), "uint8") + np.arange(17, dtype="uint8")[:, None, None, None]
    outputs = keras.Model(model.inputs, inner).predict({"image": image}, verbose=0)
    assert outputs[:, 0] == pytest.approx(np.arange(17.0))


@pytest.mark.parametrize(
    "kind", ["random_flip", "random_translation", "random_rotation", "random_zoom", "gaussian_noise", "dropout"]
)
def test_random_layers_act_in_training_alone(kind: str) -> None:
    from nncli.model import build

    options = {"dropout": {"rate": 0.5}, "gaussian_noise": {"stddev": 0.5}}.get(kind, {})
    model = build(config_of([{kind: options}, "flatten"]), FACTS)
    images = some_digits(4)[0]
    still, again = (model(images, training=False).numpy() for _ in range(2))
    assert np.array_equal(still, again)
    assert not np.array_equal(still, model(images, training=True).numpy())


@pytest.mark.parametrize(("mode", "versions"), [("horizontal", 2), ("vertical", 2), ("both", 4)])
def test_a_flip_mirrors_about_half_of_the_images_and_both_ways_independently(mode: str, versions: int) -> None:
    import keras

    from nncli.model.layers.making import make_layer
    from nncli.model.layers.placement import Placement

    tensor = keras.Input((2, 2, 1))
    section = LAYERS["random_flip"].model_validate({"kind": "random_flip", "mode": mode})
    flip = make_layer(section, Placement(name="flip", activation="relu", seed=1))
    images = np.tile(np.arange(4.0).reshape(1, 2, 2, 1), (400, 1, 1, 1)).astype("float32")
    flipped = keras.Model(tensor, flip(tensor))(images, training=True).numpy()
    counts = np.unique(flipped.reshape(400, 4), axis=0, return_counts=True)[1]
    assert len(counts) == versions
    assert counts.min() > 0.7 * 400 / versions


def test_layers_inside_others_count_in_the_choice_of_the_executor() -> None:
    inside = {
        "residual": {"layers": [{"conv1d": {"filters": 2}}, "flatten"]},
        "transformer_block": {"num_heads": 1, "mlp_units": 1, "dropout": 0.1},
    }
    kinds = {kind: LAYERS[kind].model_validate({"kind": kind, **options}).kinds() for kind, options in inside.items()}
    assert kinds == {
        "residual": ("residual", "conv1d", "flatten"),
        "transformer_block": ("transformer_block", "dropout"),
    }
    assert LAYERS["multi_head_attention"](num_heads=1, key_dim=1).kinds() == ("multi_head_attention",)


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (["patches: {patch_size: 3, units: 4}"], "3 × 3 and got 8 × 8; use a patch_size that divides it"),
        (["lstm: {units: 3}"], "got (8, 8, 1); put `- reshape: {target_shape: [8, 8]}` before it"),
        (["reshape: {target_shape: [5, -1]}"], "got (8, 8, 1), 64 values; use sizes whose product"),
        (["reshape: {target_shape: [8, 8]}", "max_pooling2d"], "takes (height, width, channels) and got (8, 8)"),
        (["residual: {layers: [max_pooling2d]}"], "(8, 8, 1) to the output (4, 4, 1)"),
        (["residual: {layers: [flatten], projection: true}"], "cannot project (8, 8, 1) to (64,)"),
        (["residual: {layers: [{dense: {units: 3}}]}"], "as layers[0], a dense that takes a flat input"),
        (["patches: {patch_size: 4, units: 6}", "transformer_block: {num_heads: 4, mlp_units: 3}"], "got 6 of them"),
    ],
)
def test_a_shape_that_does_not_fit_is_told_with_its_fix(layers: list[str], told: str) -> None:
    text = "layers:\n" + "".join(f"- {layer}\n" for layer in layers)
    config = Config.model_validate(
        {"data": {"source": "digits"}, "model": {"layers": [*parse_document(text, "x").values["layers"], "output"]}}
    )
    with pytest.raises(StackError) as caught:
        stack_layers(config, (8, 8, 1))
    assert told in str(caught.value)
    assert caught.value.index == len(layers) - 1


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("batch_normalisation", 'unknown name "batch_normalisation"; did you mean "batch_normalization"?'),
        ("{conv2d: {filtrs: 3}}", 'filtrs: unknown key; did you mean "filters"?'),
        ("{dense: {units: 0}}", "units: got 0"),
        ("output", "an output layer can only be the last one of the network"),
    ],
)
def test_a_mistake_inside_a_residual_is_told_at_its_place(inside: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text(
        f"data: {{source: digits}}\nmodel:\n  layers:\n  - residual:\n      layers: [{inside}]\n  - output\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(str(file))
    assert any(told in problem and problem.startswith(f"{file}:5:") for problem in caught.value.problems)
