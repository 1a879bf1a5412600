"""The story of `nncli explain`: a lesson, a rule by its id, an entry or a topic by its name, or all of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncli.config.describing.topics import TOPICS, Offer
from nncli.config.reading.spelling import nearest_names
from nncli.config.rules.explanations import read_explanations, read_verdicts
from nncli.errors import UsageError, unwritable
from nncli.evaluate.plots.panels import FORMATS, MARK, Drawing, draw
from nncli.lessons import LESSONS, Entry, Lesson, find_lesson, fold, read_numbers, sketch, wrap_lines
from nncli.run.files import begins_with, write_output


@dataclass(frozen=True)
class LessonRequest:
    """What a user changes of a lesson: assignments such as `w=3`, numbers after its name, an image; where to draw."""

    assignments: Sequence[str] = ()
    words: Sequence[str] = ()
    image: Path | None = None
    plot: Path | None = None

    @property
    def options(self) -> list[str]:
        """The options that were given, as the user wrote them."""
        given = {"--set": self.assignments, "--image": self.image, "--plot": self.plot}
        return [option for option, value in given.items() if value]


def explain(topic: str | None = None, request: LessonRequest | None = None, *, options: bool = False) -> dict[str, Any]:
    """A lesson, a rule or an entry in full, or the list of a topic's entries.

    `topic` is a lesson such as `neuron` (or another spelling of it), the id of a rule or of a verdict on a training, a
    topic such as `optimizers`, or one of its names such as `sgd`; None stands for all of them in short. Where a lesson
    and one of the others have the same name, the lesson is meant, or with `options` the other. A lesson is its text
    and numbers, a `sketch` unless it was drawn into a file, and the commands that are `next`. Raises UsageError for an
    unknown name.
    """
    request = request or LessonRequest()
    if topic is None:
        return _list_all(request)
    name, words = _join(topic, request.words)
    lesson = find_lesson(name)
    known = None if lesson and lesson == fold(name) and not options else _find_reference(name)
    if known is None and lesson and options:
        raise UsageError(f"{lesson} is a lesson, and nothing else has that name", hint="leave out --options")
    if known is None and lesson:
        return _teach(lesson, LessonRequest(request.assignments, words, request.image, request.plot))
    if request.options:
        raise UsageError(f"{request.options[0]}: only lessons take it", hint=f"the lessons are {', '.join(LESSONS)}")
    if known is None or words:
        raise _unknown(" ".join([name, *words]))
    return known


def _list_all(request: LessonRequest) -> dict[str, Any]:
    if request.options:
        raise UsageError(f"{request.options[0]}: for which lesson?", hint="nncli explain neuron --set w=1,2")
    rules = [rule.model_dump(exclude={"text"}) for rule in read_explanations().values()]
    lessons = [{"id": name, "title": entry.title} for name, entry in LESSONS.items()]
    verdicts = [verdict.model_dump(exclude={"text"}) for verdict in read_verdicts().values()]
    topics = {topic: list(offers()) for topic, offers in TOPICS.items()}
    return {"lessons": lessons, "rules": rules, "verdicts": verdicts, "topics": topics}


def _join(topic: str, words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """A name of several words such as `gradient descent`, and the words that are left."""
    for count in range(len(words), 0, -1):
        name = " ".join([topic, *words[:count]])
        if find_lesson(name) or _find_reference(name):
            return name, words[count:]
    return topic, words


def _find_reference(name: str) -> dict[str, Any] | None:
    """The rule, verdict, topic or entry of that name."""
    rules, wanted = {**read_explanations(), **read_verdicts()}, fold(name)
    if wanted in rules:
        return rules[wanted].model_dump()
    wanted = wanted.replace("-", "_")
    if wanted in TOPICS:
        return {wanted: [offer.model_dump() for offer in TOPICS[wanted]().values()]}
    offers = _all_offers()
    return offers[wanted].model_dump() if wanted in offers else None


def _all_offers() -> dict[str, Offer]:
    return {name: offer for list_offers in TOPICS.values() for name, offer in list_offers().items()}


def _unknown(topic: str) -> UsageError:
    spellings = [spelling for entry in LESSONS.values() for spelling in entry.spellings]
    names = [*LESSONS, *read_explanations(), *read_verdicts(), *TOPICS, *_all_offers(), *spellings]
    near = " or ".join(f'"{name}"' for name in nearest_names(topic, names))
    told = f"; did you mean {near}?" if near else ""
    return UsageError(
        f'nothing called "{topic}" can be explained{told}', hint="`nncli explain` lists what can be explained"
    )


def _teach(name: str, request: LessonRequest) -> dict[str, Any]:
    entry = LESSONS[name]
    if request.plot is not None:
        _require_picture(request.plot)
    lesson = entry.teach(request.assignments, **_own_options(name, entry, request))
    told = {"lesson": name, "title": entry.title, **_to_json(lesson.numbers), "text": wrap_lines(lesson.text)}
    told |= {"set": list(entry.values), "next": list(entry.go_on)}
    reference = _find_reference(name)
    if reference is not None:
        told["next"].append(f"nncli explain {name} --options")
    if lesson.warnings:
        told["warnings"] = list(lesson.warnings)
    if request.plot is not None:
        _write(lesson, request.plot)
        return told | {"plot": str(request.plot)}
    return told | {"sketch": sketch(lesson.drawing) if lesson.drawing and lesson.drawing.sketched else ""}


def _to_json(value: Any) -> Any:
    """The numbers of a lesson as JSON has them: text such as "inf" or "nan" for those that it has no way to write."""
    if isinstance(value, Mapping):
        return {name: _to_json(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _own_options(name: str, entry: Entry, request: LessonRequest) -> dict[str, Any]:
    """What only some lessons take. Raises UsageError for the others."""
    if request.words and "numbers" not in entry.takes:
        raise UsageError(
            f"{name} takes no {request.words[0]} after its name", hint="set numbers by name, as in --set w=3"
        )
    if request.image is not None and "image" not in entry.takes:
        with_image = ", ".join(other for other, each in LESSONS.items() if "image" in each.takes)
        raise UsageError(f"--image: {name} looks at no image", hint=f"these do: {with_image}")
    own: dict[str, Any] = {}
    if "numbers" in entry.takes:
        own["numbers"] = read_numbers(request.words)
    if "image" in entry.takes:
        own["image"] = request.image
    return own


def _require_picture(path: Path) -> None:
    """Refuses other formats, and to replace a file that is no lesson's picture. Raises UsageError."""
    if path.suffix.lower().removeprefix(".") not in FORMATS:
        raise UsageError(f"--plot {path}: expected a file that ends in .png or .svg", hint=f"--plot {path.stem}.png")
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--plot {path}: cannot be written, there is no such folder or it is one")
    if path.exists() and not begins_with(path, MARK.encode(), within=2000):
        raise UsageError(f"--plot {path}: this file exists and is no picture of a lesson", hint="name a new file")


def _write(lesson: Lesson, path: Path) -> None:
    if lesson.drawing is None:
        raise UsageError(f"--plot: {lesson.id} has no picture", hint="leave it out; the lesson is text alone")
    _write_drawing(lesson.drawing, path)


def _write_drawing(drawing: Drawing, path: Path) -> None:
    try:
        write_output(path, draw(drawing, path.suffix.lower().removeprefix(".")))
    except OSError as error:
        raise unwritable(f"--plot {path}: cannot be written ({error.strerror})", error) from None
