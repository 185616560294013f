"""Command service for cases: what a decision needs to know beyond the one case."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.customers import require_customer
from crmcore.application.references import require
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.kernel import Aggregate
from crmcore.domain.service import case_number
from crmcore.domain.service.case import (
    AGGREGATE,
    STANDARD_POLICY,
    AddCaseNote,
    AssignCase,
    CaseCommand,
    CaseEvent,
    CasePolicy,
    ClassifyCase,
    CloseCase,
    Facts,
    HoldCase,
    IdentifyCaseCustomer,
    MarkCaseSpam,
    MergeCase,
    Merged,
    ObserveServiceLevels,
    OpenCase,
    PendCase,
    PrioritiseCase,
    QueueCase,
    ReapplyServiceLevels,
    ReopenCase,
    ReplyToCase,
    ResumeCase,
    SolveCase,
    StartCase,
    State,
    TransferCase,
    Unopened,
    carried_over,
    decide,
    merge,
    owed_from,
)
from crmcore.domain.service.levels import DefineServiceLevels, ReviseServiceLevels, book

__all__ = ["AGGREGATES", "CaseService", "case_exists"]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (
    AGGREGATE,
    case_number.AGGREGATE,
    book.AGGREGATE,
)

ON_ONE_CASE: Final = (
    AssignCase,
    StartCase,
    PendCase,
    HoldCase,
    ResumeCase,
    SolveCase,
    CloseCase,
    MarkCaseSpam,
    ObserveServiceLevels,
)
BY_THE_BOOK: Final = (
    ClassifyCase,
    PrioritiseCase,
    QueueCase,
    TransferCase,
    ReopenCase,
    ReapplyServiceLevels,
)
"""The commands after which another service level policy may hold."""


@attrs.frozen
class CaseService:
    """Handle the commands on cases by one policy: priority matrix, reopen window, service levels.

    The service levels of the policy hold until some are defined (``DefineServiceLevels``) or revised.
    """

    policy: CasePolicy = STANDARD_POLICY

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Which handler carries out which command."""
        alone = on_one_stream(
            AGGREGATE,
            lambda command, state: decide(command, state, self.policy),
            lambda command: command.case_id,
        )
        defined = on_one_stream(
            book.AGGREGATE,
            lambda command, state: book.decide(command, state, self.policy.service_levels),
            lambda _: book.BOOK_ID,
        )
        return {
            DefineServiceLevels: defined,
            ReviseServiceLevels: defined,
            OpenCase: self.open,
            IdentifyCaseCustomer: self.identify,
            ReplyToCase: self.reply,
            AddCaseNote: self.add_note,
            MergeCase: self.merge,
            **dict.fromkeys(ON_ONE_CASE, alone),
            **dict.fromkeys(BY_THE_BOOK, self.change),
        }

    def open(self, command: OpenCase, work: Work) -> None:
        """Open a case of an active customer, by a number that no other has.

        A case that it follows must exist.
        """
        events = self._decide(command, work.state(AGGREGATE, command.case_id), work)
        if not events:
            return
        if command.customer_id is not None:
            require_customer(work, command.customer_id)
        require(case_exists, work, "case", command.follows)
        work.record(AGGREGATE, command.case_id, events)
        if command.number is not None:
            key, number = case_number.case_number_id(command.number), case_number.AGGREGATE
            state = work.state(number, key)
            claimed = case_number.claim(command.number, command.case_id, command.at, state)
            work.record(number, key, claimed)

    def change(self, command: CaseCommand, work: Work) -> None:
        """Change a case, and with it perhaps what is owed to it."""
        events = self._decide(command, work.state(AGGREGATE, command.case_id), work)
        if events:
            work.record(AGGREGATE, command.case_id, events)

    def identify(self, command: IdentifyCaseCustomer, work: Work) -> None:
        """Say whose case it is, if that is an active customer."""
        events = self._decide(command, work.state(AGGREGATE, command.case_id), work)
        if events:
            require_customer(work, command.customer_id)
            work.record(AGGREGATE, command.case_id, events)

    def reply(self, command: ReplyToCase, work: Work) -> None:
        """Record a message where the work went on when it was written: on the case itself, or on
        what that was merged into.

        A message that was recorded on any of the cases that go on as one is not recorded again.
        """
        living, _ = _living(command.case_id, work)
        if any(command.message_id in one.messages for one in _gone_into(living, work)):
            return
        state = work.state(AGGREGATE, command.case_id)
        while isinstance(state, Merged) and command.at >= state.since:
            state = work.state(AGGREGATE, state.into)
        events = self._decide(command, state, work)
        if events:
            work.record(AGGREGATE, events[0].case_id, events)
            self._carry_over(events[0].case_id, command, work)

    def add_note(self, command: AddCaseNote, work: Work) -> None:
        """Write a remark on the case itself, unless one of those that go on as one has it."""
        living, _ = _living(command.case_id, work)
        if not any(command.note_id in one.notes for one in _gone_into(living, work)):
            self.change(command, work)

    def _carry_over(self, case_id: UUID, command: ReplyToCase, work: Work) -> None:
        """Tell the case that *case_id* was merged into, if it was, what a late message changes."""
        while isinstance(source := work.state(AGGREGATE, case_id), Merged):
            case_id = source.into
            target = work.state(AGGREGATE, case_id)
            events = carried_over(source, target, self._policy(command, target, work))
            work.record(AGGREGATE, case_id, events)

    def merge(self, command: MergeCase, work: Work) -> None:
        """Go on with a case in another one, or in what that one was merged into."""
        target_id, target = _living(command.into_case_id, work)
        source, policy = work.state(AGGREGATE, command.case_id), self._policy(command, target, work)
        merged = merge(command, source, target_id, target, policy)
        if merged.source:
            work.record(AGGREGATE, command.case_id, merged.source)
            work.record(AGGREGATE, target_id, merged.target)

    def _decide(self, command: CaseCommand, state: State, work: Work) -> list[CaseEvent]:
        return list(decide(command, state, self._policy(command, state, work)))

    def _policy(self, command: CaseCommand | MergeCase, state: State, work: Work) -> CasePolicy:
        """The policy, with the service levels in force when what the command changes would hold."""
        versions = work.state(book.AGGREGATE, book.BOOK_ID)
        in_force = versions.in_force(owed_from(state, command.at))
        return (
            self.policy if in_force is None else attrs.evolve(self.policy, service_levels=in_force)
        )


def case_exists(work: Work, case_id: UUID) -> bool:
    """Whether a case was ever opened under this identity."""
    return not isinstance(work.state(AGGREGATE, case_id), Unopened)


def _living(case_id: UUID, work: Work) -> tuple[UUID, State]:
    """The case that *case_id* was finally merged into: itself if it never was."""
    state = work.state(AGGREGATE, case_id)
    while isinstance(state, Merged):
        case_id = state.into
        state = work.state(AGGREGATE, case_id)
    return case_id, state


def _gone_into(case_id: UUID, work: Work) -> Iterator[Facts]:
    """What is known of a case, and of all that were merged into it."""
    state = work.state(AGGREGATE, case_id)
    if not isinstance(state, Unopened):
        yield state.facts
        for source in state.facts.absorbed:
            yield from _gone_into(source, work)
