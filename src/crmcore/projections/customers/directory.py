"""Customer directory: who is who, to be found by name, e-mail address, phone number or foreign id.

One row a customer, and one term for everything that a customer can be found by.  A phone
number finds every customer who has it: it is evidence, not an identity.
"""

import unicodedata
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Boolean, Column, Connection, Index, MetaData, Table, Text, or_, select

from crmcore.application.log import Recorded
from crmcore.domain.customers.contact_point import (
    ContactKind,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointRemoved,
    PrimaryContactPointChanged,
)
from crmcore.domain.customers.customer import (
    CustomerDeactivated,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
)
from crmcore.domain.customers.external_identity import (
    ExternalIdentityLinked,
    ExternalIdentityUnlinked,
)
from crmcore.domain.customers.lifecycle import LifecycleStageAdvanced, LifecycleStageCorrected
from crmcore.projections.engine import Instant, Projection, Rows

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
    """Customers by name, e-mail, phone or external id: exact matches first, then by name.

    Case, width and composition of characters do not matter; a phone number may be written
    in any way that keeps its digits.
    """
    wanted = searchable(text)
    if not wanted:
        return []
    digits = "".join(character for character in wanted if character.isdigit())
    patterns = [terms.c.term.contains(wanted, autoescape=True)]
    if len(digits) >= 5 and set(wanted) <= set("+0123456789 ()-./"):
        number = digits.lstrip("0")
        patterns.append(terms.c.term.contains(number) & (terms.c.kind == ContactKind.PHONE.value))
        wanted = f"+{number}" if wanted.startswith("+") else wanted
    columns = [directory.c[name] for name in attrs.fields_dict(Found) if name in directory.c]
    query = select(*columns, terms.c.term, terms.c.shown).where(
        directory.c.customer_id == terms.c.customer_id, or_(*patterns)
    )
    best: dict[str, Found] = {}
    exact_first = (terms.c.term != wanted, directory.c.name, directory.c.customer_id)
    for row in connection.execute(query.order_by(*exact_first).limit(limit * 5)):
        *fields, term, shown = row
        if len(best) < limit:
            best.setdefault(
                fields[0], Found(*[UUID(fields[0]), *fields[1:], shown, term == wanted])
            )
    return list(best.values())


def searchable(text: str) -> str:
    """*text* as terms are stored: NFKC, case folded, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def customer_directory() -> Projection:
    """The read model."""
    return Projection(
        name="customer_directory",
        version=1,
        tables=(DIRECTORY, TERMS),
        handlers={
            CustomerRegistered: _registered,
            CustomerNameCorrected: _renamed,
            CustomerDeactivated: _activity(False),
            CustomerReactivated: _activity(True),
            LifecycleStageAdvanced: _staged,
            LifecycleStageCorrected: _staged,
            ContactPointAdded: _point_added,
            ContactPointInvalidated: _point_gone,
            ContactPointRemoved: _point_gone,
            PrimaryContactPointChanged: _primary,
            ExternalIdentityLinked: _linked,
            ExternalIdentityUnlinked: _unlinked,
        },
    )


def _registered(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    customer_id = str(recorded.subject_id)
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
    customer_id = str(recorded.subject_id)
    _set(rows, customer_id, name=event.name)
    _term(rows, customer_id, "name", "", event.name)


def _activity(active: bool) -> Any:
    def handle(_event: object, recorded: Recorded, rows: Rows) -> None:
        _set(rows, str(recorded.subject_id), active=active)

    return handle


def _staged(
    event: LifecycleStageAdvanced | LifecycleStageCorrected, recorded: Recorded, rows: Rows
) -> None:
    _set(rows, str(recorded.subject_id), stage=event.stage.value)


def _point_added(event: ContactPointAdded, recorded: Recorded, rows: Rows) -> None:
    customer_id, key = str(recorded.subject_id), str(event.point_id)
    _term(rows, customer_id, event.kind.value, key, event.value, event.normalised)
    if event.is_primary and event.kind in SHOWN:
        _set(rows, customer_id, **{SHOWN[event.kind]: event.value})


def _point_gone(
    event: ContactPointInvalidated | ContactPointRemoved, recorded: Recorded, rows: Rows
) -> None:
    if isinstance(event, ContactPointRemoved):
        for kind in ContactKind:
            rows.delete(TERMS, str(recorded.subject_id), kind.value, str(event.point_id))


def _primary(event: PrimaryContactPointChanged, recorded: Recorded, rows: Rows) -> None:
    if event.kind not in SHOWN:
        return
    customer_id = str(recorded.subject_id)
    term = rows.get(TERMS, customer_id, event.kind.value, str(event.point_id))
    _set(rows, customer_id, **{SHOWN[event.kind]: None if term is None else term["shown"]})


def _linked(event: ExternalIdentityLinked, recorded: Recorded, rows: Rows) -> None:
    key = f"{event.source}:{event.external_id}"
    _term(rows, str(recorded.subject_id), "external", key, event.external_id)


def _unlinked(event: ExternalIdentityUnlinked, _recorded: Recorded, rows: Rows) -> None:
    key = f"{event.source}:{event.external_id}"
    rows.delete(TERMS, str(event.customer_id), "external", key)


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
