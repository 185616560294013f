"""A case's row: its columns, what each event makes of them, and the same as questions answer it.

What is known of a case is here alone, so that another column is added in one place.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, Column, Index, Integer, MetaData, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.kernel.instants import to_micros
from crmcore.domain.service.case.messages.opening import (
    CaseClassified,
    CaseCustomerIdentified,
    CaseOpened,
    CasePrioritised,
)
from crmcore.domain.service.case.messages.routing import CaseAssigned, CaseQueued, CaseTransferred
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import CaseChannel, CaseKind, StatusCategory
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import Row, Rows
from crmcore.projections.results import result

SERVICE_CASES = Table(
    "service_cases",
    MetaData(),
    Column("case_id", Text, primary_key=True),
    Column("customer_id", Text),
    Column("number", Text),
    Column("subject", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("category", Text),
    Column("request_type", Text),
    Column("priority", Text),
    Column("queue", Text),
    Column("agent", Text),
    Column("status", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("first_response_at", Instant),
    Column("closed_at", Instant),
    Column("contacts", Integer, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("facts_at", Instant, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("clock", Text, nullable=False),
    Index("service_cases_number", "number"),
    Index("service_cases_status", "status"),
)
"""One row a case.  ``contacts`` counts the opening and every message of the customer.

``clock`` is the case's life in instants, packed; ``changed_at`` the latest of them.  ``facts`` tells
what the case was held to be (whose, of which kind and priority, with whom), by instant: ``[microseconds since 1970, {column: value}]``; ``facts_at`` is the latest of these.
"""


@result
class CaseColumns:
    """A case as its row tells it (instants in UTC).

    ``contacts`` counts the opening and every message of the customer.
    """

    case_id: UUID
    number: str | None
    customer_id: UUID | None
    subject: str
    kind: CaseKind
    channel: CaseChannel
    category: str | None
    request_type: str | None
    priority: Priority | None
    queue: str | None
    agent: str | None
    status: StatusCategory
    opened_at: datetime
    first_response_at: datetime | None
    closed_at: datetime | None
    contacts: int


def opening_row(event: CaseOpened) -> Row:
    """The row of a case that is opened, but for what follows from its timeline."""
    facts = {
        "customer_id": None if event.customer_id is None else str(event.customer_id),
        "kind": event.kind.value,
        "category": event.category,
        "request_type": event.request_type,
        "priority": None if event.priority is None else event.priority.value,
        "queue": event.queue,
        "agent": None,
    }
    return facts | {
        "case_id": str(event.case_id),
        "number": event.number,
        "subject": event.subject,
        "channel": event.channel.value,
        "opened_at": event.at,
        "closed_at": None,
        "contacts": 1,
        "changed_at": event.at,
        "facts_at": event.at,
        "facts": [[to_micros(event.at), facts]],
    }


def case_of(rows: Rows, case_id: str) -> Row:
    """The row of a case that was opened."""
    row = rows.get(SERVICE_CASES, case_id)
    assert row is not None, "a case is opened before anything else happens to it"
    return row


def _sets(values: Callable[[Any], Row]) -> Callable[[Any, Recorded, Rows], None]:
    """A handler that sets what the case is held to be, from the instant of the event on."""

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        row, facts = case_of(rows, recorded.stream), values(event)
        history = sorted([*row["facts"], [to_micros(event.at), facts]], key=itemgetter(0))
        holding = ChainMap(*(known for _, known in reversed(history)))
        known_by = {"facts": history, "facts_at": max(row["facts_at"], event.at)}
        rows.put(SERVICE_CASES, row | known_by | {name: holding[name] for name in facts})

    return handle


SETTING: Final[Mapping[type, Callable[[Any, Recorded, Rows], None]]] = {
    CaseCustomerIdentified: _sets(lambda e: {"customer_id": str(e.customer_id)}),
    CaseClassified: _sets(
        lambda e: {"kind": e.kind.value, "category": e.category, "request_type": e.request_type}
    ),
    CasePrioritised: _sets(lambda e: {"priority": e.priority.value}),
    CaseQueued: _sets(lambda e: {"queue": e.queue}),
    CaseTransferred: _sets(lambda e: {"queue": e.queue, "agent": None}),
    CaseAssigned: _sets(lambda e: {"agent": e.agent}),
}
"""The handlers of events that set what a case is held to be."""
