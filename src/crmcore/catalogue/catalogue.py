"""All commands and events of the contexts that come along and of a host's own."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import attrs

from crmcore.catalogue.asyncapi import asyncapi
from crmcore.catalogue.messages import CommandMessage, EventMessage, Message
from crmcore.catalogue.openapi import openapi
from crmcore.composition import Composition
from crmcore.contexts.context import Context
from crmcore.infrastructure.events.codec import by_topic
from crmcore.infrastructure.topics import kind_named

M = TypeVar("M", bound=Message)


@attrs.frozen(slots=False)
class MessageCatalogue:
    """Every command and every event by its topic: in the order of the contexts, then of the topics.

    *own* are a host's contexts, beside those that come along.  Raises ``MisuseError`` where they clash.
    """

    own: Sequence[Context] = ()

    def __attrs_post_init__(self) -> None:
        self._composition.codec  # noqa: B018  # what clashes, or cannot be read, is told at once

    def __repr__(self) -> str:
        return f"MessageCatalogue({', '.join(one.name for one in self._composition.contexts)})"

    @cached_property
    def _composition(self) -> Composition:
        return Composition(self.own)

    @cached_property
    def commands(self) -> Mapping[str, CommandMessage]:
        """Every command."""
        return _in_order(
            CommandMessage(context=context.name, stream=aggregate.kind, kind=kind)
            for context in self._composition.contexts
            for aggregate in context.aggregates
            for kind in aggregate.commands
        )

    @cached_property
    def events(self) -> Mapping[str, EventMessage]:
        """Every event."""
        read_as = self._composition.codec.read_as
        return _in_order(
            EventMessage(
                context=context.name,
                stream=aggregate.kind,
                kind=kind,
                older=read_as(kind.TOPIC),  # type: ignore[attr-defined]  # events have one
            )
            for context in self._composition.contexts
            for aggregate in context.aggregates
            for kind in aggregate.events
        )

    def command_schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema of a command's fields; raises ``UnknownTopicError``."""
        return _named("command", topic, self.commands).schema

    def event_schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema of an event's fields as they are stored now; raises ``UnknownTopicError``."""
        return _named("event", topic, self.events).schema

    def asyncapi(self) -> dict[str, Any]:
        """The AsyncAPI 3.0 document of all events, in what JSON has."""
        return asyncapi(self.events.values())

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document of all commands, in what JSON has."""
        return openapi(self.commands.values())


def _in_order(messages: Iterable[M]) -> Mapping[str, M]:
    found = list(messages)
    by_topic("message", (one.kind for one in found))
    order = list(dict.fromkeys(one.context for one in found))
    found.sort(key=lambda one: (order.index(one.context), one.topic))
    return {one.topic: one for one in found}


def _named(what: str, topic: str, messages: Mapping[str, M]) -> M:
    kind_named(what, topic, {known: one.kind for known, one in messages.items()})
    return messages[topic]
