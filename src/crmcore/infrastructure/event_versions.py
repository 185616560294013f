"""The older versions of events, each with the upcaster that reads it in present terms.

What was recorded is never rewritten, so a version that was ever released is read for ever.
To change an event:

1.  Change its class, and raise the class's ``SCHEMA_VERSION`` (1 where none is written yet).
2.  Add the upcaster of the version before to ``UPCASTERS`` here::

        Upcaster("lead-captured", 1, {"lead-captured": 2}, _lead_captured_1)

    It takes the stored fields and gives those of the next version, never those of a still
    later one: the chain does the rest.  To rename a topic, or to split an event, name the
    later topics in ``to``; to drop an event, name none.  All parts belong to the stream that
    the event is in, so to the same aggregate, and keep its ``at``, which the record tells too.
3.  Raise the ``version`` of the projections whose handlers come to mean something else.  Those
    that read the event ask for a rebuild by themselves, where the log holds any.
4.  Run ``make event-fixtures``: it adds an example and the field types of the new version, which
    tests hold against the code from then on.

A chain with a gap stops the start-up, with the version that has no upcaster.
"""

from collections.abc import Sequence
from typing import Final

from crmcore.application.contexts import EVENTS
from crmcore.infrastructure.codec import EventCodec
from crmcore.infrastructure.upcasting import Fields, Upcaster

__all__ = ["UPCASTERS", "event_codec"]


def _as_it_was(topic: str, version: int) -> Upcaster:
    """For a version whose fields mean what they meant: those that came later are left out."""
    return Upcaster(topic, version, {topic: version + 1}, lambda fields: [(topic, fields)])


def _message_sent_1(fields: Fields) -> Sequence[tuple[str, Fields]]:
    """Which of the customer's contact points a message went to was not recorded."""
    return [("message-sent", {**fields, "point_id": None})]


UPCASTERS: Final[tuple[Upcaster, ...]] = (
    Upcaster("message-sent", 1, {"message-sent": 2}, _message_sent_1),
    # targets were working time alone, before some came to be counted in days
    _as_it_was("service-levels-defined", 1),
    _as_it_was("service-level-attached", 1),
    _as_it_was("service-level-replaced", 1),
)


def event_codec() -> EventCodec:
    """The codec of a log: every event of every context, in whichever version it was recorded.

    Raises ``UpcasterChainError`` if a version cannot be read.
    """
    return EventCodec(EVENTS, UPCASTERS)
