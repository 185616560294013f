"""Customer history: everything that was recorded about a customer, over all contexts, in order.

One row an event, with who did it, when it was true, when it was recorded and by which
command; where a record of an older version is several events now, ``part`` counts them from 0.
What was known of a lead before it became a customer stays under the lead's id, and what
happened to a case before it was known whose it is under the case's id; ``customer_links`` says
which ids a customer's history takes in.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, get_args
from uuid import UUID

import attrs
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
from crmcore.application.errors import UnreadableEventError
from crmcore.application.log import Recorded
from crmcore.application.sentences import sentence_of
from crmcore.application.streams import Streams
from crmcore.domain.customers.customer.messages.contact_point import ContactPointAdded
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import from_micros
from crmcore.domain.marketing.campaign.decisions import AGGREGATE
from crmcore.domain.marketing.campaign.state import Campaign
from crmcore.domain.sales.lead.messages.qualification import LeadConverted
from crmcore.domain.service.case.messages.opening import CaseCustomerIdentified, CaseOpened
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import SUBJECT, Handler, Projection, Rows
from crmcore.projections.results import result

NAMING: Final = {
    CaseOpened.TOPIC: ("case_id", "number"),
    ContactPointAdded.TOPIC: ("point_id", "value"),
}
"""The events that name something: the fields with its id and its name."""
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


@result
class HistoryEntry:
    """One thing that was recorded; instants in UTC.

    ``details`` are the fields of the event, as JSON has them; ``sentence`` says in a line what
    happened, with names of campaigns, cases and contact points where they are known.
    """

    position: int
    occurred_at: datetime
    recorded_at: datetime
    topic: str
    stream_id: UUID
    actor: str | None
    command_id: UUID | None
    correlation_id: UUID | None
    causation_id: UUID | None
    source: str | None
    details: dict[str, Any] = attrs.field(hash=False)
    sentence: str


SHOWN: Final = (
    "position", "occurred_at", "recorded_at", "topic", "stream_id", "actor",
    "command_id", "correlation_id", "causation_id", "source", "details",
)  # fmt: skip
TOPIC: Final = SHOWN.index("topic")


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
    details = [json.loads(text) for *_, text in found]
    names = _names((row[TOPIC], fields) for row, fields in zip(found, details, strict=True))
    names |= _campaigns(details, streams)
    return [
        HistoryEntry(
            position,
            occurred_at,
            recorded_at,
            topic,
            UUID(stream),
            actor,
            None if command is None else _id(command),
            None if correlation is None else _id(correlation),
            None if causation is None else _id(causation),
            source,
            fields,
            sentence_of(catalogue.events, topic, fields, names),
        )
        for (
            (position, occurred_at, recorded_at, topic, stream, actor, command, correlation, causation, source, _),
            fields,
        ) in zip(found, details, strict=True)
    ]  # fmt: skip


def _names(events: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """What cases and contact points are called, by their ids: as the events themselves say."""
    names: dict[str, str] = {}
    for topic, fields in events:
        key, name = NAMING.get(topic, ("", ""))
        if fields.get(key) and fields.get(name):
            names[fields[key]] = fields[name]
    return names


def _campaigns(details: Iterable[Mapping[str, Any]], streams: Streams) -> dict[str, str]:
    """What campaigns are called, by their ids; those that cannot be read go by these."""
    names: dict[str, str] = {}
    for key in {str(fields["campaign_id"]) for fields in details if fields.get("campaign_id")}:
        with suppress(UnreadableEventError, ValueError):
            campaign = streams.state(AGGREGATE, UUID(key))
            if isinstance(campaign, Campaign):
                names[key] = campaign.plan.name
    return names


@lru_cache
def _id(text: str) -> UUID:
    """An id that several records have in a row: a command's, and what it belongs to."""
    return UUID(text)


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
