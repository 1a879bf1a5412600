"""Sets of whole groups, as near to the wanted sizes as whole groups allow; does not know what the groups are."""

import heapq

import numpy as np

from nncli.data.dataset import distinct_values

# The number of ways to choose the groups that are tried; of those with the best sizes, the best class shares win.
_ATTEMPTS = 20
_MANY_GROUPS = 5000
# Groups times rows up to which every sum of sizes is looked at; of more groups, the last few fill the gap exactly.
_MOST_CELLS = 20_000_000
_LAST_GROUPS = 200
# The number of different sums that are kept, each of which takes 9 bytes; if there are more, sizes are rounded.
_MOST_SUMS = 1 << 22


def hold_out_groups(
    groups: np.ndarray, fraction: float, generator: np.random.Generator, strata: np.ndarray | None = None
) -> np.ndarray:
    """Whether each row is held out, bool (n,): whole groups with as nearly `fraction` of the rows as they can have.

    `groups` (n,) has at least two different values. Of choices with equally good sizes, the one whose shares of the
    values of `strata` (n,) are nearest to those of all rows is taken.
    """
    members, sizes = _members(groups)
    held: np.ndarray = choose_groups(sizes, _class_counts(members, len(sizes), strata), fraction, generator)[members]
    return held


def choose_groups(
    sizes: np.ndarray, counts: np.ndarray | None, fraction: float, generator: np.random.Generator
) -> np.ndarray:
    """The same for groups by their `sizes` (groups,) and their rows of each class, `counts` (groups, classes) or None:
    whether each group is held out, bool (groups,)."""
    rows = int(sizes.sum())
    wanted = min(max(1, round(rows * fraction)), rows - 1)
    best: tuple[float, float] | None = None
    chosen = np.empty(0, np.int64)
    for _ in range(_attempts(len(sizes), counts)):
        order = generator.permutation(len(sizes))
        found = order[nearest_sum(sizes[order], wanted)]
        distance = 0.0 if counts is None else _distance(counts[found].sum(axis=0), counts.sum(axis=0))
        score = (abs(int(sizes[found].sum()) - wanted), distance)
        if best is None or score < best:
            best, chosen = score, found
    is_chosen = np.zeros(len(sizes), bool)
    is_chosen[chosen] = True
    return is_chosen


def deal_groups(
    groups: np.ndarray, folds: int, generator: np.random.Generator, strata: np.ndarray | None = None
) -> np.ndarray:
    """The fold of each row, int64 (n,): whole groups, the largest first, each to the fold with the fewest rows.

    `groups` (n,) has at least `folds` different values. Of several ways with equally even sizes, the one whose folds
    have the class shares nearest to those of all rows is taken.
    """
    members, sizes = _members(groups)
    fold_of: np.ndarray = deal_sizes(sizes, _class_counts(members, len(sizes), strata), folds, generator)[members]
    return fold_of


def deal_sizes(sizes: np.ndarray, counts: np.ndarray | None, folds: int, generator: np.random.Generator) -> np.ndarray:
    """The same for groups by their `sizes` (groups,) and their rows of each class, `counts` (groups, classes) or None:
    the fold of each group, int64 (groups,)."""
    best: tuple[float, float] | None = None
    chosen = np.empty(0, np.int64)
    for _ in range(_attempts(len(sizes), counts)):
        order = generator.permutation(len(sizes))
        dealt = _assign_folds(sizes, order[np.argsort(-sizes[order], kind="stable")], folds)
        distance = 0.0
        if counts is not None:
            distance = sum(_distance(counts[dealt == fold].sum(axis=0), counts.sum(axis=0)) for fold in range(folds))
        rows = np.bincount(dealt, weights=sizes, minlength=folds)
        score = (float(rows.max() - rows.min()), distance)
        if best is None or score < best:
            best, chosen = score, dealt
    return chosen


def nearest_sum(sizes: np.ndarray, wanted: int) -> np.ndarray:
    """The places (int64) of some, but not all, of the `sizes` whose sum is as near to `wanted` as any such sum.

    Every sum that can be reached is noted with the size that reached it first, until `wanted` is among them. Where
    that would take long, sizes are taken one after the other first, and only the last gap is filled this way.
    """
    total = int(sizes.sum())
    limit = min(total - 1, max(2 * wanted, int(sizes.min())))
    taken: list[int] = []
    rest = np.arange(len(sizes))
    if len(sizes) * limit > _MOST_CELLS:
        room = wanted - _LAST_GROUPS // 4 * (1 + total // len(sizes))
        for place in range(len(sizes) - _LAST_GROUPS):
            if sizes[place] <= room:
                taken.append(place)
                room -= int(sizes[place])
        wanted -= int(sizes[taken].sum())
        rest = np.setdiff1d(rest, taken)[:_LAST_GROUPS]
        limit = max(2 * wanted, int(sizes[rest].min()))
    return np.array(sorted([*taken, *rest[_exact(sizes[rest], wanted, limit, at_least=0 if taken else 1)]]), np.int64)


def _exact(sizes: np.ndarray, wanted: int, limit: int, *, at_least: int) -> list[int]:
    """The places of the sizes whose sum, from `at_least` to `limit`, is nearest to `wanted`; rounded where these are
    very many rows."""
    if limit > _MOST_SUMS:
        scale = -(-limit // _MOST_SUMS)
        sizes = np.maximum(1, np.round(sizes / scale).astype(np.int64))
        limit = min(max(limit // scale, int(sizes.min())), int(sizes.sum()) - 1)
        wanted = min(wanted // scale, limit)
    reached = np.zeros(limit + 1, bool)
    reached[0] = True
    by = np.full(limit + 1, -1, np.int64)
    for place, size in enumerate(sizes):
        if size <= limit:
            new = np.flatnonzero(reached[: limit + 1 - size] & ~reached[size:]) + size
            by[new] = place
            reached[new] = True
            if reached[wanted]:
                break
    sums = np.flatnonzero(reached)
    sums = sums[sums >= at_least]
    left = int(sums[np.argmin(np.abs(sums - wanted))])
    found: list[int] = []
    while left:
        found.append(int(by[left]))
        left -= int(sizes[found[-1]])
    return found


def _members(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of each row's group, int64 (n,), and the rows of each group."""
    members = np.searchsorted(distinct_values(groups), groups)
    return members, np.bincount(members)


def _class_counts(members: np.ndarray, groups: int, strata: np.ndarray | None) -> np.ndarray | None:
    """The rows of each class in each group, int64 (groups, classes)."""
    if strata is None:
        return None
    classes = np.searchsorted(distinct_values(strata), strata)
    counts = np.zeros((groups, int(classes.max()) + 1), np.int64)
    np.add.at(counts, (members, classes), 1)
    return counts


def _attempts(groups: int, counts: np.ndarray | None) -> int:
    return 1 if counts is None or groups > _MANY_GROUPS else _ATTEMPTS


def _distance(ours: np.ndarray, all_rows: np.ndarray) -> float:
    """How far the shares of the classes are from those in all rows: 0 for equal ones, 2 at most."""
    if not ours.sum() or not all_rows.sum():
        return 0.0
    return round(float(np.abs(ours / ours.sum() - all_rows / all_rows.sum()).sum()), 12)


def _assign_folds(sizes: np.ndarray, order: np.ndarray, folds: int) -> np.ndarray:
    """The fold of each group, int64 (groups,); the fold with the fewest rows takes the next one."""
    heap = [(0, fold) for fold in range(folds)]
    dealt = np.empty(len(sizes), np.int64)
    for group in order:
        rows, fold = heapq.heappop(heap)
        dealt[group] = fold
        heapq.heappush(heap, (rows + int(sizes[group]), fold))
    return dealt
