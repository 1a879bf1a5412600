"""What is compared with what: configs times the values of varied keys, as named variants."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nncli.cluster.request import ClusterRequest
from nncli.config.reading.document import KeyPath, parse_document
from nncli.config.reading.loading import LoadedConfig, load_config
from nncli.config.reading.overrides import parse_assignment
from nncli.errors import ConfigError, UsageError
from nncli.pipeline.comparing.settings.budget import Budget
from nncli.pipeline.training.train import DEFAULT_CONFIG

DEFAULT_VARY = "model.hidden_activation=sigmoid,relu"


SEEDS = 5
Option = tuple[KeyPath, Any, str]


@dataclass(frozen=True)
class Variant:
    """One network of a comparison: where it comes from and what is set on it."""

    name: str
    config: str
    assignments: tuple[str, ...]
    rate: str | None = None  # the assignment of --lr-range

    def load(self, request: "ComparisonRequest", seed: int | None) -> LoadedConfig:
        """Its config with what all variants share, and a seed."""
        options: list[Option] = [(*parse_assignment(text), f"--vary {text}") for text in self.assignments]
        if request.epochs is not None:
            options.append((("train", "epochs"), request.epochs, f"--epochs {request.epochs}"))
        if request.tracking:
            options.append((("train", "tracking"), request.tracking, _told_trackers(request.tracking)))
        if self.rate is not None:
            options.append((*parse_assignment(self.rate), "--lr-range"))
        if request.split_seed is not None:
            options.append((("data", "split_seed"), request.split_seed, "--fixed-split"))
        if request.folds is not None:
            options.append((("data", "fold"), request.fold_of(seed), f"--folds {request.folds}"))
        if seed is not None:
            options.append((("seed",), seed, f"seed {seed} of --seeds"))
        loaded = load_config(self.config, request.assignments, options)
        if request.budget is None:
            return loaded
        return load_config(self.config, request.assignments, [*options, *request.budget.options(loaded.config)])


@dataclass(frozen=True)
class ComparisonRequest:
    """What the user asked to compare."""

    variants: tuple[Variant, ...]
    seeds: int = SEEDS
    assignments: tuple[str, ...] = ()
    epochs: int | None = None
    target: float | None = None
    jobs: int | None = None  # None: as many as there are cores for
    fixed_split: bool = False  # whether all seeds share one split: that of the first seed, kept in `split_seed`
    split_seed: int | None = None
    margin: float | None = None  # in the unit that differences are told in
    budget: Budget | None = None
    lr_range: bool = False  # whether three learning rates are tried for each variant
    folds: int | None = None  # of one deal: each is the test set of one of as many seeds
    tracking: tuple[str, ...] = ()  # trackers of every training, in the place of those of the configs
    on: ClusterRequest | None = None  # the cluster to train on; None: this machine

    def fold_of(self, seed: int | None) -> dict[str, int] | None:
        """`data.fold` for a seed: the seeds count the folds of the split of the first one."""
        if self.folds is None:
            return None
        return {"of": self.folds, "test": 1 if seed is None or self.split_seed is None else seed - self.split_seed + 1}

    @classmethod
    def parse(
        cls,
        configs: Sequence[str] | None = None,
        vary: Sequence[str] | None = None,
        seeds: int | None = None,
        assignments: Sequence[str] | None = None,
        epochs: int | None = None,
        target: float | None = None,
        jobs: str = "auto",
        *,
        fixed_split: bool = False,
        margin: float | None = None,
        budget: str | None = None,
        lr_range: bool = False,
        folds: int | None = None,
        track: Sequence[str] | None = None,
    ) -> "ComparisonRequest":
        """From a command's arguments. Raises UsageError where there is nothing to compare."""
        variants = _make_variants(configs, vary)
        if margin is not None and not 0 < margin < float("inf"):
            raise UsageError(f"--margin {margin:g}: expected a number above 0", hint="--margin 0.5")
        if budget is not None and epochs is not None:
            raise UsageError("--budget and --epochs both say how long to train", hint="leave --epochs out")
        if lr_range and any("learning_rate" in each for variant in variants for each in variant.assignments):
            raise UsageError(
                "--lr-range tries three learning rates, and --vary sets them", hint="leave one of them out"
            )
        if folds is not None and (seeds is not None or fixed_split):
            other = "--fixed-split" if fixed_split else f"--seeds {seeds}"
            raise UsageError(
                f"--folds {folds} trains each variant once for each fold, and got {other}", hint="leave one of them out"
            )
        return cls(
            variants,
            folds or seeds or SEEDS,
            tuple(assignments or ()),
            epochs,
            target,
            parse_jobs(jobs),
            fixed_split=fixed_split,
            margin=margin,
            budget=None if budget is None else Budget.parse(budget),
            lr_range=lr_range,
            folds=folds,
            tracking=tuple(track or ()),
        )


def _told_trackers(names: Sequence[str]) -> str:
    return " ".join(f"--track {name}" for name in names)


def _make_variants(configs: Sequence[str] | None, vary: Sequence[str] | None) -> tuple[Variant, ...]:
    """Each config with each choice of values. Raises UsageError where they do not differ."""
    names = list(configs or [DEFAULT_CONFIG])
    if not vary:
        vary = [DEFAULT_VARY] if len(names) == 1 else []
    axes = [_parse_axis(text) for text in vary]
    if any(axis[0].startswith("seed=") for axis in axes):
        raise UsageError("--vary seed would be overridden by --seeds", hint="say how many seeds: --seeds 5")
    keys = [axis[0].partition("=")[0] for axis in axes]
    variants = tuple(
        Variant(_name(config, choice, len(names), keys), config, choice)
        for config in names
        for choice in itertools.product(*axes)
    )
    if len({variant.name for variant in variants}) < max(2, len(variants)):
        raise UsageError(
            "the variants do not differ" if len(variants) > 1 else "one variant has nothing to be compared with",
            hint="--vary KEY=A,B",
        )
    return variants


def parse_jobs(text: str) -> int | None:
    """A number of processes, None for `auto`."""
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--jobs {text!r} is neither auto nor a whole number from 1 on", hint="--jobs auto")
    return int(text)


def _parse_axis(text: str) -> list[str]:
    """`key=a,b` as the assignments key=a and key=b; values may be YAML lists and mappings with commas inside."""
    key, equals, values_text = text.partition("=")
    if not equals or not key.strip() or not values_text.strip():
        raise UsageError(f"--vary {text!r} is not of the form KEY=A,B", hint=f"--vary {DEFAULT_VARY}")
    try:
        parse_document(f"value: [{values_text}]", f"--vary {text}")
    except ConfigError as error:
        raise UsageError(error.message, hint=f"--vary {DEFAULT_VARY}") from None
    return [f"{key.strip()}={value}" for value in _split_outside_brackets(values_text)]


def _split_outside_brackets(text: str) -> list[str]:
    depth, parts = 0, [""]
    for character in text:
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _name(config: str, choice: Sequence[str], configs: int, keys: Sequence[str]) -> str:
    """What tells a variant from the others: each varied key in short, the config where there are several."""
    settings = [f"{_short(assignment, keys)}={assignment.partition('=')[2]}" for assignment in choice]
    own = [config.rpartition("/")[2].removesuffix(".yaml")] if configs > 1 or not choice else []
    return " ".join([*own, *settings])


def _short(assignment: str, keys: Sequence[str]) -> str:
    """The end of a key that none of the other varied keys has: `optimizer` for optimizer.name.

    An option of a layer goes with its layer: `dense.units`, as many layers have one of that name.
    """
    parts = _parts(assignment.partition("=")[0])
    others = [other for other in map(_parts, keys) if other != parts]
    shortest = min(len(parts), 2 if any(part.isdecimal() for part in parts) else 1)
    for length in range(shortest, len(parts) + 1):
        end = parts[-length:]
        if not end[0].isdecimal() and all(other[-length:] != end for other in others):
            return ".".join(end)
    return ".".join(parts)


def _parts(key: str) -> list[str]:
    """The words of a key, `layers[0]` like `layers.0`; the name of an optimizer or loss goes by its section."""
    parts = [part for part in re.split(r"[.\[\]]+", key.strip()) if part]
    return parts[:-1] if len(parts) > 1 and parts[-1] == "name" else parts
