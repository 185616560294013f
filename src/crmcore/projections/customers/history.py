"""Customer history: everything that was recorded about a customer, over all contexts, in order.

One row an event, with who did it, when it was true, when it was recorded and by which
command.  What was known of a lead before it became a customer stays under the lead's id, and
what happened to a case before it was known whose it is under the case's id;
``customer_links`` says which ids a customer's history takes in.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import attrs
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, select

from crmcore.application.log import Recorded
from crmcore.domain.sales.lead_events import LeadConverted
from crmcore.domain.service.case.events import CaseCustomerIdentified, CaseEvent
from crmcore.projections.engine import Instant, Projection, Rows, by_stream, by_subject

__all__ = ["CUSTOMER_HISTORY", "CUSTOMER_LINKS", "Entry", "customer_history", "read_history"]

_metadata = MetaData()

CUSTOMER_HISTORY = Table(
    "customer_history",
    _metadata,
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("occurred_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("topic", Text, nullable=False),
    Column("stream_id", Text, nullable=False),
    Column("actor", Text),
    Column("command_id", Text),
    Column("correlation_id", Text),
    Column("causation_id", Text),
    Column("source", Text),
    Column("details", Text, nullable=False),
    info={"append_only": True},
)
CUSTOMER_LINKS = Table(
    "customer_links",
    _metadata,
    Column("customer_id", Text, primary_key=True),
    Column("linked_id", Text, primary_key=True),
)


@attrs.frozen
class Entry:
    """One thing that was recorded; instants in UTC, ``details`` the event's JSON."""

    position: int
    occurred_at: datetime
    recorded_at: datetime
    topic: str
    stream_id: str
    actor: str | None
    command_id: str | None
    correlation_id: str | None
    causation_id: str | None
    source: str | None
    details: str


def customer_history(kinds: Iterable[type]) -> Projection:
    """The read model over the events *kinds*: all that there are."""
    return Projection(
        name="customer_history",
        version=1,
        tables=(CUSTOMER_HISTORY, CUSTOMER_LINKS),
        handlers=dict.fromkeys(kinds, _enter),
        groups=_whose,
    )


def read_history(
    connection: Connection, history: Table, links: Table, customer_id: UUID
) -> Iterator[Entry]:
    """The history of a customer, ordered by when things were true, then recorded (INV-Q1)."""
    linked = select(links.c.linked_id).where(links.c.customer_id == str(customer_id))
    ids = [str(customer_id), *connection.execute(linked).scalars()]
    columns = [history.c[field.name] for field in attrs.fields(Entry)]
    query = select(*columns).where(history.c.customer_id.in_(ids))
    order = (history.c.occurred_at, history.c.recorded_at, history.c.position)
    for row in connection.execute(query.order_by(*order)):
        yield Entry(*row)


def _whose(recorded: Recorded) -> Sequence[str]:
    """The customer or lead; the case itself, as long as nobody knows whose it is."""
    unknown = recorded.subject_id is None and isinstance(recorded.event, get_args(CaseEvent))
    return by_stream(recorded) if unknown else by_subject(recorded)


def _enter(event: Any, recorded: Recorded, rows: Rows) -> None:
    (customer_id,) = _whose(recorded)
    rows.put(
        CUSTOMER_HISTORY,
        {
            "customer_id": customer_id,
            "position": recorded.position,
            "occurred_at": recorded.occurred_at,
            "recorded_at": recorded.recorded_at,
            "topic": recorded.topic,
            "stream_id": str(recorded.stream_id),
            "actor": recorded.actor,
            "command_id": _text(recorded.command_id),
            "correlation_id": _text(recorded.correlation_id),
            "causation_id": _text(recorded.causation_id),
            "source": recorded.source,
            "details": recorded.data,
        },
    )
    if isinstance(event, LeadConverted):
        rows.put(CUSTOMER_LINKS, {"customer_id": customer_id, "linked_id": str(event.lead_id)})
    if isinstance(event, CaseCustomerIdentified):
        rows.put(CUSTOMER_LINKS, {"customer_id": customer_id, "linked_id": str(event.case_id)})


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)
