"""Commands as JSON: what a file or another front end sends, read by the command's whole contract.

A command is read strictly: a misspelt field is refused, a number stays the decimal that was
written, and every value is checked and normalised as its class demands.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from crmcore.application.errors import InvalidCommandError
from crmcore.domain.kernel import Command, Presumed, for_instant
from crmcore.infrastructure.commands.as_written import as_written
from crmcore.infrastructure.commands.reading import Findings, reader
from crmcore.infrastructure.events.codec import by_topic
from crmcore.infrastructure.topics import kind_named

_encode = msgspec.json.Encoder(order="deterministic").encode


class CommandCodec:
    """The JSON form of every command: an object with its topic under ``command``."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = by_topic("command", kinds)

    @property
    def topics(self) -> Mapping[str, type]:
        """The command class of every topic."""
        return self._kinds

    def digest(self, command: Command) -> bytes:
        """What tells *command* from all others, as receipts keep it: a stored format.

        An instant that was presumed for its sender is no part of it.
        """
        at, topic = command.at, command.TOPIC.encode()
        if not isinstance(at, Presumed):
            return sha256(topic + b"\0" + _encode(command)).digest()
        fields = msgspec.to_builtins(for_instant(command, at.instant))
        del fields["at"]
        return sha256(topic + b"\0" + _encode(fields)).digest()

    def fields(self, command: Command) -> dict[str, Any]:
        """The fields of *command* in what JSON has, as ``decode`` reads them."""
        at = command.at
        named = for_instant(command, at.instant) if isinstance(at, Presumed) else command
        fields: dict[str, Any] = msgspec.to_builtins(as_written(named), order="deterministic")
        return fields

    def decode(self, topic: str, fields: Mapping[str, Any], *, now: datetime) -> Command:
        """The command *topic* with *fields* (parsed JSON); ``at`` is *now* where it is left out.

        Raises ``UnknownTopicError``, and ``InvalidCommandError`` with all that is wrong.
        """
        kind = kind_named("command", topic, self._kinds)
        if not isinstance(fields, Mapping):
            raise InvalidCommandError(f"{topic}: expected an object of fields")
        found = Findings()
        command: Command = reader(kind)("", {"at": Presumed.at(now), **fields}, found)
        if found.errors:
            raise InvalidCommandError(topic, found.errors)
        return command
