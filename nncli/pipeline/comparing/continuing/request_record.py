"""A comparison's request in its run.json, from which the comparison goes on when its config files are gone."""

import copy
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from nncli.config.reading.document import Document, Mark
from nncli.config.reading.loading import LoadedConfig, validate
from nncli.config.sections import to_mapping
from nncli.errors import RunError
from nncli.pipeline.comparing.conclusion import Differing, Tried
from nncli.pipeline.comparing.settings.budget import Budget
from nncli.pipeline.comparing.variants import ComparisonRequest, Variant
from nncli.pipeline.preparation import Prepared
from nncli.run import files
from nncli.run.folder import RunFolder

REQUEST = "request"


@dataclass(frozen=True)
class RecordedVariant(Variant):
    """A variant whose whole config is known: `content` is JSON. `fingerprint` is that of the first seed's data."""

    content: str = "{}"
    fingerprint: str = ""

    def load(self, request: ComparisonRequest, seed: int | None) -> LoadedConfig:
        """Its config with a seed; what the request says is part of it."""
        values, nowhere = json.loads(self.content), Mark(self.name, 0, 0)
        document = Document(self.name, values, marks={(key,): nowhere for key in values})
        if seed is not None:
            document.values["seed"] = seed
            if request.folds is not None:
                document.values["data"]["fold"] = request.fold_of(seed)
        return validate(document)


@dataclass(frozen=True)
class RecordedRequest:
    """What a comparison was asked for, its first seed, what its conclusion needs, and the record it was read from."""

    request: ComparisonRequest
    first_seed: int
    differing: Differing
    tried: Tried
    values: Mapping[str, Any]

    def extended(self, seeds: int) -> dict[str, Any]:
        """The record of the same comparison over this many seeds."""
        return {REQUEST: {**copy.deepcopy(dict(self.values)), "seeds": _seeds(self.first_seed, seeds)}}


def describe_request(
    request: ComparisonRequest,
    first_seed: int,
    prepared: Mapping[Variant, Prepared],
    differing: Differing,
    tried: Tried,
) -> dict[str, Any]:
    """The request for run.json. Each variant has its config with all that is shared, and with the data's true source.

    What is chosen from the data is left open in it, since that could be another for another seed.
    """
    return {
        "variants": [variant.name for variant in request.variants],
        REQUEST: {
            "seeds": _seeds(first_seed, request.seeds),
            "epochs": request.epochs,
            "target": request.target,
            "set": list(request.assignments),
            "margin": request.margin,
            "budget": None if request.budget is None else asdict(request.budget),
            "split_seed": request.split_seed,
            "folds": request.folds,
            "learning_rates": {name: list(each) for name, each in tried.items()},
            "differing": differing,
            "variants": [_describe(variant, request, first_seed, each) for variant, each in prepared.items()],
        },
    }


def _describe(variant: Variant, request: ComparisonRequest, seed: int, prepared: Prepared) -> dict[str, Any]:
    config = variant.load(request, seed).config
    found = {"source": prepared.dataset.facts.source, "fallback": None}
    config = config.model_copy(update={"data": config.data.model_copy(update=found)})
    return {
        "name": variant.name,
        "from": variant.config,
        "vary": list(variant.assignments),
        "config": to_mapping(config),
        "fingerprint": prepared.dataset.fingerprint,
    }


def _seeds(first: int, number: int) -> list[int]:
    return list(range(first, first + number))


def read_request(folder: RunFolder) -> RecordedRequest:
    """The request of a comparison. Raises RunError where its record has none, or one that is not of this version."""
    values = folder.record.get(REQUEST)
    if values is None:
        raise RunError(
            f"{folder.path} has no {REQUEST!r} in its {files.RECORD}: it ended before its trainings began, or is of an "
            "earlier version",
            hint="compare again",
        )
    try:
        seeds, target = values["seeds"], values["target"]
        variants = tuple(
            RecordedVariant(
                each["name"],
                each["from"],
                tuple(each["vary"]),
                content=json.dumps(each["config"]),
                fingerprint=each["fingerprint"],
            )
            for each in values["variants"]
        )
        if seeds != _seeds(seeds[0], len(seeds)) or not variants:
            raise ValueError
        budget = values["budget"] and Budget(**values["budget"])
        request = ComparisonRequest(
            variants,
            len(seeds),
            target=target,
            margin=values["margin"],
            budget=budget,
            folds=values.get("folds"),
            split_seed=values["split_seed"],
        )
        tried = {name: (variant, rate) for name, (variant, rate) in values["learning_rates"].items()}
        return RecordedRequest(request, seeds[0], values["differing"], tried, values)
    except (KeyError, TypeError, ValueError, IndexError):
        raise RunError(
            f"the request in {folder.path / files.RECORD} is damaged, or not of this version", hint="compare again"
        ) from None
