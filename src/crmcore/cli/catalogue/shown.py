"""How commands and events are shown: all by their contexts, or one with its fields."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import click

from crmcore.catalogue import Message, MessageCatalogue
from crmcore.cli.faults import Fault, WrongCallError
from crmcore.cli.hosting import contexts_at
from crmcore.cli.output import Column, emit, heading, say, table
from crmcore.cli.session import Options
from crmcore.errors import MisuseError

M = TypeVar("M", bound=Message)

schema = click.option(
    "--schema", is_flag=True, help="The JSON Schema alone; without a TOPIC, those of all."
)


def catalogue(options: Options) -> MessageCatalogue:
    """All messages, those of a host's contexts included."""
    try:
        return MessageCatalogue(contexts_at(options.contexts))
    except MisuseError as error:  # contexts that clash
        raise WrongCallError(f"--contexts: {error}") from error


def found(word: str, topic: str, known: Mapping[str, M]) -> M:
    """The message of this *topic*; *word* says whether commands or events are meant."""
    if topic not in known:
        raise Fault(f"there is no {word} {topic[:60]!r}: {_what_helps(word, topic, known)}")
    return known[topic]


def _what_helps(word: str, topic: str, known: Mapping[str, Message]) -> str:
    near = difflib.get_close_matches(topic, known, n=1)
    hints = [f"did you mean {near[0]}?"] if near else []
    context, dot, _ = topic.partition(".")
    if dot and context not in {one.context for one in known.values()}:
        hints.append(f"no context {context[:60]!r} is loaded, --contexts MODULE:NAME loads one")
    return " ".join(hints) or f"`crmcore {word}s` lists all"


def emit_schemas(topic: str | None, word: str, known: Mapping[str, Any]) -> None:
    """The JSON Schema of one message, or those of all by their topics."""
    if topic is None:
        emit({name: one.schema for name, one in known.items()})
    else:
        emit(found(word, topic, known).schema)


def emit_document(option: str, topic: str | None, document: Callable[[], Any]) -> None:
    """The *document* of all messages, which an *option* asks for."""
    if topic is not None:
        raise WrongCallError(f"{option} is of all: leave {topic[:60]} out")
    emit(document())


def show_all(
    columns: Sequence[Column | str],
    messages: Iterable[M],
    row: Callable[[M], Sequence[object]],
    hint: str,
) -> None:
    """All *messages*, a table for each context."""
    rows: dict[str, list[Sequence[object]]] = {}
    for one in messages:
        rows.setdefault(one.context, []).append(row(one))
    for context, listed in rows.items():
        heading(context.capitalize())
        table(columns, listed)
    say()
    say(hint, style="dim")


def show_one(
    message: Message,
    columns: Sequence[Column | str],
    rows: Iterable[Sequence[object]],
    example: tuple[str, str],
    notes: Iterable[str] = (),
) -> None:
    """One *message*: what it means, its fields, what else there is to know, an example under its heading."""
    say(message.topic, style="bold")
    say(message.meaning)
    say()
    table(columns, list(rows))
    personal = ", ".join(one.name for one in message.fields if one.personal)
    for note in (f"About a person: {personal}." if personal else "", *notes):
        if note:
            say(note, style="dim")
    heading(example[0])
    click.echo(example[1])
