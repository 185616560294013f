"""One event on its way to a handler, under an id that is the same each time it is delivered."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmcore.application.log import Recorded
from crmcore.domain.kernel.frozen import frozen

if TYPE_CHECKING:
    from cloudevents.core.v1.event import CloudEvent


@frozen
class Delivery:
    """An event, for the *attempt*-th time (from 1) by this consumer.

    ``id`` is the same each time: remember it with what you do, to do it once.
    """

    id: UUID
    recorded: Recorded
    attempt: int = 1

    @property
    def event(self) -> Any:
        """The event itself, as ``recorded`` holds it."""
        return self.recorded.event

    @property
    def position(self) -> int:
        """Its place in the log."""
        return self.recorded.position

    def cloud_event(self, source: str) -> "CloudEvent":
        """The event as CloudEvents 1.0 have it; *source* is the URI that names this log to others.

        ``type`` is its topic, ``subject`` its stream, ``time`` when it was true, ``sequence`` its
        position (of 19 digits, so that text sorts as numbers do), ``correlationid`` and ``causationid`` what it
        belongs to and what led to its command, and ``data`` its fields, personal ones included.

        Raises ``MisuseError`` where the package ``cloudevents`` is missing.
        """
        from crmcore.subscriptions.cloud_events import cloud_event

        return cloud_event(self.id, self.recorded, source)

    def cloud_event_json(self, source: str) -> bytes:
        """The same in the JSON format of CloudEvents (``application/cloudevents+json``)."""
        from crmcore.subscriptions.cloud_events import as_json

        return as_json(self.cloud_event(source))
