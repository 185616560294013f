"""Customer directory: who is who, to be found by name, e-mail address, phone number or foreign id.

One row a customer, and one term for everything that a customer can be found by.  A phone
number finds every customer who has it: it is evidence, not an identity.
"""

import unicodedata
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    MetaData,
    Table,
    Text,
    case,
    func,
    or_,
    select,
)

from crmcore.application.log import Recorded
from crmcore.domain.customers.customer.messages.contact_point import (
    ContactKind,
    ContactPointAdded,
    ContactPointRemoved,
    PrimaryContactPointChanged,
)
from crmcore.domain.customers.customer.messages.lifecycle import (
    LifecycleStageAdvanced,
    LifecycleStageCorrected,
)
from crmcore.domain.customers.customer.messages.registration import (
    CustomerDeactivated,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
)
from crmcore.domain.customers.external_identity import (
    ExternalIdentityLinked,
    ExternalIdentityUnlinked,
)
from crmcore.projections.customers.search_terms import EXTENSION, numbers_in, searchable, storable
from crmcore.projections.engine import Instant, Projection, Rows, subject_of

__all__ = ["DIRECTORY", "TERMS", "Found", "customer_directory", "find"]

_metadata = MetaData()

DIRECTORY = Table(
    "customer_directory",
    _metadata,
    Column("customer_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("stage", Text),
    Column("active", Boolean, nullable=False),
    Column("registered_at", Instant, nullable=False),
)
TERMS = Table(
    "customer_terms",
    _metadata,
    Column("customer_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("term", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Index("customer_terms_term", "term"),
)
SHOWN = {ContactKind.EMAIL: "email", ContactKind.PHONE: "phone"}
LONGEST_SEARCH = 2_000  # characters: SQLite takes no pattern of more than 50,000 bytes


@attrs.frozen
class Found:
    """A customer that a search found, and the term that matched (``exactly``, or in part)."""

    customer_id: UUID
    name: str
    kind: str
    email: str | None
    phone: str | None
    stage: str | None
    active: bool
    matched: str
    exactly: bool


def find(
    connection: Connection, directory: Table, terms: Table, text: str, *, limit: int = 20
) -> list[Found]:
    """At most *limit* customers by name, e-mail, phone or external id: exact matches first, then by name.

    Case, accents, ligatures, width and composition of characters do not matter; a phone number
    may be written in any way that keeps its digits, those of its extension included.  Whatever
    was entered is found by the same text.
    """
    wanted, entered = searchable(text), unicodedata.normalize("NFC", text).strip()
    if not 0 < len(wanted) <= LONGEST_SEARCH or limit < 1 or not storable(wanted):
        return []
    patterns = [terms.c.term.contains(wanted, autoescape=True), terms.c.shown == entered]
    exact = {wanted}
    for number in numbers_in(wanted):
        dialled = func.replace(terms.c.term, EXTENSION, "").contains(number.dialled)
        patterns.append(dialled & (terms.c.kind == ContactKind.PHONE.value))
        exact |= {number.normal or wanted}
    exactly = terms.c.term.in_(sorted(exact)) | (terms.c.shown == entered)
    inexact = case((exactly, 0), else_=1).label("inexact")
    best = func.row_number().over(
        partition_by=terms.c.customer_id, order_by=(inexact, terms.c.kind, terms.c.key)
    )
    matches = select(terms.c.customer_id, terms.c.shown, inexact, best.label("place"))
    match = matches.where(or_(*patterns)).subquery()
    columns = [directory.c[name] for name in attrs.fields_dict(Found) if name in directory.c]
    query = select(*columns, match.c.shown, match.c.inexact).where(
        directory.c.customer_id == match.c.customer_id, match.c.place == 1
    )
    exact_first = (match.c.inexact, directory.c.name, directory.c.customer_id)
    return [
        Found(*[UUID(customer_id), *fields, not inexactly])
        for customer_id, *fields, inexactly in connection.execute(
            query.order_by(*exact_first).limit(limit)
        )
    ]


def customer_directory() -> Projection:
    """The read model."""
    return Projection(
        name="customer_directory",
        version=2,
        tables=(DIRECTORY, TERMS),
        handlers={
            CustomerRegistered: _registered,
            CustomerNameCorrected: _renamed,
            CustomerDeactivated: _activity(False),
            CustomerReactivated: _activity(True),
            LifecycleStageAdvanced: _staged,
            LifecycleStageCorrected: _staged,
            ContactPointAdded: _point_added,
            ContactPointRemoved: _point_removed,
            PrimaryContactPointChanged: _primary,
            ExternalIdentityLinked: _linked,
            ExternalIdentityUnlinked: _unlinked,
        },
        provenance=False,
    )


def _registered(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    customer_id = subject_of(recorded)
    rows.put(
        DIRECTORY,
        {
            "customer_id": customer_id,
            "kind": event.kind.value,
            "name": event.name,
            "stage": None if event.stage is None else event.stage.value,
            "active": True,
            "registered_at": event.at,
        },
    )
    _term(rows, customer_id, "name", "", event.name)


def _renamed(event: CustomerNameCorrected, recorded: Recorded, rows: Rows) -> None:
    customer_id = subject_of(recorded)
    _set(rows, customer_id, name=event.name)
    _term(rows, customer_id, "name", "", event.name)


def _activity(active: bool) -> Any:
    def handle(_event: object, recorded: Recorded, rows: Rows) -> None:
        _set(rows, subject_of(recorded), active=active)

    return handle


def _staged(
    event: LifecycleStageAdvanced | LifecycleStageCorrected, recorded: Recorded, rows: Rows
) -> None:
    _set(rows, subject_of(recorded), stage=event.stage.value)


def _point_added(event: ContactPointAdded, recorded: Recorded, rows: Rows) -> None:
    customer_id, key = subject_of(recorded), str(event.point_id)
    _term(rows, customer_id, event.kind.value, key, event.value, event.normalised)
    if event.is_primary and event.kind in SHOWN:
        _set(rows, customer_id, **{SHOWN[event.kind]: event.value})


def _point_removed(event: ContactPointRemoved, recorded: Recorded, rows: Rows) -> None:
    for kind in ContactKind:
        rows.delete(TERMS, subject_of(recorded), kind.value, str(event.point_id))


def _primary(event: PrimaryContactPointChanged, recorded: Recorded, rows: Rows) -> None:
    if event.kind not in SHOWN:
        return
    customer_id = subject_of(recorded)
    term = rows.get(TERMS, customer_id, event.kind.value, str(event.point_id))
    _set(rows, customer_id, **{SHOWN[event.kind]: None if term is None else term["shown"]})


def _linked(event: ExternalIdentityLinked, recorded: Recorded, rows: Rows) -> None:
    key = str(event.identity_id)
    _term(rows, subject_of(recorded), "external", key, event.external_id)


def _unlinked(event: ExternalIdentityUnlinked, _recorded: Recorded, rows: Rows) -> None:
    rows.delete(TERMS, str(event.customer_id), "external", str(event.identity_id))


def _set(rows: Rows, customer_id: str, **values: object) -> None:
    row = rows.get(DIRECTORY, customer_id)
    if row is not None:
        rows.put(DIRECTORY, {**row, **values})


def _term(
    rows: Rows, customer_id: str, kind: str, key: str, shown: str, normal: str | None = None
) -> None:
    term = searchable(shown if normal is None else normal)
    row = {"customer_id": customer_id, "kind": kind, "key": key, "term": term, "shown": shown}
    rows.put(TERMS, row)
