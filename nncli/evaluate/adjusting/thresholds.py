"""Above which probability the positive class or a label is predicted, chosen by F1; does not depend on models.

One half is the best threshold for accuracy, but where positive rows are rare it may predict none of them. The one that
maximizes F1 depends on the model and is found on rows it was not trained on (Lipton, Elkan and Naryanaswamy, "Optimal
thresholding of classifiers to maximize F1 measure", 2014). It is never chosen on the test set, whose score would then
be too good.
"""

import numpy as np

HALF = 0.5
FEWEST_ROWS = 30  # of each kind; of fewer, the best threshold is that of chance
_RESAMPLES = 1000
_CLEAR = 0.05  # the share of resamples that may be no better


def choose_thresholds(targets: np.ndarray, probabilities: np.ndarray) -> tuple[float, ...]:
    """One for each column of targets of 0 and 1 and probabilities, both (n, columns); a row is predicted above it.

    It stays one half where there are fewer than 30 positive or negative rows, or where the F1 of the best threshold is
    not clearly larger: in at least 95 % of bootstrap samples of the rows.
    """
    truth = np.asarray(targets) > HALF
    scores = np.asarray(probabilities, np.float64)
    return tuple(_choose(truth[:, index], scores[:, index]) for index in range(truth.shape[1]))


def best_threshold(truth: np.ndarray, scores: np.ndarray) -> float:
    """Where F1 is largest, halfway between two neighbouring scores; `truth` bool (n,), with at least one true row."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    hits = np.cumsum(truth[order])
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + hits[-1])
    f1[:-1][ordered[:-1] == ordered[1:]] = -1.0  # equal scores cannot be told apart
    place = int(np.argmax(f1))
    following = ordered[place + 1] if place + 1 < len(ordered) else 0.0
    return float((ordered[place] + following) / 2)


def _choose(truth: np.ndarray, scores: np.ndarray) -> float:
    if min(int(truth.sum()), int((~truth).sum())) < FEWEST_ROWS:
        return HALF
    threshold = float(np.float32(best_threshold(truth, scores)))
    return threshold if _is_clearly_better(truth, scores > threshold, scores > HALF) else HALF


def _is_clearly_better(truth: np.ndarray, chosen: np.ndarray, usual: np.ndarray) -> bool:
    """By the bootstrap: drawing rows is drawing the counts of the eight kinds of rows."""
    kinds = np.bincount(4 * truth + 2 * chosen + usual, minlength=8)
    drawn = np.random.default_rng(0).multinomial(len(truth), kinds / len(truth), size=_RESAMPLES)
    kind = np.arange(8)
    positive, above, half = kind >= 4, kind % 4 >= 2, kind % 2 == 1
    return bool(np.mean(_f1(drawn, positive, above) <= _f1(drawn, positive, half)) <= _CLEAR)


def _f1(counts: np.ndarray, positive: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    hits = counts[:, positive & predicted].sum(axis=1)
    whole = counts[:, positive].sum(axis=1) + counts[:, predicted].sum(axis=1)
    return np.asarray(2 * hits / np.maximum(whole, 1))
