"""The story of `nncli explain`: a rule by its id, an entry or a topic by its name, or all rules."""

from collections.abc import Sequence
from typing import Any

from nncli.config.describing.topics import TOPICS
from nncli.config.reading.spelling import nearest_names
from nncli.config.rules.explanations import read_explanations, read_verdicts
from nncli.errors import UsageError
from nncli.lessons import LESSONS


def explain(topic: str | None = None, assignments: Sequence[str] = ()) -> dict[str, Any]:
    """A rule or an entry in full, or the list of a topic's entries.

    `topic` is a rule's id, a topic such as `optimizers`, or one of its names such as `adam`; None stands for all rules
    in short, beside the names of the topics and of the lessons. A lesson such as `neuron` is its text and numbers;
    `assignments` such as `w=3` are for lessons alone. Raises UsageError for an unknown one.
    """
    rules = read_explanations()
    if topic is None:
        short = [rule.model_dump(exclude={"text"}) for rule in rules.values()]
        return {"rules": short, "topics": list(TOPICS), "lessons": list(LESSONS), "verdicts": list(read_verdicts())}
    wanted = topic.strip("[] ").lower()
    if wanted in LESSONS:
        lesson = LESSONS[wanted](assignments)
        return {"lesson": lesson.id, "title": lesson.title, **lesson.numbers, "text": lesson.text}
    if assignments:
        raise UsageError("--set: only lessons have values to set", hint=f"the lessons {', '.join(LESSONS)} have some")
    rules = {**rules, **read_verdicts()}
    if wanted in rules:
        return rules[wanted].model_dump()
    if wanted in TOPICS:
        return {wanted: [offer.model_dump() for offer in TOPICS[wanted]().values()]}
    offers = {name: offer for list_offers in TOPICS.values() for name, offer in list_offers().items()}
    if wanted in offers:
        return offers[wanted].model_dump()
    near = " or ".join(f'"{name}"' for name in nearest_names(topic, [*rules, *TOPICS, *LESSONS, *offers]))
    told = f"; did you mean {near}?" if near else ""
    raise UsageError(
        f'nothing called "{topic}" can be explained{told}', hint="`nncli explain` lists what can be explained"
    )
