"""The description of a model for the page: enough for a canvas to draw on, or for a form with a field for each
column."""

from typing import Any

from nncli.config.facts import DataFacts, ImageInput, TableInput
from nncli.serve.model import Model
from nncli.serve.protocols.inputs import column_names

_MOST_VALUES = 1_000


def describe(model: Model) -> dict[str, Any]:
    """A model's name, score, task and classes, and either its `image` or the `columns` of its form."""
    facts = model.facts
    target = facts.target
    told: dict[str, Any] = {
        "name": model.name,
        "version": model.version,
        "task": target.task.value,
        "target": list(target.columns),
        "classes": list(target.names),
        **model.details,
    }
    if isinstance(facts.inputs, ImageInput):
        image = facts.inputs
        is_dark = image.border is None or image.border * image.scale < 0.5
        return told | {"image": {"shape": list(image.shape), "isDark": is_dark, "isPrepared": image.prepare == "ink"}}
    return told | {"columns": _columns(facts, facts.inputs), "hasSurface": has_surface(facts.inputs)}


def has_surface(table: TableInput) -> bool:
    """Whether the inputs are two numbers, so that they are the axes of a picture."""
    return len(table.numbers) == 2 and not table.categories and not table.dates


def _columns(facts: DataFacts, table: TableInput) -> list[dict[str, Any]]:
    """The fields of the form, in the order of the file that the run was trained on."""
    fields: dict[str, dict[str, Any]] = {
        each.name: {
            "kind": "number",
            "low": each.minimum,
            "high": each.maximum,
            "typical": each.median,
            "isWhole": bool(each.edges) and all(float(edge).is_integer() for edge in (*each.edges, each.median)),
            "canLack": each.has_missing,
        }
        for each in table.numbers
    }
    fields |= {
        each.name: {"kind": "category", "values": list(each.vocabulary[:_MOST_VALUES])} for each in table.categories
    }
    fields |= {each.name: {"kind": "date", "hasDays": each.has_days} for each in table.dates}
    return [{"name": name, **fields[name]} for name in column_names(facts) if name in fields]
