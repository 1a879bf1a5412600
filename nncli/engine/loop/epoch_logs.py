"""What the logs of an epoch have besides the metrics: the learning rate."""

import keras


def learning_rate(model: keras.Model) -> float:
    """The current learning rate; with a schedule, that of the last update."""
    optimizer = model.optimizer
    schedule = optimizer._learning_rate  # not public in Keras, whose `learning_rate` is that of the next update
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    updates = int(keras.ops.convert_to_numpy(optimizer.iterations))
    return float(keras.ops.convert_to_numpy(schedule(max(updates - 1, 0))))
