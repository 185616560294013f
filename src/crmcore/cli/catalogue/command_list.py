"""`crmcore commands`: what can be carried out, and what each command takes."""

import json

import click

from crmcore.catalogue import CommandMessage
from crmcore.cli.catalogue.shown import (
    catalogue,
    emit_document,
    emit_schemas,
    found,
    schema,
    show_all,
    show_one,
)
from crmcore.cli.output import Column, emit
from crmcore.cli.session import Options


@click.argument("topic", required=False, help="One command; all if left out.")
@schema
@click.option("--openapi", is_flag=True, help="The OpenAPI 3.1 document of all commands.")
@click.pass_obj
def list_commands(options: Options, topic: str | None, schema: bool, openapi: bool) -> None:
    """Carry out `crmcore commands`."""
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
