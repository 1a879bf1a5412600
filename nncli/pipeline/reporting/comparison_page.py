"""What the page of a comparison shows, from its comparison.json and the files of its trainings."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nncli.data.plurals import count
from nncli.errors import RunError
from nncli.evaluate.plots.comparisons.naming import values_alone
from nncli.pipeline.reporting.pictures import comparison_pictures
from nncli.pipeline.reporting.tables import Table, how_to_go_on, show, show_interval, words
from nncli.pipeline.runs.details import RunDetails
from nncli.pipeline.runs.rows import Row
from nncli.pipeline.runs.values import items, mapping
from nncli.report.curves import chart
from nncli.run import files
from nncli.run.folder import RunFolder


def comparison_page(folder: RunFolder, details: RunDetails) -> dict[str, Any]:
    """The values of the template `comparison`."""
    result, row = details.summary, details.row
    verdicts = [mapping(each) for each in items(result.get("verdicts"))]
    variants = [mapping(each) for each in items(result.get("variants"))]
    done = _finished_cells(details)
    return {
        "title": folder.path.name,
        "status": row.status,
        "reason": details.record.get("reason"),
        "when": f"{(row.started or '').replace('T', ' ')[:16]} UTC",
        "answers": [*_so_far(details), *(f"{each.get('text')}." for each in verdicts)],
        "question": mapping(result.get("question")).get("text"),
        "warnings": _unequal(result),
        "metric": words(str(result.get("metric") or "score")),
        "variants": _variants(variants, str(result.get("metric"))) if result else _variants_so_far(done),
        "best": verdicts[0].get("best") if verdicts else "",
        "verdicts": _verdicts(verdicts),
        "charts": _charts(variants, [str(result.get("watched")), "val_loss"]) if result else _charts_so_far(done),
        "pictures": comparison_pictures(folder),
        "health": _health(result),
        "differing": _differing(result, [str(each.get("name")) for each in variants]),
        "rates": _rates(result),
        "trainings": [
            {
                "name": cell.name,
                "link": _link(Path(cell.path)),
                "seed": show(cell.seed),
                "status": cell.status,
                "score": show(cell.value),
            }
            for cell in sorted(details.cells, key=lambda cell: (cell.name.rpartition("-seed")[0], cell.seed or 0))
        ],
        "facts": [(name, value) for name, value in details.facts.items() if name in ("command", "versions", "machine")],
        "commands": _commands(folder, row.status, details.further),
    }


def _so_far(details: RunDetails) -> list[str]:
    """How many trainings there are of a comparison that has not finished, by how they ended."""
    if details.row.status == "finished":
        return []
    asked = len(items(details.record.get("variants"))) * len(items(mapping(details.record.get("request")).get("seeds")))
    ended = Counter(cell.status for cell in details.cells)
    others = "".join(f", {number} {status}" for status, number in ended.items() if status != "finished")
    return [f"{ended['finished']} of {count(asked, 'training')} finished{others}."] if asked else []


def _finished_cells(details: RunDetails) -> dict[str, list[Row]]:
    """The finished trainings of each variant, which is named as their folders are."""
    done: dict[str, list[Row]] = {}
    for cell in sorted(details.cells, key=lambda cell: cell.seed or 0):
        if cell.status == "finished":
            done.setdefault(cell.name.rpartition("-seed")[0], []).append(cell)
    return done


def _variants_so_far(done: Mapping[str, Sequence[Row]]) -> Table | None:
    """The mean score of each variant's finished trainings, of which nothing follows yet."""
    rows = []
    for name, cells in done.items():
        scores = [cell.value for cell in cells if cell.value is not None]
        rows.append([name, show(len(cells)), show(sum(scores) / len(scores)) if scores else "-"])
    metric = next((cell.metric for cells in done.values() for cell in cells if cell.metric), "score")
    return Table(["variant", "finished", f"mean test {words(metric)}"], rows, (1, 2)) if rows else None


def _charts_so_far(done: Mapping[str, Sequence[Row]]) -> list[dict[str, Any]]:
    metrics = dict.fromkeys(f"val_{cell.metric}" for cells in done.values() for cell in cells if cell.metric)
    variants = [{"name": name, "runs": [cell.path for cell in cells]} for name, cells in done.items()]
    return _charts(variants, [*metrics, "val_loss"])


def _link(training: Path) -> str:
    """To the page of a training, or its folder."""
    page = files.REPORT if (training / files.REPORT).is_file() else ""
    return f"{quote(training.name)}/{page}"


def _unequal(result: Mapping[str, Any]) -> list[str]:
    told = []
    for each in map(mapping, items(result.get("unequal"))):
        means = ", ".join(f"{name} {show(value)}" for name, value in mapping(each.get("means")).items())
        told.append(f"Not equal for all: {each.get('what')} ({means})")
    return told


def _variants(variants: Sequence[Mapping[str, Any]], metric: str) -> Table | None:
    if not variants:
        return None
    head = ["variant", f"test {words(metric)}", "s/epoch", "epochs", "epochs to target", "parameters", "rank"]
    return Table(head, [_variant_row(each) for each in variants], range(1, len(head)))


def _variant_row(variant: Mapping[str, Any]) -> list[str]:
    def mean(key: str) -> str:
        return show(mapping(variant.get(key)).get("mean"))

    test, reached = mapping(variant.get("test")), mapping(variant.get("epochs_to_target"))
    spread = f" ± {show(test.get('deviation'))}" if test.get("deviation") is not None else ""
    rank = items(variant.get("rank"))
    ended = "".join(f", {variant[how]} {how}" for how in ("diverged", "failed") if variant.get(how))
    return [
        f"{variant.get('name')}{ended}",
        f"{show(test.get('mean'))}{spread}",
        mean("seconds_per_epoch"),
        "-" if mapping(variant.get("epochs")).get("mean") is None else f"{variant['epochs']['mean']:g}",
        "never" if reached.get("median") is None else f"{reached['median']:g}",
        show(variant.get("parameters")),
        "-" if not rank else str(rank[0]) if rank[0] == rank[1] else f"{rank[0]} to {rank[1]}",
    ]


def _verdicts(verdicts: Sequence[Mapping[str, Any]]) -> Table | None:
    rows = [
        [
            str(each.get("other")),
            show(each.get("mean")),
            show_interval(each.get("interval")),
            show(each.get("adjusted_p") if each.get("adjusted_p") is not None else each.get("p")),
            str(each.get("verdict")).replace("_", " "),
            str(each.get("row_text") or "").removeprefix("row by row: "),
        ]
        for each in verdicts
    ]
    head = ["variant", "difference", "95 % interval", "p", "verdict", "row by row"]
    return Table(head, rows, (1, 2, 3)) if rows else None


def _charts(variants: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[dict[str, Any]]:
    names = values_alone([str(each.get("name")) for each in variants])
    histories = {names[str(each.get("name"))]: _histories(each) for each in variants}
    charts = []
    for key in dict.fromkeys(keys):
        courses = {
            name: [[record[key] for record in run if record.get(key) is not None] for run in runs]
            for name, runs in histories.items()
        }
        drawn = _with_bands(key, {name: runs for name, runs in courses.items() if runs and all(runs)})
        if drawn is not None:
            charts.append(drawn)
    return charts


def _histories(variant: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    histories = []
    for run in items(variant.get("runs")):
        try:
            histories.append(RunFolder(Path(str(run))).read_lines(files.METRICS))
        except RunError:
            continue
    return histories


def _with_bands(key: str, courses: Mapping[str, Sequence[Sequence[float]]]) -> dict[str, Any] | None:
    """The mean of each variant, between its lowest and its highest training; None where nothing is recorded."""
    longest = max((min(map(len, runs)) for runs in courses.values()), default=0)
    if not longest:
        return None
    values: dict[str, list[float | None]] = {}
    looks: list[dict[str, Any]] = []
    bands: list[dict[str, Any]] = []
    for colour, (name, runs) in enumerate(courses.items()):
        epochs = list(zip(*runs, strict=False))
        rest: list[float | None] = [None] * (longest - len(epochs))
        values[name] = [sum(epoch) / len(epoch) for epoch in epochs] + rest
        looks.append({"colour": colour, "dash": colour})
        if len(runs) > 1:
            values[f"{name}, highest"] = [max(epoch) for epoch in epochs] + rest
            values[f"{name}, lowest"] = [min(epoch) for epoch in epochs] + rest
            looks += [{"colour": colour, "hidden": True}] * 2
            place = len(values)
            bands.append({"series": [place - 1, place], "colour": colour})
    drawn = chart(words(key), list(range(1, longest + 1)), values, bands=bands, marks=[])
    for series, look in zip(drawn["series"], looks, strict=True):
        series.update(look)
    return drawn


def _health(result: Mapping[str, Any]) -> Table | None:
    rows = [
        [variant, rule, show(count)]
        for variant, rules in mapping(result.get("health")).items()
        for rule, count in mapping(rules).items()
    ]
    return Table(["variant", "verdict", "trainings"], rows, (2,)) if rows else None


def _differing(result: Mapping[str, Any], names: Sequence[str]) -> Table | None:
    differing = mapping(result.get("differing"))
    rows = [[key, *(show(mapping(values).get(name)) for name in names)] for key, values in differing.items()]
    return Table(["key", *names], rows) if rows else None


def _rates(result: Mapping[str, Any]) -> Table | None:
    rows = [
        [str(each.get("variant")), str(rate), show(loss), "chosen" if rate == each.get("chosen") else ""]
        for each in map(mapping, items(result.get("learning_rates")))
        for rate, loss in mapping(each.get("validation_losses")).items()
    ]
    return Table(["variant", "learning rate", "validation loss", ""], rows, (1, 2)) if rows else None


def _commands(folder: RunFolder, status: str, further: str | None) -> list[str]:
    if status != "finished":
        return how_to_go_on(further)
    name = shlex.quote(folder.path.name)
    return [f"nncli compare --resume {name} --seeds 10", f"nncli runs show {name}"]
