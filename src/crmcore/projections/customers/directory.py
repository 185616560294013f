"""Customer directory: who is who, to be found by name, e-mail address, phone number or foreign id.

One row a customer, and one term for everything that a customer can be found by.  A phone
number finds every customer who has it: it is evidence, not an identity.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    MetaData,
    RowMapping,
    Subquery,
    Table,
    Text,
    case,
    false,
    func,
    literal,
    null,
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
    LifecycleStage,
    LifecycleStageAdvanced,
    LifecycleStageCorrected,
)
from crmcore.domain.customers.customer.messages.registration import (
    CustomerDeactivated,
    CustomerKind,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
)
from crmcore.domain.customers.external_identity import (
    ExternalIdentityLinked,
    ExternalIdentityUnlinked,
)
from crmcore.projections.customers.search_terms import EXTENSION, numbers_in, searchable, storable
from crmcore.projections.engine.changes import update
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import Handler, Projection, Rows, subject_of
from crmcore.projections.paging import Order, Page, either_way, page
from crmcore.projections.results import result

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
_ORDERS: Final = either_way(DIRECTORY.c.customer_id, DIRECTORY.c.name, DIRECTORY.c.registered_at)
_COLUMNS = {ContactKind.EMAIL: "email", ContactKind.PHONE: "phone"}
_LONGEST_SEARCH = 2_000  # characters: SQLite takes no pattern of more than 50,000 bytes


@result
class CustomerCard:
    """Who a customer is and how they are reached first; ``active`` is False once deactivated."""

    customer_id: UUID
    kind: CustomerKind
    name: str
    email: str | None
    phone: str | None
    stage: LifecycleStage | None
    active: bool
    registered_at: datetime


@result
class FoundCustomer(CustomerCard):
    """A customer that a search found, and the term that matched (``exactly``, or in part).

    ``matched`` is None where no text was sought.
    """

    matched: str | None
    exactly: bool


def read_card(row: RowMapping) -> CustomerCard:
    """The card of a customer, from a row of the directory."""
    return CustomerCard(**_card(row))


def _card(row: RowMapping) -> dict[str, Any]:
    stage = row["stage"]
    return {
        **{column.name: row[column.name] for column in DIRECTORY.columns},
        "customer_id": UUID(row["customer_id"]),
        "kind": CustomerKind(row["kind"]),
        "stage": None if stage is None else LifecycleStage(stage),
    }


def _read_found(row: RowMapping) -> FoundCustomer:
    return FoundCustomer(**_card(row), matched=row["matched"], exactly=row["exactly"])


def search(
    connection: Connection,
    text: str | None,
    criteria: Sequence[ColumnElement[bool]],
    *,
    order_by: str,
    limit: int,
    after: str | None,
) -> Page[FoundCustomer]:
    """A page of the customers who meet all *criteria* and are found by *text*, where there is one."""
    rows = DIRECTORY.c
    match = None if text is None else _matches(text)
    if match is None:
        inexact: ColumnElement[str] = literal("1")
        query = select(DIRECTORY, null().label("matched"), false().label("exactly"))
        criteria = criteria if text is None else (false(),)
    else:
        inexact = match.c.inexact
        exactly = (inexact == "0").label("exactly")
        query = select(DIRECTORY, match.c.shown.label("matched"), exactly)
        query = query.where(rows.customer_id == match.c.customer_id, match.c.place == 1)
    placed = inexact.label("inexact")
    return page(
        connection,
        query.add_columns(placed).where(*criteria),
        {"match": Order(placed, rows.customer_id, then=(rows.name,)), **_ORDERS},
        _read_found,
        order_by=order_by,
        limit=limit,
        after=after,
    )


def _matches(text: str) -> Subquery | None:
    """The terms that *text* finds, the best of each customer in place 1; None where it finds none.

    Case, accents, ligatures, width and composition of characters do not matter; a phone number
    may be written in any way that keeps its digits, those of its extension included.  Whatever
    was entered is found by the same text.
    """
    terms = TERMS.c
    wanted, entered = searchable(text), unicodedata.normalize("NFC", text).strip()
    if not 0 < len(wanted) <= _LONGEST_SEARCH or not storable(wanted):
        return None
    patterns = [terms.term.contains(wanted, autoescape=True), terms.shown == entered]
    exact = {wanted}
    for number in numbers_in(wanted):
        dialled = func.replace(terms.term, EXTENSION, "").contains(number.dialled)
        patterns.append(dialled & (terms.kind == ContactKind.PHONE.value))
        exact |= {number.normal or wanted}
    exactly = terms.term.in_(sorted(exact)) | (terms.shown == entered)
    inexact = case((exactly, "0"), else_="1").label("inexact")
    best = func.row_number().over(
        partition_by=terms.customer_id, order_by=(inexact, terms.kind, terms.key)
    )
    found = select(terms.customer_id, terms.shown, inexact, best.label("place"))
    return found.where(or_(*patterns)).subquery()


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
    update(rows, DIRECTORY, customer_id, name=event.name)
    _term(rows, customer_id, "name", "", event.name)


def _activity(active: bool) -> Handler:
    def handle(_event: object, recorded: Recorded, rows: Rows) -> None:
        update(rows, DIRECTORY, subject_of(recorded), active=active)

    return handle


def _staged(
    event: LifecycleStageAdvanced | LifecycleStageCorrected, recorded: Recorded, rows: Rows
) -> None:
    update(rows, DIRECTORY, subject_of(recorded), stage=event.stage.value)


def _point_added(event: ContactPointAdded, recorded: Recorded, rows: Rows) -> None:
    customer_id, key = subject_of(recorded), str(event.point_id)
    _term(rows, customer_id, event.kind.value, key, event.value, event.normalised)
    if event.is_primary and event.kind in _COLUMNS:
        update(rows, DIRECTORY, customer_id, **{_COLUMNS[event.kind]: event.value})


def _point_removed(event: ContactPointRemoved, recorded: Recorded, rows: Rows) -> None:
    for kind in ContactKind:
        rows.delete(TERMS, subject_of(recorded), kind.value, str(event.point_id))


def _primary(event: PrimaryContactPointChanged, recorded: Recorded, rows: Rows) -> None:
    if event.kind not in _COLUMNS:
        return
    customer_id = subject_of(recorded)
    term = rows.get(TERMS, customer_id, event.kind.value, str(event.point_id))
    update(
        rows,
        DIRECTORY,
        customer_id,
        **{_COLUMNS[event.kind]: None if term is None else term["shown"]},
    )


def _linked(event: ExternalIdentityLinked, recorded: Recorded, rows: Rows) -> None:
    key = str(event.identity_id)
    _term(rows, subject_of(recorded), "external", key, event.external_id)


def _unlinked(event: ExternalIdentityUnlinked, _recorded: Recorded, rows: Rows) -> None:
    rows.delete(TERMS, str(event.customer_id), "external", str(event.identity_id))


def _term(
    rows: Rows, customer_id: str, kind: str, key: str, shown: str, normal: str | None = None
) -> None:
    term = searchable(shown if normal is None else normal)
    row = {"customer_id": customer_id, "kind": kind, "key": key, "term": term, "shown": shown}
    rows.put(TERMS, row)
