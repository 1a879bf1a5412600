"""How a look at data is shown: a table's columns, an image set's classes, the findings, pictures in characters."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nncli.console import Console, make_table, make_text

if TYPE_CHECKING:
    from nncli.pipeline.drafting.inspect import Inspection
    from nncli.pipeline.showing import Seen

_MOST_COLUMNS = 40
_MOST_CLASSES = 30
_SHADES = " .:-=+*#%@"
_GREY_BLOCKS = " ░▒▓█"
_LONGEST_VALUE = 18
_LONGEST_NAME = 30

Line = list[tuple[str, str]]


def show_inspection(console: Console, inspection: "Inspection", *, draws: bool) -> None:
    """The profile in words and tables; with `draws`, its pictures too."""
    value = inspection.to_mapping()
    parts = _image_parts(value) if value["kind"] == "images" else _table_parts(value)
    if draws and inspection.thumbnails:
        lines = draw_thumbnails(
            inspection.thumbnails, console.width, colour=console.has_colour, unicode=console.speaks_unicode
        )
        parts += ["", make_text(lines)]
    parts += ["", *_finding_parts(value["findings"])]
    if inspection.sheet is not None:
        parts.append(f"contact sheet: {inspection.sheet}")
    if inspection.augmented is not None:
        parts.append(f"augmented images: {inspection.augmented}")
    console.answer(value, *parts)


def draw_thumbnails(thumbnails: Sequence[Any], width: int, *, colour: bool, unicode: bool) -> list[Line]:
    """Pictures side by side, two pixels a character one above the other, with their captions below."""
    lines: list[Line] = []
    across = max(len(thumbnail.rows[0]) for thumbnail in thumbnails)
    room = max(across, 8)
    count = max(1, (width + 2) // (room + 2))
    for start in range(0, len(thumbnails), count):
        row = thumbnails[start : start + count]
        height = max(len(thumbnail.rows) for thumbnail in row)
        for y in range(0, height, 2):
            line: Line = []
            for thumbnail in row:
                line += _pixels(thumbnail.rows[y : y + 2], colour, unicode)
                line.append((" " * (room + 2 - len(thumbnail.rows[0] if y < len(thumbnail.rows) else ())), ""))
            lines.append(line)
        captions = [_clip(thumbnail.caption, room).ljust(room + 2) for thumbnail in row]
        lines += [[("".join(captions).rstrip(), "")], []]
    return lines[:-1]


def _pixels(pair: Sequence[Sequence[tuple[int, int, int]]], colour: bool, unicode: bool) -> Line:
    if not pair:
        return []
    if colour and unicode:
        return [("▀", f"{_rgb(top)} on {_rgb(bottom)}") for top, bottom in zip(*pair, strict=True)]
    shades = _GREY_BLOCKS if unicode else _SHADES
    means = [(sum(top) + sum(bottom)) / 6 for top, bottom in zip(*pair, strict=True)]
    return [("".join(shades[min(len(shades) - 1, int(mean / 256 * len(shades)))] for mean in means), "")]


def _rgb(colour: tuple[int, int, int]) -> str:
    return "rgb({},{},{})".format(*colour)


def _table_parts(value: Mapping[str, Any]) -> list[Any]:
    columns = value["columns"]
    rows = [_column_row(column) for column in columns[:_MOST_COLUMNS]]
    size = f"{_count(value['rows'], 'row')}, {_count(len(columns), 'column')}"
    parts: list[Any] = [
        f"{value['path'] or value['source']}: {size}{_parts(value)}",
        "",
        make_table(["column", "type", "values", "missing", "distinct"], rows, left=3),
    ]
    if len(columns) > _MOST_COLUMNS:
        parts.append(_plain(f"and {_count(len(columns) - _MOST_COLUMNS, 'more column')} (--json has them all)"))
    target = value["target"]
    if target is None:
        parts += ["", _plain("no target named; with --target COLUMN, columns that give it away are found too")]
        return parts
    task = f"task {target['task']}" if target["task"] else "no task fits it"
    parts += ["", _plain(f"target {', '.join(target['columns'])}: {task}, {_count(target['rows'], 'row')}")]
    if target["classes"]:
        name = "label" if target["task"] == "multilabel" else "class"
        shown = target["classes"][:_MOST_CLASSES]
        rows = [[_clip(text, _LONGEST_NAME), f"{count:,}", _percent(count / target["rows"])] for text, count in shown]
        parts.append(make_table([name, "rows", "share"], rows))
        parts += _and_more(target["classes"], "classes")
    return parts


def _column_row(column: Mapping[str, Any]) -> list[str]:
    missing = column["missing"]
    share = f" ({_percent(missing / column['rows'])})" if missing else ""
    kind = (
        column["kind"] if column["learn_as"] in (column["kind"], None) else f"{column['kind']} as {column['learn_as']}"
    )
    return [
        _clip(column["name"], _LONGEST_NAME),
        kind,
        _values(column),
        f"{missing:,}{share}",
        f"{column['distinct']:,}",
    ]


def _values(column: Mapping[str, Any]) -> str:
    if column["mean"] is not None:
        low, high = _number(column["minimum"]), _number(column["maximum"])
        return f"{low} to {high}, mean {_number(column['mean'])}, median {_number(column['median'])}"
    if column["first"] is not None:
        return f"{column['first']} to {column['last']}"
    return ", ".join(f"{_clip(text, _LONGEST_VALUE)} {count:,}" for text, count in column["frequent"][:3])


def _image_parts(value: Mapping[str, Any]) -> list[Any]:
    shape = " × ".join(map(str, value["shape"])) if value["shape"] else "none could be read"
    lines = [f"{value['path'] or value['source']}: {_count(value['rows'], 'image')}{_parts(value)}"]
    if value["sampled"] < value["rows"]:
        lines.append(f"pixel values: from a sample of {_count(value['sampled'], 'image')}")
    lines.append(f"for a network: {shape} (height × width × channels)")
    sizes = [f"{height} × {width}: {count:,}" for height, width, count in value["sizes"]]
    lines.append(f"sizes: {_first_few(sizes, 5)}")
    lines.append(f"pixels: {_first_few([f'{mode}: {count:,}' for mode, count in value['modes']], 5)}")
    if value["brightness"] is not None:
        border = "" if value["border"] is None else f", median border {value['border']:.2f}"
        lines.append(f"brightness: mean {value['brightness']:.2f}{border} (0 black, 1 white)")
    lines.append(f"cannot be read: {len(value['corrupt']):,}; copies of another: {value['repeated']:,}")
    parts: list[Any] = [lines[0], *(_plain(line) for line in lines[1:])]
    if value["classes"]:
        names = list(value["classes"][0][1])
        rows = [
            [_clip(name, _LONGEST_NAME), *(f"{counts[part]:,}" for part in names)]
            for name, counts in value["classes"][:_MOST_CLASSES]
        ]
        parts += ["", make_table([value["names"], *names], rows), *_and_more(value["classes"], "classes")]
    return parts


def _finding_parts(findings: Sequence[Mapping[str, Any]]) -> list[Any]:
    if not findings:
        return ["nothing odd was found"]
    counts = {level: sum(finding["level"] == level for finding in findings) for level in ("problem", "warning", "note")}
    told = ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for level, count in counts.items() if count)
    rows = []
    for finding in findings:
        fix = f"; {finding['fix']}" if finding["fix"] else ""
        rows.append([str(finding["level"]), " ".join(f"{finding['where']}: {finding['what']}{fix}".split())])
    return [make_table(["found", told], rows, left=2)]


def _parts(value: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} {count:,}" for name, count in value["parts"].items())
    return f" ({told})" if told else ""


def _plain(text: str) -> Any:
    """A line in which brackets are brackets."""
    return make_text([[(text, "")]], wraps=True)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _first_few(texts: Sequence[str], most: int) -> str:
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def _and_more(entries: Sequence[Any], what: str) -> list[Any]:
    rest = len(entries) - _MOST_CLASSES
    return [f"and {rest:,} more {what} (--json has them all)"] if rest > 0 else []


def _clip(text: str, longest: int) -> str:
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    head = (longest - 2) // 2  # cut in the middle, so that the end still tells it from its neighbours
    return f"{line[:head]}..{line[head + 2 - longest :]}"


def _number(value: float) -> str:
    # 0.0 is added for -0.0, which would be written with its sign.
    whole = value == round(value) or abs(value) >= 1000
    return f"{round(value) + 0.0:,.0f}" if whole and abs(value) < 1e9 else f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def show_seen(console: Console, seen: "Seen", wanted: str) -> None:
    """What the network saw: a sheet in the file that is `wanted`, or pictures below the talk where it is empty."""
    if wanted:
        seen.write_sheet(Path(wanted))
        console.say(f"what the network saw: {wanted}")
    elif seen.images:
        colour, unicode = console.talk_has_colour, console.speaks_unicode
        lines = draw_thumbnails(seen.thumbnails(), console.talk_width, colour=colour, unicode=unicode)
        console.draw(make_text(lines))
    if seen.count > len(seen.images):
        console.say(f"the first {len(seen.images)} of {seen.count:,} images are drawn")
