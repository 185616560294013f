"""What a command would do, told before it is carried out."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any
from uuid import UUID

import attrs
import msgspec

from crmcore.application.envelope import Refused
from crmcore.application.log import NewEvent
from crmcore.application.unit_of_work import UnitOfWork
from crmcore.infrastructure.events.codec import EventCodec
from crmcore.projections.results import result

__all__ = ["Preview", "PreviewedEvent", "previews_of"]


@result
class PreviewedEvent:
    """An event that would be recorded: its stream, its place there (from 1), and whom it is about.

    ``fields`` are those of the event as they would be stored, in what JSON has.
    """

    topic: str
    fields: dict[str, Any] = attrs.field(hash=False)
    stream_id: UUID
    stream_version: int
    subject_id: UUID | None
    _event: Any

    @property
    def event(self) -> Any:
        """The event itself, as ``Receipt.events`` would have it."""
        return self._event


@result
class Preview:
    """What a command would do now: the events that it would record, in their order.

    ``changed`` is False where it would record nothing: its effect holds already, or (``repeated``) it was
    carried out before, by its id.
    """

    changed: bool
    events: tuple[PreviewedEvent, ...]
    repeated: bool = False


def previews_of(
    outcomes: Generator[UnitOfWork | Refused | None], codec: EventCodec
) -> Iterator[Preview | Refused]:
    """What commands would do, from what was decided on each.

    Raises ``MisuseError`` for an event of a host's that could not be read again, as recording it would.
    """
    with closing(outcomes):  # at once, whatever is raised here
        for outcome in outcomes:
            if outcome is None:
                yield Preview(changed=False, events=(), repeated=True)
            elif isinstance(outcome, Refused):
                yield outcome
            else:
                events = tuple(_previewed(new, codec) for new in outcome.events)
                yield Preview(changed=bool(events), events=events)


def _previewed(new: NewEvent, codec: EventCodec) -> PreviewedEvent:
    fields = msgspec.json.decode(codec.encode(new.event))
    return PreviewedEvent(
        new.event.TOPIC, fields, new.stream_id, new.stream_version, new.subject_id, new.event
    )
