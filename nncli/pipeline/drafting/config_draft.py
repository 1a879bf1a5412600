"""From what was found in a data set to the entries of a config, each with its reason; reads and writes no files.

Output, loss and metrics are written out although they could be left out: the file is there to be read.
"""

from dataclasses import dataclass
from typing import Any

from nncli.config.describing.writing import Entry, Item, format_value, one_line
from nncli.config.facts import DataFacts, Target, Task
from nncli.config.objective import MetricName
from nncli.config.resolve import ACTIVATIONS, LOSSES
from nncli.config.sections import Data
from nncli.config.text_format import TextFormat
from nncli.data.plurals import count
from nncli.data.profile.proposal.proposal import Proposal
from nncli.data.profile.values import ColumnProfile
from nncli.pipeline.drafting.sizing import FEW, MANY, VERY_FEW, Size

# Columns that are described one by one; of more, only the first are.
MANY_COLUMNS = 24
# Columns without a difference are dropped by name up to this many.
MANY_IDLE = 12
# Below this share of the largest class, a class is easily ignored by a network that counts mistakes.
IMBALANCED = 0.2
_SHOWN = 8

METRICS: dict[Task, tuple[MetricName, ...]] = {
    Task.BINARY: ("accuracy", "auc"),
    Task.MULTICLASS: ("accuracy",),
    Task.MULTILABEL: ("accuracy", "auc"),
    Task.REGRESSION: ("mean_absolute_error", "r2_score"),
    Task.POSITIVE_REGRESSION: ("mean_absolute_error", "r2_score"),
}
_LOSS_NOTES: dict[Task, str] = {
    Task.BINARY: "-log of the predicted probability of the true class",
    Task.MULTICLASS: "-log of the predicted probability of the true class",
    Task.MULTILABEL: "-log of the predicted probability of the true class, for each label",
    Task.REGRESSION: "squaring makes large errors count more",
    Task.POSITIVE_REGRESSION: "squaring makes large errors count more",
}

FORMAT_NOTES = {
    "delimiter": "separates the cells",
    "header": "the first row is data; columns are called c0, c1, ...",
    "encoding": "of the file's text",
    "skip": "lines above the table",
    "comment": "lines that begin with it are skipped",
    "decimal": "the decimal mark: 51,26",
    "thousands": "separates groups of three digits",
}
_KEPT_NOTE = "a value here, and not a missing one"
_MEMBERS_NOTE = "networks trained together, sharing weights; their predictions are averaged"
_OUTPUT_NOTES: dict[Task, str] = {
    Task.MULTICLASS: "one unit per class; softmax makes them probabilities that sum to 1",
    Task.MULTILABEL: "one sigmoid per label: each label has its own probability",
    Task.REGRESSION: "one unit per number, of any sign and size: linear",
    Task.POSITIVE_REGRESSION: "one unit per number; relu cannot go below zero",
}


@dataclass(frozen=True)
class Draft:
    """A config before it is put together; `section` is what its text must mean for the data."""

    summary: str
    data: Entry
    section: Data
    facts: DataFacts
    size: Size
    findings: dict[str, Any]


def _validation_note(facts: DataFacts) -> str:
    chooses = facts.rows["train"] >= VERY_FEW
    told = "choose the best epoch" if chooses else "are measured after each epoch"
    return f"{facts.rows['validation']:,} of the other rows {told}"


def data_values(proposal: Proposal, path: str) -> dict[str, Any]:
    """The values of a table's `data` section that are not at their default; `path` as it shall be written."""
    given: dict[str, Any] = {
        "source": proposal.source,
        "path": path,
        **format_values(proposal.text_format),
        "target": list(proposal.target),
        "task": proposal.task.value,
        "drop": [name for name in proposal.dropped if name not in many_idle(proposal)] or None,
        "columns": {name: kind for name, (kind, _) in proposal.columns.items()} or None,
        "day_first": None if proposal.undecided is None else False,
        "missing": list(proposal.missing) or None,
        "values": {value: list(others) for value, others in proposal.values.items()} or None,
        "duplicates": "together" if proposal.duplicates else None,
        "numbers": _numbers(proposal),
        "scale_target": True if proposal.task.is_regression else None,
        "test": 0.2,
        "validation": 0.1,
    }
    return {key: value for key, value in given.items() if value is not None}


def _numbers(proposal: Proposal) -> dict[str, Any] | None:
    """Few rows get few bins, as a bin of few rows is noise, and the number itself: much is a straight line."""
    if not any(column.learn_as in ("number", "date") for column in proposal.learned):
        return None
    if proposal.rows < FEW:
        return {"encoding": "piecewise_linear", "bins": 8, "with_standard": True}
    return {"encoding": "piecewise_linear", "bins": 64 if proposal.rows >= MANY else 32}


def format_values(text_format: TextFormat) -> dict[str, Any]:
    """How a table's text is written, where that is not plain CSV."""
    plain = TextFormat()
    return {
        name: getattr(text_format, name) for name in FORMAT_NOTES if getattr(text_format, name) != getattr(plain, name)
    }


def many_idle(proposal: Proposal) -> tuple[str, ...]:
    """The columns that are the same in every row where they are many: training leaves them out unasked."""
    return proposal.idle if len(proposal.idle) > MANY_IDLE else ()


def draft_table(proposal: Proposal, path: str, facts: DataFacts) -> Entry:
    """The `data` section for a table, each value with its reason, the columns that are learned from below it."""
    repeated = count(proposal.duplicates, "row repeats", "rows repeat")
    notes = {
        **FORMAT_NOTES,
        "target": describe_target(facts.target, proposal.rows_without_target),
        "task": one_line(proposal.why_task, 100),
        "day_first": f"{one_line(proposal.undecided or '', 40)} is month/day here; no date shows which it is",
        "missing": _missing_note(proposal),
        "duplicates": f"{repeated} the inputs of an earlier one: equal rows go to one set",
        "numbers": "each number becomes a value per bin, so that the network can follow steps",
        "scale_target": "trained on the scaled target; predictions are in the target's units",
        "test": f"{count(facts.rows['test'], 'row')} held out for testing",
        "validation": _validation_note(facts),
    }
    entries = []
    for key, value in data_values(proposal, path).items():
        if key == "drop":
            items = [Item(name, one_line(proposal.dropped[name], 200)) for name in value]
            entries.append(Entry(key, tuple(items), "columns not learned from, and why:"))
        elif key == "values":
            told = [
                Entry(each, others, "" if others else "a value here, and not a missing one")
                for each, others in value.items()
            ]
            entries.append(Entry(key, tuple(told), "values and their other spellings, read as the same value:"))
        elif key == "columns":
            typed = [Entry(name, kind, one_line(why, 200)) for name, (kind, why) in proposal.columns.items()]
            entries.append(Entry(key, tuple(typed)))
        else:
            only = value[0] if key == "target" and len(value) == 1 else value
            entries.append(Entry(key, only, notes.get(key, ""), above=_split_lines(proposal) if key == "test" else ()))
    return Entry("data", tuple(entries), below=_column_lines(proposal))


def _split_lines(proposal: Proposal) -> list[str]:
    """The key that would split rows otherwise, as comments, where the columns suggest it."""
    hint = proposal.hint
    if hint is None:
        return []
    what = "the latest rows are the test set" if hint.by == "time" else "rows of one value go to one set"
    drop = f"; also add it to `drop: [{hint.column}]`" if hint.is_learned and hint.by == "group" else ""
    return [f"{hint.split}", f"  ^ {one_line(hint.column, 30)}: {hint.why}. With it, {what}{drop}"]


def draft_network(facts: DataFacts, size: Size) -> list[Entry]:
    """All sections but `data`."""
    task = facts.target.task
    loss = LOSSES[task] if task.is_regression else {"name": LOSSES[task], "from_logits": False}
    output = {"dense": {"units": facts.target.outputs, "activation": ACTIVATIONS[task]}}
    layers = [Item(layer, reason) for layer, reason in size.layers] + [Item(output, _output_note(facts))]
    activation = Entry("hidden_activation", size.activation, "of all layers but the last: max(0, z)")
    members = [] if size.members == 1 else [Entry("members", size.members, _MEMBERS_NOTE)]
    steps = -(-facts.rows["train"] // size.batch_size)
    batch = Entry(
        "batch_size", size.batch_size, f"{count(steps, 'step')} per epoch for {count(facts.rows['train'], 'row')}"
    )
    return [
        Entry("model", (activation, *members, Entry("layers", tuple(layers)))),
        Entry("loss", loss, _LOSS_NOTES[task]),
        _optimizer(size),
        Entry("metrics", list(METRICS[task]), "measured after each epoch, in addition to the loss"),
        Entry("train", _course(size, batch, facts.rows["validation"]), below=_imbalance(facts.target)),
    ]


def _optimizer(size: Size) -> Entry:
    rate = size.learning_rate
    if not size.to_the_end:
        averaged = {"use_ema": True} if size.averaged else {}
        note = (
            "validates and keeps a moving average of the weights, which varies less than the last step"
            if averaged
            else ""
        )
        return Entry("optimizer", {"name": "adam", "learning_rate": rate, **averaged}, note)
    falling = {"schedule": "cosine", "initial_learning_rate": rate}
    return Entry("optimizer", {"name": "adam", "learning_rate": falling}, "falls to 0 by the last epoch")


def _course(size: Size, batch: Entry, validation: int) -> tuple[Entry, ...]:
    """How long is trained, and which epoch is kept."""
    if size.to_the_end:
        told = f"{count(validation, 'validation example')} cannot choose an epoch: the last one is kept"
        return (Entry("epochs", size.epochs, "all are trained: no early stopping"), batch, Entry("keep", "last", told))
    stopping = {"monitor": "val_loss", "patience": size.patience}
    told = f"after {size.patience} epochs without a better val_loss; the best epoch is kept"
    epochs = Entry("epochs", size.epochs, "at most; early stopping usually ends training earlier")
    if size.lower_after is None:
        return (epochs, batch, Entry("early_stopping", stopping, told))
    lowered = {"monitor": "val_loss", "factor": 0.3, "patience": size.lower_after}
    note = f"after {size.lower_after} such epochs the learning rate is lowered"
    return (epochs, batch, Entry("early_stopping", stopping, told), Entry("reduce_lr_on_plateau", lowered, note))


def describe_target(target: Target, missing: int) -> str:
    """The training rows of each class, or the range of the numbers; `missing` rows without one are left out."""
    absent = f"; dropped: {count(missing, 'row')} without one" if missing else ""
    if target.task.is_regression:
        pairs = zip(target.minimum, target.mean, strict=True)
        return "; ".join(f"{low:.4g} at least, {mean:.4g} on average" for low, mean in list(pairs)[:3]) + absent
    if target.task is Task.MULTILABEL:
        return "true in " + ", ".join(f"{rate:.0%}" for rate in target.mean[:_SHOWN]) + f" of the rows{absent}"
    named = zip(target.classes, target.class_counts, strict=True)
    counts = [f"{one_line(name, 24)} ({count:,})" for name, count in named]
    more = f", ... ({len(counts)} classes)" if len(counts) > _SHOWN else ""
    return f"training rows: {', '.join(counts[:_SHOWN])}{more}{absent}"


def _missing_note(proposal: Proposal) -> str:
    told = [
        f"{', '.join(format_value(one_line(text, 20)) for text in texts[:3])} in {one_line(name, 30)}"
        for name, texts in proposal.missing_in.items()
    ]
    more = f" and {count(len(told) - 3, 'more column')}" if len(told) > 3 else ""
    return f"the usual texts, and those found among numbers or dates: {'; '.join(told[:3])}{more}"


def _output_note(facts: DataFacts) -> str:
    if facts.target.task is Task.BINARY:
        return f'one sigmoid: the probability of "{one_line(facts.target.classes[1], 30)}"'
    return _OUTPUT_NOTES[facts.target.task]


def _imbalance(target: Target) -> list[str]:
    counts = target.class_counts
    if len(counts) < 2 or min(counts) >= IMBALANCED * max(counts):
        return []
    rarest = target.classes[counts.index(min(counts))]
    return [
        "class_weight: balanced",
        f"  ^ gives rare classes more weight: without it, ignoring {one_line(rarest, 30)} costs little. Compare",
        "  precision and recall in `nncli eval`, not only accuracy",
    ]


def _column_lines(proposal: Proposal) -> list[str]:
    """A line for each column that is learned from, then what to look at."""
    shown = proposal.learned[:MANY_COLUMNS]
    width = max((len(one_line(column.name, 36)) for column in shown), default=0)
    lines = ["learned from (to change a type: `columns: {NAME: number}`, `category` or `date`):"]
    lines += [f"  {one_line(column.name, 36):<{width}}  {column.learn_as:<8}  {_describe(column)}" for column in shown]
    if len(proposal.learned) > len(shown):
        lines.append(f"  and {count(len(proposal.learned) - len(shown), 'more column')}")
    if many_idle(proposal):
        told = ", ".join(one_line(name, 20) for name in proposal.idle[:3])
        lines.append(f"dropped in training as constant: {len(proposal.idle)} columns ({told}, ...)")
    if any(column.missing for column in proposal.learned):
        lines.append("a missing number becomes the training median, and a second input marks it as missing;")
        lines.append("a missing category sets all inputs of its column to zero")
    if proposal.remarks:
        lines += ["look at:", *(f"  {one_line(remark, 240)}" for remark in proposal.remarks[:MANY_COLUMNS])]
    return lines


def _describe(column: ColumnProfile) -> str:
    missing = f"; {column.missing:,} missing ({column.missing_share:.1%})" if column.missing else ""
    if column.minimum is not None and column.maximum is not None and column.learn_as == "number":
        return f"{column.minimum:g} to {column.maximum:g}, {column.distinct:,} different{missing}"
    if column.first is not None and column.last is not None:
        return f"{column.first} to {column.last}, {column.distinct:,} different{missing}"
    names = [one_line(name, 20) for name, _ in column.frequent[:4]]
    more = ", ..." if column.distinct > len(names) else ""
    return f"{count(column.distinct, 'value')}: {', '.join(names)}{more}{missing}"
