"""`crmcore commands`: what can be carried out, and what each command takes."""

import difflib
import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, Final

import attrs
import typer

import crmcore
from crmcore import schema_of
from crmcore.cli.faults import Fault, answering
from crmcore.cli.fields import Field, example, fields
from crmcore.cli.output import NOTHING, Column, emit, heading, one_line, say, table
from crmcore.cli.session import options_of

__all__ = ["add_to", "example_line", "kinds"]

SENDER: Final = "Ada"
RULES: Final = re.compile(r" \((?:INV|EC)-\w+\)")
MARKS: Final = re.compile(r"``|\*(?=\w)|(?<=\w)\*")


def add_to(app: typer.Typer) -> None:
    """Put the command into *app*."""
    app.command("commands")(describe)


def kinds() -> dict[str, type]:
    """Every command by its topic, in the order of the contexts and of the topics."""
    face = (getattr(crmcore.commands, name) for name in dir(crmcore.commands))
    found = [kind for kind in face if hasattr(kind, "TOPIC")]
    return {kind.TOPIC: kind for kind in sorted(found, key=lambda one: (_context(one), one.TOPIC))}


@answering
def describe(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="One command; all if left out.")
    ] = None,
) -> None:
    """What can be executed: all commands by context, or the fields of one."""
    known, json = kinds(), options_of(ctx).json
    if topic is None:
        if json:
            emit({"commands": [_summary(kind) for kind in known.values()]})
        else:
            _show_all(known.values())
        return
    kind = known.get(topic)
    if kind is None:
        near = difflib.get_close_matches(topic, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`crmcore commands` lists all"
        raise Fault(f"there is no command {topic[:60]!r}: {hint}")
    if json:
        emit(_summary(kind) | {"schema": schema_of(kind), "example": _filled(kind)})
    else:
        _show(kind)


def example_line(kind: type) -> str:
    """A line that ``crmcore execute`` can read."""
    return json.dumps(_filled(kind))


def _filled(kind: Any) -> dict[str, Any]:
    values = example(kind)
    values.pop("at", None)  # now, if it is left out
    return {"command": kind.TOPIC, "by": SENDER, **values}


def _context(kind: type) -> str:
    return kind.__module__.split(".")[2]


def _meaning(kind: type) -> str:
    said = one_line((kind.__doc__ or "").strip().partition("\n\n")[0])
    return MARKS.sub("", RULES.sub("", said))


def _summary(kind: Any) -> dict[str, str]:
    return {"topic": kind.TOPIC, "context": _context(kind), "meaning": _meaning(kind)}


def _show_all(known: Iterable[Any]) -> None:
    context = ""
    rows: dict[str, list[list[object]]] = {}
    for kind in known:
        context = _context(kind)
        rows.setdefault(context, []).append([kind.TOPIC, _meaning(kind)])
    for context, listed in rows.items():
        heading(context.capitalize())
        table([Column("Command", whole=True), "What it does"], listed)
    say()
    say("`crmcore commands TOPIC` shows the fields of one and a line to start from.", style="dim")


def _show(kind: Any) -> None:
    say(kind.TOPIC, style="bold")
    say(_meaning(kind))
    say()
    listed = list(fields(kind))
    table(
        [Column("Field", whole=True), "Takes", "If left out"],
        [[one.name, one.takes, _left_out(one)] for one in listed],
    )
    if any(one.personal for one in listed):
        personal = ", ".join(one.name for one in listed if one.personal)
        say(f"About a person: {personal}.", style="dim")
    heading("A line for `crmcore execute`:")
    typer.echo(example_line(kind))


def _left_out(field: Field) -> str:
    if field.required:
        return "(required)"
    if field.name == "at":
        return "now"
    if field.default is None or field.default == () or attrs.has(type(field.default)):
        return NOTHING
    if isinstance(field.default, tuple):
        return ", ".join(map(str, field.default))
    return str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
