"""The older versions of events of marketing, each with what reads it in present terms."""

from collections.abc import Sequence
from typing import Final

from crmcore.infrastructure.events.upcasting import Fields, Upcaster


def _message_sent_1(fields: Fields) -> Sequence[tuple[str, Fields]]:
    """Which of the customer's contact points a message went to was not recorded."""
    return [("message-sent", {**fields, "point_id": None})]


UPCASTERS: Final = (Upcaster("message-sent", 1, {"message-sent": 2}, _message_sent_1),)
