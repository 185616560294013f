"""`crmcore commands`: what can be carried out, and what each command takes."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import attrs
import msgspec
import typer

from crmcore import Money, all_contexts, schema_of
from crmcore.cli.execution.fields import Field, example, fields
from crmcore.cli.faults import Fault, WrongCallError
from crmcore.cli.hosting import contexts_at
from crmcore.cli.output import NOTHING, Column, emit, heading, one_line, say, table
from crmcore.cli.session import options_of
from crmcore.contexts import Context
from crmcore.errors import MisuseError

SENDER: Final = "Ada"
RULES: Final = re.compile(r" \((?:INV|EC)-\w+\)")
MARKS: Final = re.compile(r"``|\*(?=\w)|(?<=\w)\*")


@attrs.frozen
class Known:
    """A class of commands, and the context that it belongs to."""

    context: str
    kind: Any

    @property
    def topic(self) -> str:
        """What the command is called in files."""
        return str(self.kind.TOPIC)

    @property
    def meaning(self) -> str:
        """What it does, in a sentence or two."""
        said = one_line(schema_of(self.kind)["description"].partition("\n\n")[0])
        return MARKS.sub("", RULES.sub("", said))

    @property
    def summary(self) -> dict[str, str]:
        """All this for JSON."""
        return {"topic": self.topic, "context": self.context, "meaning": self.meaning}


def known_commands(own: Sequence[Context] = ()) -> dict[str, Known]:
    """Every command by its topic, in the order of the contexts and of the topics; those of a host's
    *own* contexts come last.
    """
    found = [
        Known(context.name, kind) for context in all_contexts(own) for kind in context.commands
    ]
    order = list(dict.fromkeys(one.context for one in found))
    found.sort(key=lambda one: (order.index(one.context), one.topic))
    return {one.topic: one for one in found}


def describe(
    ctx: typer.Context,
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="One command; all if left out.")
    ] = None,
) -> None:
    """Carry out `crmcore commands`."""
    options = options_of(ctx)
    try:
        known = known_commands(contexts_at(options.contexts))
    except MisuseError as error:  # contexts that clash
        raise WrongCallError(f"--contexts: {error}") from error
    if topic is None:
        if options.json:
            emit({"commands": [one.summary for one in known.values()]})
        else:
            _show_all(known.values())
        return
    found = known.get(topic)
    if found is None:
        raise Fault(f"there is no command {topic[:60]!r}: {_what_helps(topic, known)}")
    if options.json:
        kind = found.kind
        emit(found.summary | {"schema": schema_of(kind), "example": _filled(kind)})
    else:
        _show(found)


def _what_helps(topic: str, known: Mapping[str, Known]) -> str:
    near = difflib.get_close_matches(topic, known, n=1)
    hints = [f"did you mean {near[0]}?"] if near else []
    context, dot, _ = topic.partition(".")
    if dot and context not in {one.context for one in known.values()}:
        hints.append(f"no context {context[:60]!r} is loaded, --contexts MODULE:NAME loads one")
    return " ".join(hints) or "`crmcore commands` lists all"


def example_line(kind: type) -> str:
    """A line that ``crmcore execute`` can read."""
    return json.dumps(_filled(kind))


def _filled(kind: Any) -> dict[str, Any]:
    values = example(kind)
    values.pop("at", None)  # now, if it is left out
    return {"command": kind.TOPIC, "by": SENDER, **values}


def _show_all(known: Iterable[Known]) -> None:
    rows: dict[str, list[list[object]]] = {}
    for one in known:
        rows.setdefault(one.context, []).append([one.topic, one.meaning])
    for context, listed in rows.items():
        heading(context.capitalize())
        table([Column("Command", whole=True), "What it does"], listed)
    say()
    say("`crmcore commands TOPIC` shows the fields of one and a line to start from.", style="dim")


def _show(known: Known) -> None:
    say(known.topic, style="bold")
    say(known.meaning)
    say()
    listed = list(fields(known.kind))
    table(
        [Column("Field", whole=True), "Takes", "If left out"],
        [[one.name, one.takes, left_out(one)] for one in listed],
    )
    if any(one.personal for one in listed):
        personal = ", ".join(one.name for one in listed if one.personal)
        say(f"About a person: {personal}.", style="dim")
    heading("A line for `crmcore execute`:")
    typer.echo(example_line(known.kind))


def left_out(field: Field) -> str:
    """What holds where a field is left out, as a file of commands has it."""
    if field.required:
        return "(required)"
    if field.name == "at":
        return "now"
    value = msgspec.to_builtins(field.default)  # as a file of commands has it
    if isinstance(value, dict) and not isinstance(field.default, Money):
        return NOTHING
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_as_json, value)) or NOTHING
    return _as_json(value)


def _as_json(value: Any) -> str:
    """A value in JSON, text without its quotes."""
    if value is None or value == "":
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value)
