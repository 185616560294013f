"""A case's life as metrics see it: what it was, and what had happened to it, by an instant.

So a figure of last month can be asked for again.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.levels.spans import first_response
from crmcore.domain.service.levels.timeline import Timeline
from crmcore.domain.service.terms import StatusCategory
from crmcore.projections.service.service_levels.snapshots import CaseSnapshot, read_snapshots
from crmcore.projections.service.service_levels.tables import SERVICE_CYCLES, SERVICE_WORK
from crmcore.projections.service.service_levels.timelines import Packing

NOTHING = timedelta(0)


@frozen
class Work:
    """What a named agent did: a public ``reply``, or the ``solution``."""

    agent: str
    done: str
    at: datetime


@frozen
class CaseRecord:
    """A case and what had happened to it."""

    case: CaseSnapshot
    timeline: Timeline
    owners: dict[int, str | None]
    """Who had the case when a cycle was solved."""
    work: list[Work]

    @property
    def is_spam(self) -> bool:
        """Whether it was never a customer's concern."""
        return self.timeline.spam_at is not None

    @property
    def is_request(self) -> bool:
        """Whether it counts as a request: no spam, and not the double of another case."""
        return not self.is_spam and self.timeline.withdrawn_at is None

    @property
    def opened_at(self) -> datetime:
        """When it was opened."""
        return self.timeline.cycles[0].begun_at

    @property
    def request_type(self) -> str:
        """What was requested."""
        return self.case["request_type"] or "(none)"

    @property
    def first_solved_at(self) -> datetime | None:
        """When it was solved for the first time."""
        return self.timeline.cycles[0].solved_at

    @property
    def solved_at(self) -> datetime | None:
        """When it was solved for good, so far: None while it is open (again)."""
        return self.timeline.cycle.solved_at

    @property
    def first_response_at(self) -> datetime | None:
        """When the first response was given, as the target of that name is judged."""
        return first_response(self.timeline)

    def customer_wrote_by(self, at: datetime) -> bool:
        """Whether the customer wrote again after the opening, by an instant."""
        return any(not one.by_agent and one.at <= at for one in self.timeline.messages)

    def reopened_after(self, solved_at: datetime) -> datetime | None:
        """When it was reopened after a solution, if it was."""
        begun = (cycle.begun_at for cycle in self.timeline.cycles[1:])
        return next((at for at in begun if at >= solved_at), None)

    def open_spans(self) -> Iterator[tuple[datetime, datetime | None]]:
        """From when until when it was open: not solved, merged or spam; None where it still is."""
        if self.is_spam:
            return
        for cycle in self.timeline.cycles:
            ends = [one for one in (cycle.solved_at, self.timeline.withdrawn_at) if one is not None]
            yield cycle.begun_at, min(ends, default=None)

    def was_open_before(self, at: datetime) -> bool:
        """Whether it was open right before an instant."""
        return any(
            begun < at and (ended is None or ended >= at) for begun, ended in self.open_spans()
        )

    def waited_for_customer(self, until: datetime) -> timedelta:
        """How long the case was pending by an instant."""
        waited, since = NOTHING, None
        for status in self.timeline.statuses:
            at = min(status.at, until)
            waited += NOTHING if since is None else at - since
            since = at if status.category is StatusCategory.PENDING else None
        return waited if since is None else waited + (until - since)


def read_records(connection: Connection, packing: Packing, as_of: datetime) -> Iterator[CaseRecord]:
    """Every case opened by *as_of*, with what had happened to it by then."""
    cycles, work = SERVICE_CYCLES.c, SERVICE_WORK.c
    owners: dict[str, dict[int, str | None]] = {}
    query = select(cycles.case_id, cycles.cycle, cycles.owner)
    for case_id, cycle, owner in connection.execute(query.where(cycles.solved_at.is_not(None))):
        owners.setdefault(case_id, {})[cycle] = owner
    done: dict[str, list[Work]] = {}
    worked = select(work.case_id, work.agent, work.done, work.at).where(work.at <= as_of)
    for case_id, agent, what, at in connection.execute(worked):
        done.setdefault(case_id, []).append(Work(agent, what, at))
    for case_id, case in read_snapshots(connection, packing, as_of).items():
        timeline = case.timeline
        if case.changed_at > as_of:
            timeline = timeline.until(as_of)
        yield CaseRecord(case, timeline, owners.get(case_id, {}), done.get(case_id, []))
