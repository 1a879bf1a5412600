"""The keys of configs whose values differ."""

from collections.abc import Mapping
from typing import Any

from nncli.config.sections import Config, to_mapping
from nncli.pipeline.runs.keys import flatten

# What differs between trainings of one network, and which warnings are turned off.
_OF_A_TRAINING = ("name", "seed", "data.split_seed", "silence")


def flat_config(config: Config) -> dict[str, Any]:
    """Every value of a config by its dotted key, without its name and seeds."""
    return {key: value for key, value in flatten(to_mapping(config)).items() if key not in _OF_A_TRAINING}


def differing_keys(configs: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of flat configs by variant, the keys that are not the same for all; None stands for a key that one lacks.

    Options that only one of two optimizers or losses has go without saying where these differ.
    """
    first = next(iter(configs))
    keys = dict.fromkeys(key for config in configs.values() for key in config)
    found = {key: {name: config.get(key) for name, config in configs.items()} for key in keys}
    found = {key: values for key, values in found.items() if any(each != values[first] for each in values.values())}
    return {
        key: values
        for key, values in found.items()
        if None not in values.values() or f"{key.rpartition('.')[0]}.name" not in found
    }
