"""Command service for cases: what a decision needs to know beyond the one case."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import attrs

from crmcore.application.customers.public import Customers
from crmcore.application.service.public import Cases
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service import case_number
from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.decisions.merging import carry_over, merge
from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.messages.conversation import AddCaseNote, ReplyToCase
from crmcore.domain.service.case.messages.merging import MergeCase
from crmcore.domain.service.case.messages.opening import IdentifyCaseCustomer, OpenCase
from crmcore.domain.service.case.messages.unions import CaseEvent, SingleCaseCommand
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.case.state import Merged, State, Unopened
from crmcore.domain.service.levels.version import decisions as service_levels
from crmcore.domain.service.levels.version.state import SERVICE_LEVELS_ID, InForce


@frozen
class CaseService:
    """Handle the commands on cases by one policy: priority matrix, reopen window, service levels.

    The service levels of the policy hold until some are defined (``DefineServiceLevels``) or revised.
    """

    policy: CasePolicy = STANDARD_POLICY
    customers: Customers = attrs.field(factory=Customers)
    cases: Cases = attrs.field(factory=Cases)

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Which handler carries out which command."""
        define = on_one_stream(
            service_levels.AGGREGATE,
            lambda command, state: service_levels.decide(
                command, state, self.policy.service_levels
            ),
            lambda _command: SERVICE_LEVELS_ID,
        )
        return {
            **dict.fromkeys(service_levels.AGGREGATE.commands, define),
            **dict.fromkeys(AGGREGATE.commands, self.change),
            OpenCase: self.open,
            IdentifyCaseCustomer: self.identify,
            ReplyToCase: self.reply,
            AddCaseNote: self.add_note,
            MergeCase: self.merge,
        }

    def open(self, command: OpenCase, work: Work) -> None:
        """Open a case of an active customer, by a number that no other has.

        A case that it follows must exist.
        """
        events = self._decide(command, work.state(AGGREGATE, command.case_id), work)
        if not events:
            return
        if command.customer_id is not None:
            self.customers.require(work, command.customer_id)
        self.cases.require(work, command.follows)
        work.record(AGGREGATE, command.case_id, events)
        if command.number is not None:
            key, number = case_number.case_number_id(command.number), case_number.AGGREGATE
            state = work.state(number, key)
            claimed = case_number.claim(command.number, command.case_id, command.at, state)
            work.record(number, key, claimed)

    def change(self, command: SingleCaseCommand, work: Work) -> None:
        """Change a case, and with it perhaps the service level policy that holds for it."""
        events = self._decide(command, work.state(AGGREGATE, command.case_id), work)
        if events:
            work.record(AGGREGATE, command.case_id, events)

    def identify(self, command: IdentifyCaseCustomer, work: Work) -> None:
        """Say whose case it is, if that is an active customer."""
        events = self._decide(command, work.state(AGGREGATE, command.case_id), work)
        if events:
            self.customers.require(work, command.customer_id)
            work.record(AGGREGATE, command.case_id, events)

    def reply(self, command: ReplyToCase, work: Work) -> None:
        """Record a message where the work went on when it was written: on the case itself, or on
        what that was merged into.

        A message that was recorded on any of the cases that go on as one is not recorded again.
        """
        living, _ = _living(command.case_id, work)
        if any(command.message_id in one.messages for one in _merged_cases(living, work)):
            return
        state = work.state(AGGREGATE, command.case_id)
        while isinstance(state, Merged) and command.at >= state.since:
            state = work.state(AGGREGATE, state.into)
        events = self._decide(command, state, work)
        if events:
            work.record(AGGREGATE, events[0].case_id, events)
            self._carry_over(events[0].case_id, work)

    def add_note(self, command: AddCaseNote, work: Work) -> None:
        """Write a remark on the case itself, unless one of those that go on as one has it."""
        living, _ = _living(command.case_id, work)
        if not any(command.note_id in one.notes for one in _merged_cases(living, work)):
            self.change(command, work)

    def _carry_over(self, case_id: UUID, work: Work) -> None:
        """Change the case that *case_id* was merged into, if it was, as a late message requires."""
        while isinstance(source := work.state(AGGREGATE, case_id), Merged):
            case_id = source.into
            target = work.state(AGGREGATE, case_id)
            events = carry_over(source, target, self.policy, _in_force(work))
            work.record(AGGREGATE, case_id, events)

    def merge(self, command: MergeCase, work: Work) -> None:
        """Go on with a case in another one, or in what that one was merged into."""
        target_id, target = _living(command.into_case_id, work)
        source = work.state(AGGREGATE, command.case_id)
        merged = merge(command, source, target_id, target, self.policy, _in_force(work))
        if merged.source:
            work.record(AGGREGATE, command.case_id, merged.source)
            work.record(AGGREGATE, target_id, merged.target)

    def _decide(self, command: SingleCaseCommand, state: State, work: Work) -> Sequence[CaseEvent]:
        return decide(command, state, self.policy, _in_force(work))


def _in_force(work: Work) -> InForce:
    return lambda at: work.state(service_levels.AGGREGATE, SERVICE_LEVELS_ID).in_force(at)


def _living(case_id: UUID, work: Work) -> tuple[UUID, State]:
    """The case that *case_id* was finally merged into: itself if it never was."""
    state = work.state(AGGREGATE, case_id)
    while isinstance(state, Merged):
        case_id = state.into
        state = work.state(AGGREGATE, case_id)
    return case_id, state


def _merged_cases(case_id: UUID, work: Work) -> Iterator[Facts]:
    """What is known of a case, and of all that were merged into it."""
    state = work.state(AGGREGATE, case_id)
    if not isinstance(state, Unopened):
        yield state.facts
        for source in state.facts.absorbed:
            yield from _merged_cases(source, work)
