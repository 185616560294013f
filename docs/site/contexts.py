"""What the code says of a context: its commands, events, rules, read models and questions, in Markdown."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from crmcore.application.clock import Clock
from crmcore.application.sales.lead_addresses import Pseudonym
from crmcore.catalogue import CommandMessage, EventMessage, Message, MessageCatalogue
from crmcore.composition import Composition

INVARIANTS = Path(__file__).parents[1] / "invariants.md"
RULE = re.compile(r"^\| ((?:INV|EC)-\w+) \| (.*?) \| ([^|]*) \|$", re.MULTILINE)
COMPOSITION = Composition()


def context_part(name: str) -> str:
    """The part of a context's page that follows from the code."""
    (context,) = (one for one in COMPOSITION.contexts if one.name == name)
    catalogue = messages()
    commands = [one for one in catalogue.commands.values() if one.context == name]
    events = [one for one in catalogue.events.values() if one.context == name]
    parts = [
        *(["## Commands", summary(commands), *map(command, commands)] if commands else ()),
        *(["## Events", summary(events), *map(event, events)] if events else ()),
        *rules_part(name),
        *read_models(context),
        *questions(context),
    ]
    return "\n\n" + "\n\n".join(parts) + "\n"


@cache
def messages() -> MessageCatalogue:
    """Every message, described once for all pages."""
    return MessageCatalogue()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(value: object) -> str:
    """What stands in a cell, on one line."""
    return " ".join(str(value).replace("|", "\\|").split())


def summary(listed: Sequence[Message]) -> str:
    """Messages by their topics, each leading to what is told of it below."""
    return table(
        ["topic", "class", "says"],
        (
            [f"[`{one.topic}`](#{one.topic})", f"`{one.kind.__name__}`", one.meaning]
            for one in listed
        ),
    )


def command(one: CommandMessage) -> str:
    """What a command takes, with an example."""
    rows = ([f"`{field.name}`", field.takes, field.left_out] for field in one.fields)
    return told(one, table(["field", "takes", "if left out"], rows))


def event(one: EventMessage) -> str:
    """What is stored of an event, with an example."""
    rows = (
        [f"`{field.name}`", field.takes, "yes" if field.optional else ""] for field in one.fields
    )
    older = ", ".join(f"{topic} {version}" for topic, version in one.older)
    said = f"In a history: {one.told}. Version {one.version}" + (
        f" (reads {older})" if older else ""
    )
    return told(one, f"{said}.\n\n" + table(["field", "holds", "may be empty"], rows))


def told(one: Message, fields: str) -> str:
    """A message under its topic."""
    personal = ", ".join(f"`{field.name}`" for field in one.fields if field.personal)
    example: Any = one.example  # type: ignore[attr-defined]  # both kinds have one
    parts = [
        f"### {one.topic} {{#{one.topic}}}",
        one.description,
        fields,
        *([f"About a person: {personal}."] if personal else ()),
        f"```json\n{json.dumps(example, indent=1, ensure_ascii=False)}\n```",
    ]
    return "\n\n".join(parts)


def rules_part(name: str) -> Iterator[str]:
    """The invariants and edge cases that hold in a context, and are tested."""
    found = [(number, rule) for number, rule, context in rules() if context == name]
    if found:
        yield "## Rules"
        yield "What the ids mean, and where each is tested: [invariants and edge cases](../invariants.md)."
        yield table(["id", "rule or case"], found)


def rules() -> Iterator[tuple[str, str, str]]:
    """Each rule that is tested, with the context of its tests: its own, or that of most beside it."""
    for section in INVARIANTS.read_text(encoding="utf-8").split("\n## ")[1:]:
        rows = [row for row in RULE.findall(section) if "tested:" in row[2]]
        places = [contexts_in(tested) for _, _, tested in rows]
        most = [name for place in places for name in place]
        usual = [max(dict.fromkeys(most), key=most.count)] if most else []
        for (number, rule, _), place in zip(rows, places, strict=True):
            for name in dict.fromkeys(place or usual):
                yield number, rule, name


def contexts_in(tested: str) -> list[str]:
    """The contexts of modules of tests, as their paths name them."""
    names = "|".join(one.name for one in COMPOSITION.contexts)
    return re.findall(rf"/({names})(?:_levels)?/", tested)


def read_models(context: Any) -> Iterator[str]:
    """The read models that a context keeps, with their views and columns."""
    kept = list(context.read_models(wiring()))
    if kept:
        yield "## Read models"
        yield table(
            ["read model", "view", "columns"],
            (
                [
                    f"`{one.name}`",
                    f"`{view.name}`",
                    ", ".join(f"`{column.name}`" for column in view.columns),
                ]
                for one in kept
                for view in one.tables
            ),
        )


def wiring() -> Any:
    """What read models are made of; nothing is read here, so ports lead nowhere."""

    def now() -> datetime:
        return datetime.now(UTC)

    def pseudonym(_purpose: str, _value: str, /) -> UUID:
        return UUID(int=0)

    return COMPOSITION.wiring({Clock: now, Pseudonym: pseudonym})


def questions(context: Any) -> Iterator[str]:
    """The questions that can be asked, as their docstrings tell."""
    if context.named_questions:
        yield "## Questions"
    for name, kind in context.named_questions.items():
        yield f"### crm.read.{name} {{#read-{name}}}"
        yield (
            f"::: {kind.__module__}.{kind.__qualname__}\n"
            "    options: {show_root_heading: false, heading_level: 4, show_root_toc_entry: false}"
        )
