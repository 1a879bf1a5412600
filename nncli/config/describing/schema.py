"""The JSON Schema (draft 2020-12) of a config as it is written in YAML, made from the sections; for editors.

Pydantic describes the sections as it checks them. Written are: a layer as its name, or as a mapping of its name to its
options; a loss or an optimizer as its name alone; and one more key, `extends`, under which nothing else is required.
"""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from nncli.config.layers import LAYERS
from nncli.config.objective import OPTIMIZERS
from nncli.config.reading.inheritance import EXTENDS
from nncli.config.schedules import SCHEDULES
from nncli.config.sections import Config

_REFERENCE = "#/$defs/"
_LAYER = "Layer"

Schema = dict[str, Any]


def schema_text() -> str:
    """The schema as the JSON text that `configs/schema.json` holds."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False) + "\n"


def config_schema() -> Schema:
    """The whole schema, as plain values that JSON can hold."""
    schema = Config.model_json_schema(mode="validation")
    definitions: dict[str, Schema] = schema["$defs"]
    for kind, section in LAYERS.items():
        definitions[section.__name__]["properties"].pop("kind")
        definitions[section.__name__]["description"] = f"{kind}: {section.__doc__}"
    for kind, optimizer in OPTIMIZERS.items():
        # The model has a default for it, so that code can leave it out; a file cannot.
        definitions[optimizer.__name__]["properties"]["name"] = {"const": kind, "description": optimizer.__doc__}
        definitions[optimizer.__name__]["required"] = ["name"]
    for name, schedule in SCHEDULES.items():
        definitions[schedule.__name__]["properties"]["schedule"] = {"const": name, "description": schedule.__doc__}
        definitions[schedule.__name__].setdefault("required", []).append("schedule")
    schema["properties"]["name"].pop("default")  # the file's name
    for holder in ("Model", "Residual"):
        definitions[holder]["properties"]["layers"]["items"] = {"$ref": _REFERENCE + _LAYER}
    definitions[_LAYER] = _layer_schema(definitions)
    _allow_names(schema, definitions)
    _allow_extending(schema, definitions)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        "$id": "urn:nncli:config",
        **_without_noise(schema),
        "title": "nncli config",
    }


def _layer_schema(definitions: dict[str, Schema]) -> Schema:
    """One entry of `model.layers`: `flatten`, or `dense: {units: 10}`."""
    bare = [kind for kind, section in LAYERS.items() if "required" not in definitions[section.__name__]]
    options: Schema = {}
    for kind, section in LAYERS.items():
        reference = {"$ref": _REFERENCE + section.__name__}
        options[kind] = {"anyOf": [reference, {"type": "null"}]} if kind in bare else reference
    named = {"type": "object", "properties": options, "additionalProperties": False, "minProperties": 1}
    return {
        "description": "a layer: its name with its options, or the name alone",
        "anyOf": [{**named, "maxProperties": 1}, {"enum": bare}],
    }


def _allow_names(schema: Schema, definitions: dict[str, Schema]) -> None:
    """`adam` alone stands for `{name: adam}`."""
    properties = schema["properties"]
    optimizer = properties["optimizer"]
    optimizer["anyOf"] = [{"enum": [*OPTIMIZERS]}, *optimizer.pop("oneOf")]
    optimizer["default"] = "adam"
    loss_names = definitions["Loss"]["properties"]["name"]["enum"]
    properties["loss"]["anyOf"].insert(0, {"enum": loss_names})


def _allow_extending(schema: Schema, definitions: dict[str, Schema]) -> None:
    """What is required may stand in the parent instead."""
    schema["properties"][EXTENDS] = {
        "type": "string",
        "minLength": 1,
        "description": "a parent config, relative to this one; sections are merged key by key, lists replaced",
    }
    whole = _take_requirements(schema, definitions)
    options = [definitions[section.__name__]["properties"] for section in OPTIMIZERS.values()]
    nameless = {
        "type": "object",
        "description": "options for the optimizer that the parent names",
        "properties": {
            name: {key: value for key, value in option.items() if key != "default"}  # each optimizer has its own
            for each in options
            for name, option in each.items()
            if name != "name"
        },
        "additionalProperties": False,
    }
    schema["properties"]["optimizer"]["anyOf"].append(nameless)
    whole["properties"]["optimizer"] = {"if": {"type": "object"}, "then": {"required": ["name"]}}
    schema["if"] = {"required": [EXTENDS]}
    schema["then"] = {}
    schema["else"] = whole


def _take_requirements(section: Schema, definitions: dict[str, Schema]) -> Schema:
    """Takes `required` out of a section and of those inside it; returns a schema that requires the same."""
    taken: Schema = {"required": section.pop("required")} if "required" in section else {}
    inner = {}
    for name, value in section.get("properties", {}).items():
        references = [value, *value.get("anyOf", ())]
        found = [each["$ref"].removeprefix(_REFERENCE) for each in references if "$ref" in each]
        if len(found) == 1:
            below = _take_requirements(definitions[found[0]], definitions)
            if below:
                inner[name] = {"if": {"type": "object"}, "then": below}
    return {**taken, "properties": inner} if inner else taken


def _without_noise(value: Any) -> Any:
    """Without the titles that only repeat a key, and without OpenAPI's discriminators."""
    if isinstance(value, list):
        return [_without_noise(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _without_noise(item) for key, item in value.items() if not _is_noise(key, item)}


def _is_noise(key: str, item: Any) -> bool:
    return (key == "title" and isinstance(item, str)) or (key == "discriminator" and "propertyName" in item)
