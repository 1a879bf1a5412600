"""A typical script based on the lecture: trains 25-15-10 on MNIST in Keras, evaluates and saves it.

    python train_mnist.py mnist.npz model.keras --epochs 20

The archive has the arrays of `keras.datasets.mnist`. The last line is the accuracy on the test set.
"""

import sys

import keras
import numpy as np

archive, output = sys.argv[1], sys.argv[2]
epochs = int(sys.argv[4]) if len(sys.argv) > 4 else 20

with np.load(archive) as data:
    x_train, y_train = data["x_train"], data["y_train"]
    x_test, y_test = data["x_test"], data["y_test"]
x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255

model = keras.Sequential(
    [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(25, activation="relu"),
        keras.layers.Dense(15, activation="relu"),
        keras.layers.Dense(10, activation="linear"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(x_train, y_train, epochs=epochs, batch_size=32, validation_split=0.1, verbose=2)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
model.save(output)
print(accuracy)
