"""What can be asked about leads: ``crm.read.leads``.

A score fades with time, so no row holds one: it is worked out when it is asked for, from what
the log has recorded of the lead (``domain.sales.lead.score``).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import attrs
from sqlalchemy import (
    ColumnElement,
    RowMapping,
    select,
    true,
)

from crmcore.domain.kernel import shape
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.lead.decisions import AGGREGATE
from crmcore.domain.sales.lead.messages.capture import (
    LeadSource,
)
from crmcore.domain.sales.lead.phases import LeadStatus, Uncaptured
from crmcore.domain.sales.lead.qualification import score_of
from crmcore.domain.sales.lead.scoring_model import STANDARD_MODEL, ScoringModel
from crmcore.domain.sales.lead.state import Event, lead_in
from crmcore.projections.filters import before, equals, from_on
from crmcore.projections.instants import about_instants
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.sales.leads.table import LEADS, LeadSummary, Score, leads, summary

_ORDERS: Final = either_way(LEADS.c.lead_id, LEADS.c.captured_at, LEADS.c.changed_at)


@frozen(kw_only=True)
class LeadQuestions(Questions):
    """``crm.read.leads``: who showed interest, and how far that has come."""

    scoring: ScoringModel = STANDARD_MODEL

    @about_instants
    def get(self, lead_id: UUID, *, as_of: datetime | None = None) -> LeadSummary | None:
        """The lead, with its score *as_of* an instant (now); None if there is none."""
        key = equals(LEADS.c.lead_id, UUID, lead_id)
        with self.reading(LEADS) as connection:
            found = connection.execute(select(LEADS).where(key)).mappings().all()
        return next(iter(self._scored(found, as_of)), None)

    @about_instants
    def find(
        self,
        *,
        status: LeadStatus | None = None,
        assignee: str | None = None,
        assigned: bool | None = None,
        source: LeadSource | None = None,
        campaign_id: UUID | None = None,
        customer_id: UUID | None = None,
        captured_from: datetime | None = None,
        captured_before: datetime | None = None,
        as_of: datetime | None = None,
        order_by: str = "-captured_at",
        limit: int = 50,
        after: str | None = None,
    ) -> Page[LeadSummary]:
        """Leads to which all that is given applies, the latest first, a page at a time.

        *assigned* says whether somebody has them; *captured_from* counts in, *captured_before* does
        not.  Scores are those *as_of* an instant (now).  *order_by* is ``captured_at`` or
        ``changed_at``, with a ``-`` before it: descending; *after* is the ``next`` of the page
        before.  Raises ``InvalidValueError`` for anything that cannot be.
        """
        statement = select(LEADS).where(
            equals(LEADS.c.status, LeadStatus, status),
            equals(LEADS.c.assignee, str, assignee),
            _is_assigned(assigned),
            equals(LEADS.c.source, LeadSource, source),
            equals(LEADS.c.campaign_id, UUID, campaign_id),
            equals(LEADS.c.customer_id, UUID, customer_id),
            from_on("captured_from", LEADS.c.captured_at, captured_from),
            before("captured_before", LEADS.c.captured_at, captured_before),
        )
        with self.reading(LEADS) as connection:
            found: Page[RowMapping] = page(
                connection,
                statement,
                _ORDERS,
                lambda row: row,
                order_by=order_by,
                limit=limit,
                after=after,
            )
        return Page(tuple(self._scored(found.items, as_of)), found.next)

    def _scored(self, found: Sequence[RowMapping], as_of: datetime | None) -> list[LeadSummary]:
        scores = self._scores([UUID(row["lead_id"]) for row in found], as_of or self.clock())
        return [summary(row, scores[row["lead_id"]]) for row in found]

    def _scores(self, lead_ids: Sequence[UUID], as_of: datetime) -> Mapping[str, Score]:
        """The score of each lead, from what the log says of it."""
        if not lead_ids:
            return {}
        histories: defaultdict[str, list[Event]] = defaultdict(list)
        with self.rows.log() as log:
            for recorded in self.rows.events(log, lead_ids, leads()):
                histories[recorded.stream].append(recorded.event)
        scores = {}
        for lead_id, history in histories.items():
            state = AGGREGATE.fold(history)
            if not isinstance(state, Uncaptured):
                scored = score_of(lead_in(state), as_of, self.scoring)
                scores[lead_id] = Score(**attrs.asdict(scored))
        return scores


def _is_assigned(assigned: bool | None) -> ColumnElement[bool]:
    if assigned is None:
        return true()
    wanted = shape(bool)("assigned", assigned)
    return LEADS.c.assignee.is_not(None) if wanted else LEADS.c.assignee.is_(None)
