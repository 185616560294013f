"""Customer history: everything that was recorded about a customer, over all contexts, in order.

One row an event, with who did it, when it was true, when it was recorded and by which
command; where a record of an older version is several events now, ``part`` counts them from 0.
What was known of a lead before it became a customer stays under the lead's id, and what
happened to a case before it was known whose it is under the case's id; ``customer_links`` says
which ids a customer's history takes in.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    select,
    union_all,
)

from crmcore.application.catalogue import Catalogue
from crmcore.application.log import Recorded
from crmcore.application.streams import Streams
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import from_micros
from crmcore.domain.sales.lead.messages.qualification import LeadConverted
from crmcore.domain.service.case.messages.opening import CaseCustomerIdentified
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.projections.customers.history_entry import SHOWN, History, HistoryEntry
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import SUBJECT, Handler, Projection, Rows

CASE_TOPICS: Final = frozenset(kind.TOPIC for kind in get_args(CaseEvent))

_metadata = MetaData()

CUSTOMER_HISTORY = Table(
    "customer_history",
    _metadata,
    Column("customer_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
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


@frozen
class _Kept:
    """What is read of most events: that they are JSON; their text is kept as it stands."""


def customer_history(catalogue: Catalogue) -> Projection:
    """The read model over all events that there are."""
    handlers: dict[type, Handler] = dict.fromkeys(catalogue.events.values(), _enter)
    linking: dict[type, Handler] = {LeadConverted: _enter_lead, CaseCustomerIdentified: _enter_case}
    return Projection(
        name="customer_history",
        version=1,
        tables=(CUSTOMER_HISTORY, CUSTOMER_LINKS),
        handlers={**handlers, **linking},
        groups=_whose,
        views={kind: _Kept for kind in handlers if kind not in linking},
        partition=SUBJECT,
    )


def read_history(
    connection: Connection, customer_id: UUID, catalogue: Catalogue, streams: Streams
) -> list[HistoryEntry]:
    """The history of a customer, ordered by when things were true, then recorded (INV-Q1)."""
    found = connection.execute(_query(), {"customer": str(customer_id)}).all()
    return list(History(found, catalogue.events, streams).entries())


@cache
def _query() -> Select[Any]:
    customer = bindparam("customer", type_=Text)
    links, rows = CUSTOMER_LINKS.c, CUSTOMER_HISTORY.c
    linked = select(links.linked_id).where(links.customer_id == customer)
    ids = union_all(select(customer), linked)
    return (
        select(*(rows[name] for name in SHOWN))
        .where(rows.customer_id.in_(ids))
        .order_by(rows.occurred_at, rows.recorded_at, rows.position, rows.part)
    )


def _whose(recorded: Recorded) -> Sequence[str]:
    """The customer or lead; the case itself, as long as nobody knows whose it is."""
    subject = recorded.subject
    if subject is None:
        return (recorded.stream,) if recorded.topic in CASE_TOPICS else ()
    return (subject,)


def _enter(_event: Any, recorded: Recorded, rows: Rows) -> None:
    (
        position, stream, _, topic, _, subject, occurred, _,
        actor, command, correlation, causation, source, data,
    ) = recorded.record  # fmt: skip
    row = {
        "customer_id": subject or stream,
        "position": position,
        "part": recorded.part,
        "occurred_at": from_micros(occurred),
        "recorded_at": recorded.recorded_at,
        "topic": topic,
        "stream_id": stream,
        "actor": actor,
        "command_id": command,
        "correlation_id": correlation,
        "causation_id": causation,
        "source": source,
        "details": data,
    }
    rows.put(CUSTOMER_HISTORY, row)


def _enter_lead(event: LeadConverted, recorded: Recorded, rows: Rows) -> None:
    _enter(event, recorded, rows)
    _link(rows, recorded, event.lead_id)


def _enter_case(event: CaseCustomerIdentified, recorded: Recorded, rows: Rows) -> None:
    _enter(event, recorded, rows)
    _link(rows, recorded, event.case_id)


def _link(rows: Rows, recorded: Recorded, linked: UUID) -> None:
    rows.put(CUSTOMER_LINKS, {"customer_id": recorded.subject, "linked_id": str(linked)})
