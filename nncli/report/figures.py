"""SVG files of matplotlib as parts of a page: of what draws alone, in the page's own colours, with names of their own.

A page's policy refuses `style`, so that all of it becomes attributes; black and white become classes, which the style
sheet turns with light and dark. What is no drawing (scripts, links, styles) is left out, whoever wrote the file.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

MOST_BYTES = 400_000
_ELEMENTS = {"svg", "g", "path", "defs", "clipPath", "rect", "use", "image", "text", "tspan"}
_NUMBERS = {"x", "y", "width", "height", "font-size", "opacity", "fill-opacity", "stroke-opacity", "stroke-width"}
_WORDS = {"text-anchor", "font-weight", "font-style", "stroke-dasharray", "stroke-dashoffset", "stroke-linejoin"}
_PLACES = {"x", "y", "width", "height"}  # in units of 1/72 inch: less than hundredths cannot be seen
_PLAIN = re.compile(r"[\w\s.,()%+-]*")
_FINE, _COARSE = re.compile(r"(\.\d\d)\d+"), re.compile(r"(\.\d)\d+")
_LONG = 500  # letters of a path that has so many points that a tenth of a unit is enough for each
_FONT = re.compile(r"([\d.]+)px")
_NARROW, _BROAD = 440, 620  # units across: wider pictures are not shrunk to a phone, as nobody could read them
_PICTURE = "data:image/png;base64,"
# matplotlib's and `evaluate`'s own colours -> what they stand for in a page
_CLASSES = {
    "#000000": "ink", "#262626": "ink", "#333333": "ink", "#777777": "soft", "#bbbbbb": "soft", "#808080": "soft",
    "#0072b2": "first", "#ffffff": "paper", "#e3e3e3": "line", "#eeeeee": "line", "#cccccc": "line",
}  # fmt: skip


def inline_figure(content: bytes, name: str, text: str) -> str:
    """The element `svg` for a page; `name` tells its ids from those of other pictures, `text` is what it shows.

    Raises ValueError for what is no SVG, and for one that is too large for a page.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"{len(content):,} bytes")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if _tag(root) != "svg" or not re.fullmatch(r"[\d. ]+", box := root.get("viewBox", "")):
        raise ValueError("no picture")
    width, height = (float(each) for each in box.split()[2:])
    breadth = " broad" if width > _BROAD else " middling" if width > _NARROW else ""
    opening = (
        f'<svg class="plot {name}{breadth}" role="img" aria-label={quoteattr(text)} viewBox="0 0 {width:g} {height:g}" '
        f'width="{width * 4 / 3:.0f}" height="{height * 4 / 3:.0f}">'
    )
    used = {value for element in root.iter() for value in _ids_used(element)}
    return "".join([opening, *(part for child in root for part in _serialize(child, name, used)), "</svg>"])


def _ids_used(element: ElementTree.Element) -> Iterator[str]:
    for key, value in element.attrib.items():
        if key.endswith("href"):
            yield value.removeprefix("#")
        elif key == "clip-path":
            yield value.removeprefix("url(#").removesuffix(")")


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _serialize(element: ElementTree.Element, name: str, used: set[str]) -> Iterator[str]:
    """An element that draws and what is in it; nothing of any other."""
    tag = _tag(element)
    if tag not in _ELEMENTS:
        return
    given = _attributes(element, tag, name)
    if element.get("id") not in used:
        given.pop("id", None)
    if tag == "image" and "href" not in given:
        return
    inside = [part for child in element for part in _serialize(child, name, used)]
    text = _escaped(element.text) if tag in ("text", "tspan") else ""
    if tag in ("g", "defs", "text") and not inside and not text:
        return
    told = "".join(f" {key}={quoteattr(value)}" for key, value in given.items())
    if tag == "g" and not told:
        yield from inside
        return
    yield f"<{tag}{told}>" if inside or text else f"<{tag}{told}/>"
    if inside or text:
        yield text
        yield from inside
        yield f"</{tag}>"


def _escaped(text: str | None) -> str:
    return (text or "").strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _attributes(element: ElementTree.Element, tag: str, name: str) -> dict[str, str]:
    """What of an element's attributes and style draws, ready to be written."""
    given = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    for declaration in given.pop("style", "").split(";"):
        key, _, value = declaration.partition(":")
        given[key.strip()] = value.strip()
    if font := _FONT.search(given.pop("font", "")):
        given["font-size"] = font.group(1)
    kept, classes = {}, []
    for key, value in given.items():
        if key in ("fill", "stroke"):
            colour = value.lower()
            if tag in ("text", "tspan") or (colour == "none" and key == "stroke"):
                continue  # text has the page's ink, also where a pale colour could not be read
            if colour in _CLASSES:
                classes.append(f"{key[0]}-{_CLASSES[colour]}")
            elif re.fullmatch(r"none|#[0-9a-f]{6}", colour):
                kept[key] = colour
        elif (told := _checked(key, value, name)) is not None:
            kept[key] = told
    return kept | ({"class": " ".join(classes)} if classes else {})


def _checked(key: str, value: str, name: str) -> str | None:
    """The value of an attribute as a page may have it, None for one that it may not."""
    if key == "href":
        return value.replace("\n", "") if value.startswith(_PICTURE) else _prefix_name(value, r"#([\w-]+)", "#{}", name)
    if key == "clip-path":
        return _prefix_name(value, r"url\(#([\w-]+)\)", "url(#{})", name)
    if key == "id":
        return _prefix_name(value, r"([\w-]+)", "{}", name)
    if key == "d" and _PLAIN.fullmatch(value):
        return _shortened(value)
    if key not in _NUMBERS | _WORDS | _PLACES | {"transform"} or not _PLAIN.fullmatch(value):
        return None
    if key == "transform" and value.startswith("rotate(-0 "):
        return None
    return _FINE.sub(r"\1", value) if key in _PLACES else value.removesuffix("px")


def _prefix_name(value: str, pattern: str, form: str, name: str) -> str | None:
    """A name inside the picture, with that of the picture before it; None where there is none."""
    found = re.fullmatch(pattern, value)
    return None if found is None else form.format(f"{name}-{found.group(1)}")


def _shortened(path: str) -> str:
    """The same path in fewer letters: points follow each other, and lines are what is meant between them."""
    words = " ".join((_COARSE if len(path) > _LONG else _FINE).sub(r"\1", path).split())
    return words if re.search("[A-KN-Y]", words) else words.replace(" L ", " ")
