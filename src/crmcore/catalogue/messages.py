"""A command or an event as the catalogue has it: whose it is, what it means, its fields, schema and example."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from crmcore.application.sentences import sentence_of
from crmcore.catalogue.examples import command_example, event_example
from crmcore.catalogue.fields import Field, fields
from crmcore.domain.kernel import description_of, version_of
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.commands.schema import schema_of
from crmcore.infrastructure.events.schema import schema_of_event

RULES: Final = re.compile(r" \((?:INV|EC)-\w+\)")
MARKS: Final = re.compile(r"``|\*(?=\w)|(?<=\w)\*")


@frozen
class Message:
    """A class of commands or events: the context and the kind of stream that it belongs to."""

    context: str
    stream: str
    kind: Any

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.topic!r})"

    @property
    def topic(self) -> str:
        """What it is called where it is sent or stored."""
        return str(self.kind.TOPIC)

    @property
    def description(self) -> str:
        """All that the docstring of the class says, as Markdown nearly is."""
        return description_of(self.kind)

    @property
    def meaning(self) -> str:
        """What it says, in a sentence or two."""
        said = " ".join(self.description.partition("\n\n")[0].split())
        return MARKS.sub("", RULES.sub("", said))

    @property
    def fields(self) -> Iterator[Field]:
        """Its fields, each followed by the fields of what it holds."""
        return fields(self.kind)

    def _placed(self, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
        """*schema* with what tells where the message belongs."""
        told = {"topic": self.topic, "context": self.context, "stream": self.stream, **more}
        return {**schema, **{f"x-{name}": value for name, value in told.items()}}


@frozen
class CommandMessage(Message):
    """A class of commands."""

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its fields: what a form can check before it asks."""
        return self._placed(schema_of(self.kind))

    @property
    def example(self) -> dict[str, Any]:
        """An example with its topic and sender, as a line of ``crmcore execute`` is."""
        return command_example(self.kind)


@frozen
class EventMessage(Message):
    """A class of events; ``older`` are the topics and versions that are read as it, the first first."""

    older: Sequence[tuple[str, int]] = ()

    @property
    def version(self) -> int:
        """The version in which it is stored now."""
        return version_of(self.kind)

    @property
    def sentence(self) -> str | None:
        """How a customer's history tells it, with ``{field}`` for a field's value; None where it does not."""
        found: str | None = getattr(self.kind, "SENTENCE", None)
        return found

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its fields as they are stored now."""
        older = [{"topic": topic, "version": version} for topic, version in self.older]
        return self._placed(
            schema_of_event(self.kind), version=self.version, **{"older-versions": older}
        )

    @property
    def example(self) -> dict[str, Any]:
        """An example as it is stored, with every field filled."""
        return event_example(self.kind)

    @property
    def told(self) -> str:
        """What a customer's history says of the example."""
        return sentence_of({self.topic: self.kind}, self.topic, self.example)
