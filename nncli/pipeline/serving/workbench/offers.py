"""What the page can offer: layers and sections with their options, as a config's schema describes them, and drafts."""

from typing import Any

from nncli.config.describing.schema import config_schema
from nncli.config.layer_section import KernelLayer, WeightedLayer
from nncli.config.layers import LAYERS, Activation, LayerSection
from nncli.config.objective import LOSS_OPTIONS, OPTIMIZERS
from nncli.config.reading.document import parse_document, read_document
from nncli.config.reading.shipped import list_shipped
from nncli.config.schedules import SCHEDULES
from nncli.config.sections import BUNDLED, EarlyStopping, ReduceLearningRate
from nncli.pipeline.serving.workbench.drafts import DATA_OPTIONS, to_sections
from nncli.pipeline.serving.workbench.sources import Source, Sources

_RATE = "learning_rate"
# Options that a first look at a layer can do without.
_FURTHER = ({*KernelLayer.model_fields} | {*WeightedLayer.model_fields, "bias_initializer"}) - {"activation"}

# Of `data`, what is worth a field, by what the data set is; more can be written in YAML.
_SHARES = ("test", "validation")
_OF_DATA = {
    "table": ("task", *_SHARES, "duplicates"),
    "images": (*_SHARES, "duplicates"),
    "folder": ("size", "resize", *_SHARES, "duplicates"),
    "shapes": ("samples", "noise", *_SHARES),
    "spirals": ("samples", "noise", "arms", *_SHARES),
    "npz": ("task", *_SHARES),
    "prepared": ("validation",),
}
_OF_TRAIN = ("class_weight", "keep", "executor")
# Options of `train` that are sections of their own.
_PARTS = {"early_stopping": EarlyStopping, "reduce_lr_on_plateau": ReduceLearningRate}

Told = dict[str, Any]


def make_offers(sources: Sources) -> Told:
    """Data sets, layers, losses, optimizers, metrics and drafts, as JSON."""
    schema = config_schema()
    definitions = schema["$defs"]
    return {
        "sources": [
            {
                "name": each.name,
                "title": each.title,
                "isOwn": each.is_own,
                "needsTarget": each.is_table,
                "kind": _kind_of(each),
            }
            for each in sources
        ],
        "layers": [_layer(kind, section, definitions) for kind, section in LAYERS.items()],
        "activations": definitions[Activation.__name__]["properties"]["activation"]["enum"],
        "losses": {name: list(options) for name, options in LOSS_OPTIONS.items()},
        "optimizers": {
            name: {
                _RATE: optimizer.model_fields[_RATE].default,  # the number that Keras has as well
                "options": _options(optimizer.__name__, definitions, without=("name", _RATE)),
            }
            for name, optimizer in OPTIMIZERS.items()
        },
        "schedules": {
            name: _options(section.__name__, definitions, without=("schedule",)) for name, section in SCHEDULES.items()
        },
        "parts": {name: _options(section.__name__, definitions) for name, section in _PARTS.items()},
        "train": _options("Train", definitions, only=_OF_TRAIN),
        "data": {kind: _options("Data", definitions, only=names) for kind, names in _OF_DATA.items()},
        "metrics": schema["properties"]["metrics"]["anyOf"][0]["items"]["enum"],
        "defaults": {
            name: definitions["Train"]["properties"][name].get("default") for name in ("epochs", "batch_size")
        },
        "drafts": _shipped(sources),
    }


def _kind_of(source: Source) -> str:
    """Which fields of `data` it has."""
    if source.path is not None:
        return "table" if source.is_table else "folder" if source.path.is_dir() else "npz"
    name = source.values["source"]
    if name == "shapes":
        return "spirals" if source.values.get("shape") == "spirals" else "shapes"
    if name in ("digits", "digit_attributes"):
        return "images"
    return "table" if name in BUNDLED else "prepared"


def _options(name: str, definitions: Told, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> list[Told]:
    """The options of a section, in the order of `only` if that is given."""
    described = definitions[name]["properties"]
    required = definitions[name].get("required", [])
    chosen = only or [each for each in described if each not in without]
    return [_option(each, described[each], each in required, definitions) for each in chosen]


def _layer(kind: str, section: type[LayerSection], definitions: Told) -> Told:
    definition = definitions[section.__name__]
    required = definition.get("required", [])
    options = _options(section.__name__, definitions, without=("kind",))
    return {
        "kind": kind,
        "family": section.__module__.rpartition(".")[2],
        "description": (section.__doc__ or "").strip().splitlines()[0],
        "options": sorted(options, key=lambda option: (not option["isRequired"], option["isFurther"])),
        "start": _start(kind, section, required),
    }


def _option(name: str, described: Told, is_required: bool, definitions: Told) -> Told:
    """{"name", "type", "choices", "minimum", ...}; `type` is text for what is typed as YAML, as `[3, 5]`."""
    kinds = [each for each in described.get("anyOf", [described]) if each.get("type") != "null"]
    if name in DATA_OPTIONS:  # `test` may be a path, which no request names
        kinds = [each for each in kinds if each.get("type") != "string" or "enum" in each]
    kind = kinds[0] if len(kinds) == 1 else {}
    if "$ref" in kind:
        kind = definitions[kind["$ref"].rpartition("/")[2]]
    constants = [each["const"] for each in kinds if "const" in each]
    choices = kind.get("enum") or constants
    told = {
        "name": name,
        "type": "choice" if choices else kind.get("type", "text"),
        "choices": choices or None,
        "minimum": kind.get("minimum", kind.get("exclusiveMinimum")),
        "maximum": kind.get("maximum", kind.get("exclusiveMaximum")),
        "default": described.get("default"),
        "description": described.get("description", ""),
        "isRequired": is_required,
        "isFurther": name in _FURTHER and not is_required,
    }
    if told["type"] not in ("choice", "integer", "number", "boolean"):
        told["type"] = "text"
    return told


def _start(kind: str, section: type[LayerSection], required: list[str]) -> Told:
    """The options that a layer cannot do without, with the values of its example."""
    if not section.EXAMPLE or not required:
        return {}
    for entry in parse_document(f"layers:\n{section.EXAMPLE}", "").values["layers"]:
        if isinstance(entry, dict) and kind in entry:
            return {name: entry[kind][name] for name in required if name in entry[kind]}
    return {}


def _shipped(sources: Sources) -> list[Told]:
    """The shipped configs as drafts on the data sets of the list."""
    known = [each for each in sources if not each.is_own]
    told = []
    for config in list_shipped():
        values = read_document(config.path).values
        source = next((each for each in known if each.values == values["data"]), None)
        if source is not None:
            draft = {"name": config.name, "data": {"source": source.name, "target": []}, **to_sections(values)}
            told.append({"name": config.name, "summary": config.summary, "draft": draft})
    return told
