"""What can be asked about customers: ``crm.read.customers``."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from crmcore.application.catalogue import Catalogue
from crmcore.application.streams import Streams
from crmcore.domain.customers.customer.messages.lifecycle import LifecycleStage
from crmcore.domain.customers.customer.messages.registration import CustomerKind
from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.customers.directory import (
    DIRECTORY,
    TERMS,
    CustomerCard,
    FoundCustomer,
    read_card,
    search,
)
from crmcore.projections.customers.history import (
    CUSTOMER_HISTORY,
    CUSTOMER_LINKS,
    read_history,
)
from crmcore.projections.customers.history_entry import HistoryEntry
from crmcore.projections.filters import equals
from crmcore.projections.instants import about_instants
from crmcore.projections.paging import Page
from crmcore.projections.questions import Questions


@frozen(kw_only=True)
class CustomerQuestions(Questions):
    """Customers: one by id, those whom a text finds, and all that happened to one."""

    catalogue: Catalogue
    streams: Streams

    def get(self, customer_id: UUID) -> CustomerCard | None:
        """The card of a customer; None for one who was never registered."""
        query = select(DIRECTORY).where(equals(DIRECTORY.c.customer_id, UUID, customer_id))
        with self.reading(DIRECTORY) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else read_card(row)

    def find(
        self,
        text: str | None = None,
        *,
        kind: CustomerKind | None = None,
        stage: LifecycleStage | None = None,
        active: bool | None = None,
        order_by: str = "match",
        limit: int = 20,
        after: str | None = None,
    ) -> Page[FoundCustomer]:
        """Customers by name, e-mail, phone or external id, and by what they are.

        *order_by* is ``match`` (exact matches first, then by name), ``name`` or ``registered_at``,
        with a ``-`` before these: descending; *after* is the ``next`` of the page before.
        Case, accents and the way in which a phone number is written do not matter.  Raises
        ``InvalidValueError`` for anything that cannot be.
        """
        if text is not None and not isinstance(text, str):
            raise InvalidValueError("text", text, "text")
        criteria = [
            equals(DIRECTORY.c.kind, CustomerKind, kind),
            equals(DIRECTORY.c.stage, LifecycleStage, stage),
            equals(DIRECTORY.c.active, bool, active),
        ]
        with self.reading(DIRECTORY, TERMS) as connection:
            return search(connection, text, criteria, order_by=order_by, limit=limit, after=after)

    @about_instants
    def history(
        self,
        customer_id: UUID,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[HistoryEntry]:
        """What was true of a customer by *as_of*, as it was recorded by *known_at* (both UTC).

        In the order in which it was true; what was known of them as a lead, and of their cases
        before anybody knew whose they were, is part of it.
        """
        with self.reading(CUSTOMER_HISTORY, CUSTOMER_LINKS) as connection:
            entries = read_history(connection, customer_id, self.catalogue, self.streams)
        return [
            entry
            for entry in entries
            if (as_of is None or entry.occurred_at <= as_of)
            and (known_at is None or entry.recorded_at <= known_at)
        ]
