"""Commands as JSON: what a file or another front end sends, read by the command's whole contract.

A command is read strictly: a misspelt field is refused, a number stays the decimal that was
written, and every value is checked and normalised as its class demands.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from crmcore.application.errors import InvalidCommandError, UnknownTopicError
from crmcore.domain.kernel import Command, Presumed, for_instant
from crmcore.infrastructure.codec import by_topic
from crmcore.infrastructure.command_reading import Findings, nearest, reader
from crmcore.infrastructure.command_schema import schema_of

__all__ = ["CommandCodec", "schema_of"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class CommandCodec:
    """The JSON form of every command: an object with its topic under ``command``."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = by_topic("command", kinds)

    @property
    def topics(self) -> Mapping[str, type]:
        """The command class of every topic."""
        return self._kinds

    def encode(self, command: Command) -> bytes:
        """The JSON of *command* without its topic: the same bytes for equal commands.

        Without an instant that was presumed for its sender, too.
        """
        if not isinstance(command.at, Presumed):
            return _encode(command)
        fields = msgspec.to_builtins(for_instant(command, command.at.instant))
        del fields["at"]
        return _encode(fields)

    def decode(self, topic: str, fields: Mapping[str, Any], *, now: datetime) -> Command:
        """The command *topic* with *fields* (parsed JSON); ``at`` is *now* where it is left out.

        Raises ``UnknownTopicError``, and ``InvalidCommandError`` with all that is wrong.
        """
        kind = self._kind(topic)
        if not isinstance(fields, Mapping):
            raise InvalidCommandError(f"{topic}: expected an object of fields")
        found = Findings()
        command: Command = reader(kind)("", {"at": Presumed.at(now), **fields}, found)
        if found.errors:
            raise InvalidCommandError(topic, found.errors)
        return command

    def schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema of a command's fields."""
        return schema_of(self._kind(topic))

    def _kind(self, topic: str) -> type:
        kind = self._kinds.get(topic) if isinstance(topic, str) else None
        if kind is None:
            raise UnknownTopicError("command", topic, nearest(topic, self._kinds))
        return kind
