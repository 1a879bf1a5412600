"""Batches in parts give the update of the whole batch: convolutions, pooling and its ties, dropout, normalisation."""

import numpy as np
import pytest

from nncli.engine.parallel.part_count import choose_parts
from nncli.engine.process import environment

environment.prepare()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from nncli.engine.arrays import Arrays, Plan  # noqa: E402
from nncli.engine.loop.compiled_loop import CompiledLoop, build  # noqa: E402
from nncli.engine.loop.device_buffers import hold  # noqa: E402
from nncli.engine.loop.training import fit  # noqa: E402
from nncli.engine.parallel.convolution import convolve, is_plain_convolution, is_plain_pooling, max_pool  # noqa: E402
from nncli.engine.parallel.dividing import dividing, is_divided  # noqa: E402
from nncli.engine.parallel.dropout import can_drop_in_parts, drop_in_parts  # noqa: E402

layers = keras.layers


def with_gradients(function, *values):
    """What a function gives, and the gradients of a weighted sum of it."""
    tensors = [tf.convert_to_tensor(value) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = function(*tensors)
        weights = tf.reshape(tf.range(tf.size(result), dtype=tf.float32) % 7 - 3, tf.shape(result))
        total = tf.reduce_sum(result * weights)
    return [result.numpy(), *(gradient.numpy() for gradient in tape.gradient(total, tensors))]


@pytest.mark.parametrize(
    "options",
    [
        {"padding": "same", "activation": "relu"},
        {"padding": "valid", "activation": "relu", "strides": 2},
        {"padding": "same", "activation": None, "dilation_rate": 2},
    ],
    ids=str,
)
def test_a_convolution_is_that_of_keras(options):
    layer = layers.Conv2D(5, 3, **options)
    images = np.random.default_rng(1).normal(size=(3, 9, 8, 2)).astype(np.float32)
    layer.build(images.shape)
    layer.bias.assign([0.1, -0.2, 0.3, 0.0, -0.4])
    assert is_plain_convolution(layer)
    for own, theirs in zip(
        with_gradients(lambda x: convolve(layer, x), images), with_gradients(layer, images), strict=True
    ):
        np.testing.assert_allclose(own, theirs, atol=1e-5)


@pytest.mark.parametrize("window", [(2, 2), (3, 3), (2, 3)])
@pytest.mark.parametrize("activation", ["relu", None])
def test_a_convolution_with_pooling_is_that_of_keras_with_gradients_for_kernel_and_bias(window, activation):
    convolution, pooling = layers.Conv2D(4, 3, activation=activation), layers.MaxPooling2D(window)
    images = np.random.default_rng(2).normal(size=(2, 11, 12, 1)).astype(np.float32)
    convolution.build(images.shape)
    results = []
    for forward in (lambda x: convolve(convolution, x, window), lambda x: pooling(convolution(x))):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(forward(images)))
        results.append([loss, *tape.gradient(loss, [weight.value for weight in convolution.trainable_weights])])
    for own, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 6, 6, 3), (1, 7, 9, 2)])
def test_the_first_of_equal_maxima_gets_the_gradient_as_in_keras(shape):
    images = np.random.default_rng(3).integers(0, 3, shape).astype(np.float32)
    own, theirs = with_gradients(lambda x: max_pool(x, (2, 2)), images), with_gradients(layers.MaxPooling2D(2), images)
    np.testing.assert_array_equal(own[0], theirs[0])
    np.testing.assert_array_equal(own[1], theirs[1])


def test_what_is_not_plain_stays_with_keras():
    assert not is_plain_convolution(layers.Conv2D(4, 3, activation="tanh"))
    assert not is_plain_convolution(layers.Conv2D(4, 3, use_bias=False))
    assert not is_plain_convolution(layers.SeparableConv2D(4, 3))
    assert not is_plain_pooling(layers.MaxPooling2D(3, strides=2))
    assert not is_plain_pooling(layers.MaxPooling2D(2, padding="same"))


def test_dropout_of_parts_is_bit_for_bit_that_of_the_batch():
    whole, divided = layers.Dropout(0.3, seed=5), layers.Dropout(0.3, seed=5)
    values = tf.random.stateless_normal((24, 7, 4), seed=(1, 2))
    for _ in range(3):
        parts = tf.split(values, [10, 10, 4])
        assert can_drop_in_parts(divided, parts)
        np.testing.assert_array_equal(tf.concat(drop_in_parts(divided, parts), 0), whole(values, training=True))


def test_dropout_whose_parts_begin_inside_a_count_is_left_whole():
    layer = layers.Dropout(0.3, seed=5)
    assert not can_drop_in_parts(layer, [tf.zeros([3, 5]), tf.zeros([3, 5])])
    assert not can_drop_in_parts(layers.Dropout(0.3, noise_shape=(None, 1)), [tf.zeros([4, 4]), tf.zeros([4, 4])])


def small_network(normalized: bool) -> keras.Model:
    keras.utils.set_random_seed(1)
    image = keras.Input((10, 10, 1), dtype="uint8", name="image")
    tensor = layers.Rescaling(1 / 255)(image)
    tensor = layers.MaxPooling2D(2)(layers.Conv2D(4, 3, padding="same", activation="relu")(tensor))
    if normalized:
        tensor = layers.BatchNormalization()(tensor)
    branch = layers.Conv2D(4, 3, padding="same", activation="relu")(tensor)
    tensor = layers.Dropout(0.3)(layers.Flatten()(layers.Add()([tensor, branch])))
    model = keras.Model([image], layers.Dense(3)(tensor))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), loss, metrics=["accuracy"])
    return model


def examples(count: int) -> Arrays:
    generator = np.random.default_rng(4)
    targets = generator.integers(0, 3, count)
    images = generator.integers(0, 90, (count, 10, 10, 1))
    images[np.arange(count), targets * 3] += 160
    weights = generator.uniform(0.5, 1.5, count).astype(np.float32)
    return Arrays({"image": images.astype(np.uint8)}, targets.astype(np.int32), weights)


@pytest.mark.parametrize("normalized", [False, True])
def test_an_epoch_in_parts_leaves_the_weights_and_metrics_of_model_fit(normalized):
    results = {}
    for executor, parts in (("keras", 1), ("graph", 4)):
        model = small_network(normalized)
        plan = Plan(epochs=1, batch_size=16, seed=7, executor=executor, parts=parts)
        [logs] = fit(model, examples(76), examples(20), plan)  # 76 leave a partial last batch
        results[executor] = (model.get_weights(), logs)
    for own, theirs in zip(results["graph"][0], results["keras"][0], strict=True):
        np.testing.assert_allclose(own, theirs, atol=1e-5)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert results["graph"][1][name] == pytest.approx(results["keras"][1][name], abs=1e-5)


def test_dividing_ends_with_its_block_and_leaves_what_it_does_not_know_whole():
    model = small_network(False)
    inside: list[bool] = []
    with dividing(model, 4):
        inside.append(is_divided(model))
    with dividing(model, 1):
        inside.append(is_divided(model))
    assert inside == [True, False]
    assert not is_divided(model)
    sequence = keras.Input((4, 8))
    other = layers.Dense(8)(sequence)
    attention = keras.Model(sequence, layers.MultiHeadAttention(2, 4)(sequence, other))
    with dividing(attention, 4):
        assert not is_divided(attention)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_sequence_that_looks_at_itself_does_so_in_parts_with_the_gradients_of_the_whole(dropout):
    values = tf.random.stateless_normal((10, 4, 8), seed=(1, 2))
    results = []
    for parts in (1, 3):
        keras.utils.set_random_seed(2)
        sequence = keras.Input((4, 8))
        model = keras.Model(sequence, layers.MultiHeadAttention(2, 4, dropout=dropout, seed=3)(sequence, sequence))
        with dividing(model, parts), tf.GradientTape() as tape:
            assert is_divided(model) == (parts > 1)
            output = model(values, training=True)
            loss = tf.reduce_sum(output**2)
        results.append([output, *tape.gradient(loss, [weight.value for weight in model.trainable_weights])])
    for own, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-4, atol=1e-5)


def test_only_large_batches_of_convolutional_and_attention_networks_on_several_threads_are_divided():
    cnn = ["conv2d", "max_pooling2d", "flatten", "dense"]
    assert choose_parts(cnn, "graph", 900_000, 128, 4) == 8
    assert choose_parts(cnn, "graph", 900_000, 128, 2) == 4
    assert choose_parts(cnn, "graph", 900_000, 20, 4) == 2
    assert choose_parts(cnn, "graph", 900_000, 128, 1) == 1
    assert choose_parts(cnn, "graph", 900, 128, 4) == 1
    assert choose_parts(["patches", "transformer_block"], "graph", 300_000, 128, 4) == 4
    assert choose_parts(cnn, "xla", 900_000, 128, 4) == 1
    assert choose_parts(cnn, "keras", 900_000, 128, 4) == 1
    assert choose_parts(cnn, "graph", 900_000, 128, 4, accelerator=True) == 1
    assert choose_parts(["dense", "dropout"], "graph", 900_000, 128, 4) == 1


def test_operations_between_layers_leave_a_network_whole():
    numbers = keras.Input((16,), name="numbers")
    known = keras.ops.where(keras.ops.isnan(numbers), 0.0, numbers)
    tensor = layers.Conv2D(4, 3)(layers.Reshape((4, 4, 1))(known))
    model = keras.Model([numbers], layers.Flatten()(tensor))
    with dividing(model, 4):
        assert not is_divided(model)


def test_dropout_of_whole_channels_is_drawn_for_the_batch():
    image = keras.Input((6, 6, 4))
    model = keras.Model(image, layers.SpatialDropout2D(0.5, seed=4)(image))
    values = tf.ones((8, 6, 6, 4))
    with dividing(model, 4):
        output = model(values, training=True).numpy()
    assert set(output.mean(axis=(1, 2)).ravel()) == {0.0, 2.0}


def test_the_batch_that_is_tried_before_training_leaves_no_trace():
    model = small_network(True)
    train = examples(76)
    build(model, train)
    before = [keras.ops.convert_to_numpy(variable) for variable in (*model.variables, *model.optimizer.variables)]
    with dividing(model, 4):
        CompiledLoop(model, model.train_step, hold(train), examples=76, batch_size=16, jit_compile=False)
    after = [keras.ops.convert_to_numpy(variable) for variable in (*model.variables, *model.optimizer.variables)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
