"""`crmcore commands`: what can be carried out, and what each command takes."""

import json
from typing import Annotated

import typer

from crmcore.catalogue import CommandMessage
from crmcore.cli.catalogue.shown import (
    SCHEMA_HELP,
    catalogue,
    emit_document,
    emit_schemas,
    found,
    show_all,
    show_one,
)
from crmcore.cli.output import Column, emit
from crmcore.cli.session import options_of


def list_commands(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="One command; all if left out.")
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", metavar="", help=SCHEMA_HELP)] = False,
    openapi: Annotated[
        bool,
        typer.Option("--openapi", metavar="", help="The OpenAPI 3.1 document of all commands."),
    ] = False,
) -> None:
    """Carry out `crmcore commands`."""
    options = options_of(ctx)
    all_messages = catalogue(options)
    known = all_messages.commands
    if openapi:
        emit_document("--openapi", topic, all_messages.openapi)
    elif schema:
        emit_schemas(topic, "command", known)
    elif topic is not None:
        one = found("command", topic, known)
        if options.json:
            emit({**_summary(one), "schema": one.schema, "example": one.example})
        else:
            _show(one)
    elif options.json:
        emit({"commands": [_summary(one) for one in known.values()]})
    else:
        show_all(
            [Column("Command", whole=True), "What it does"],
            known.values(),
            lambda one: [one.topic, one.meaning],
            "`crmcore commands TOPIC` shows the fields of one and a line to start from.",
        )


def _summary(one: CommandMessage) -> dict[str, str]:
    return {"topic": one.topic, "context": one.context, "meaning": one.meaning}


def _show(one: CommandMessage) -> None:
    show_one(
        one,
        [Column("Field", whole=True), "Takes", "If left out"],
        ([field.name, field.takes, field.left_out] for field in one.fields),
        ("A line for `crmcore execute`:", json.dumps(one.example)),
    )
