"""What `--show` keeps and says of the images that a network saw."""

from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, Target, Task
from nncli.data.batches import Batch
from nncli.pipeline.predicting.named_predictions import Answers
from nncli.pipeline.showing import MOST_SHOWN, Seen


def seen(target: Target, outputs: list[list[float]]) -> Seen:
    image = ImageInput(height=2, width=2, channels=1, scale=1 / 16)
    facts = DataFacts(source="npz", inputs=image, target=target, rows={})
    names = [f"{place}.png" for place in range(len(outputs))]
    pixels = np.full((len(outputs), 2, 2, 1), 16, np.uint8)
    kept = Seen(facts)
    batch = Batch(names=names, inputs={"image": pixels}, files=[Path(name) for name in names])
    kept.add(batch, Answers(facts, names, np.array(outputs, np.float32)))
    return kept


def test_a_picture_says_what_the_table_says_at_the_thresholds_of_the_run() -> None:
    binary = Target(task=Task.BINARY, columns=("y",), classes=("no", "yes"), thresholds=(0.2,))
    assert [each.prediction for each in seen(binary, [[0.3], [0.1]]).images] == ["yes (30 %)", "no (90 %)"]
    labels = Target(task=Task.MULTILABEL, columns=("a", "b"), thresholds=(0.5, 0.9))
    assert [each.prediction for each in seen(labels, [[0.6, 0.8], [0.1, 0.2]]).images] == ["a", "(none)"]
    values = Target(task=Task.REGRESSION, columns=("y",))
    assert seen(values, [[1.23456]]).images[0].prediction == "1.235"


def test_only_the_first_images_are_kept_in_their_own_brightness() -> None:
    classes = Target(task=Task.MULTICLASS, columns=("y",), classes=("a", "b", "c"))
    kept = seen(classes, [[0.1, 0.7, 0.2]] * (MOST_SHOWN + 5))
    assert (kept.count, len(kept.images)) == (MOST_SHOWN + 5, MOST_SHOWN)
    assert kept.images[0].pixels.max() == 255
    assert kept.images[0].probabilities == (("b", 0.7), ("c", 0.2), ("a", 0.1))
