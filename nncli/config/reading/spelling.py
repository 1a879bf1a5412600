"""The valid name that a wrong one was probably meant to be; works on names alone."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Nobody misspells a name at such length, and comparing would take long.
_LONGEST_NAME = 60
# Names of Keras that are near to one on offer and mean something else: whoever wrote one of them meant it.
_OTHER_KERAS_NAMES = """
    nadam adamax adadelta adafactor ftrl lamb muon
    einsum_dense simple_rnn conv3d conv1d_transpose conv2d_transpose
    conv3d_transpose depthwise_conv1d separable_conv1d max_pooling3d
    average_pooling3d global_max_pooling3d
    global_average_pooling3d zero_padding2d up_sampling2d cropping2d
    gaussian_dropout alpha_dropout spatial_dropout1d spatial_dropout2d spatial_dropout3d
    unit_normalization rms_normalization spectral_normalization activity_regularization
    relu6 prelu crelu celu glu softsign softmin sparsemax hard_sigmoid hard_silu hard_swish hard_tanh log_sigmoid
    log_softmax mish swish squareplus sparse_plus sparse_sigmoid tanh_shrink hard_shrink soft_shrink threshold
    amsgrad centered ema_overwrite_frequency loss_scale_factor
    activity_regularizer bias_regularizer bias_initializer kernel_constraint bias_constraint
    ones identity variance_scaling
    f1_score fbeta_score binary_accuracy categorical_accuracy sparse_categorical_accuracy precision_at_recall
    recall_at_precision root_mean_squared_log_error mean_squared_logarithmic_error mean_absolute_percentage_error
    mse mae mape msle hinge squared_hinge categorical_hinge log_cosh kl_divergence cosine_similarity
    categorical_generalized_cross_entropy dice tversky ctc
"""
OTHER_KERAS_NAMES = frozenset(_OTHER_KERAS_NAMES.split())
# `layers.Dense(32, activation="relu")`: the name is Dense.
_KERAS_CALL = re.compile(r"(?:\w+\.)*(\w{1,60})\(")
# From this many letters on, two changes are still a slip.
_LONG_NAME = 8
# Differences that difflib's ratio still takes for the same word.
_RATIO = 0.6


def did_you_mean(got: Any, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the nearest name, or the list of names when none is near."""
    names = list(known)
    called = _KERAS_CALL.match(str(got)[:_LONGEST_NAME])
    near = nearest_names(called[1] if called else str(got), names)
    if near:
        return "; did you mean " + " or ".join(f'"{name}"' for name in near) + "?"
    return f"; known: {', '.join(names)}" if names else ""


def nearest_names(got: str, names: Sequence[str]) -> list[str]:
    """The name that needs the fewest changes to become `got`, or at most three that need as few; [] if none is near.

    Where none is, initials (`lr`, `mse`), the beginning of a single name, and difflib's ratio are tried in turn.
    """
    if len(got) > _LONGEST_NAME:
        return []
    folded = _fold(got)
    distances = {name: edit_distance(folded, _fold(name)) for name in names}
    smallest = min(distances.values(), default=0)
    found = [name for name in names if distances[name] == smallest <= max(1, len(folded) // 3)]
    if found:
        return found if len(found) <= 3 else []
    found = [name for name in names if "_" in name and folded == "".join(word[0] for word in name.split("_") if word)]
    found = found or [name for name in names if len(folded) >= 3 and _fold(name).startswith(folded)]
    if len(found) == 1:
        return found
    ratios = difflib.get_close_matches(folded, [_fold(name) for name in names], n=1, cutoff=_RATIO)
    return [name for name in names if _fold(name) in ratios][:1]


def is_slip(got: str, name: str) -> bool:
    """Whether `got` can only be a misspelled `name`: one change away, two in a long name, and not a name of Keras's."""
    folded, wanted = _fold(got), _fold(name)
    if folded in OTHER_KERAS_NAMES or abs(len(folded) - len(wanted)) > 2:
        return False
    return edit_distance(folded, wanted) <= (2 if len(wanted) >= _LONG_NAME else 1)


def _fold(name: str) -> str:
    """A name in lower case, with underscores for blanks and hyphens: `Learning-Rate` is no misspelling."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def edit_distance(one: str, other: str) -> int:
    """Letters to insert, delete, replace or swap with their neighbour (Damerau, 1964; optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        previous, row, last = row, [i], before
        for j, wanted in enumerate(other, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (letter != wanted))
            if last and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        before = previous
    return row[-1]
