"""What variants are called in a picture: their values alone where all vary the same keys."""

from collections.abc import Mapping, Sequence
from typing import Any


def in_few_words(
    cells: Sequence[Mapping[str, Any]], result: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The trainings and the result of a comparison, with variants by their short names."""
    names = values_alone([str(each["name"]) for each in result["variants"]])
    verdicts = [
        {**each, "best": names.get(each["best"], each["best"]), "other": names.get(each["other"], each["other"])}
        for each in result.get("verdicts") or ()
    ]
    variants = [{**each, "name": names[each["name"]]} for each in result["variants"]]
    renamed = [{**cell, "variant": names.get(cell["variant"], cell["variant"])} for cell in cells]
    return renamed, {**result, "variants": variants, "verdicts": verdicts}


def values_alone(names: Sequence[str]) -> dict[str, str]:
    """`relu adam` for `hidden_activation=relu optimizer=adam`, if all names have these keys and stay apart."""
    parts = [[word.partition("=") for word in name.split(" ")] for name in names]
    keys = {tuple(key for key, _, _ in words) for words in parts}
    short = [" ".join(value for _, _, value in words) for words in parts]
    is_plain = len(keys) == 1 and all(mark for words in parts for _, mark, _ in words) and len(set(short)) == len(names)
    return dict(zip(names, short if is_plain else names, strict=True))
