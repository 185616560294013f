"""`crmcore events`: what can be recorded, and what is stored of each event."""

import json
from collections.abc import Iterable
from typing import Any

import click

from crmcore.catalogue import CommandMessage, EventMessage
from crmcore.cli.catalogue.shown import (
    catalogue,
    emit_document,
    emit_schemas,
    found,
    schema,
    show_all,
    show_one,
)
from crmcore.cli.output import NOTHING, Column, emit
from crmcore.cli.session import Options


@click.argument("topic", required=False, help="One event; all if left out.")
@schema
@click.option("--asyncapi", is_flag=True, help="The AsyncAPI 3.0 document of all events.")
@click.pass_obj
def list_events(options: Options, topic: str | None, schema: bool, asyncapi: bool) -> None:
    """Carry out `crmcore events`."""
    all_messages = catalogue(options)
    known = all_messages.events
    if asyncapi:
        emit_document("--asyncapi", topic, all_messages.asyncapi)
    elif schema:
        emit_schemas(topic, "event", known)
    elif topic is not None:
        one = found("event", topic, known)
        if options.json:
            emit({**_summary(one), "schema": one.schema, "example": one.example})
        else:
            _show(one, all_messages.commands.values())
    elif options.json:
        emit({"events": [_summary(one) for one in known.values()]})
    else:
        show_all(
            [Column("Event", whole=True), "What it says", Column("Version", number=True)],
            known.values(),
            lambda one: [one.topic, one.meaning, one.version],
            "`crmcore events TOPIC` shows what is stored of one, with an example.",
        )


def _summary(one: EventMessage) -> dict[str, Any]:
    return {
        "topic": one.topic,
        "context": one.context,
        "stream": one.stream,
        "version": one.version,
        "meaning": one.meaning,
    }


def _show(one: EventMessage, commands: Iterable[CommandMessage]) -> None:
    stream = one.context, one.stream
    about = ", ".join(each.topic for each in commands if (each.context, each.stream) == stream)
    show_one(
        one,
        [Column("Field", whole=True), "Holds", "May be empty"],
        ([field.name, field.takes, "yes" if field.optional else NOTHING] for field in one.fields),
        ("As it is stored:", json.dumps(one.example)),
        notes=(
            f"In a history: {one.told}.",
            _versions(one),
            f"In streams of the kind {one.stream}"
            + (f", which these commands are about: {about}." if about else "."),
        ),
    )


def _versions(one: EventMessage) -> str:
    older = ", ".join(
        str(version) if topic == one.topic else f"{topic} {version}" for topic, version in one.older
    )
    return f"Version {one.version}" + (f"; older ones are read as it: {older}." if older else ".")
