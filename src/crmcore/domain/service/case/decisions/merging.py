"""The decision to go on with one case in another, taken on both.

Merged is final and a merge always points at a case that lives on, so the pointers can
never run in a circle.  What was open on the source is open on the target from then on: its
work, and the question that its customer waits with.
"""

from collections.abc import Sequence
from uuid import UUID

from crmcore.domain.kernel import NotFoundError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.decisions.life_cycle import WAITING, reopen
from crmcore.domain.service.case.decisions.service_levels import assign_after
from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.messages.life_cycle import CaseResumed
from crmcore.domain.service.case.messages.merging import (
    CaseAbsorbed,
    CaseMerged,
    CaseQuestionInherited,
    MergeCase,
)
from crmcore.domain.service.case.messages.opening import CaseCustomerIdentified
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseOutOfOrderError,
    MergeAcrossCustomersError,
    MergeCycleError,
    require_in_order,
    require_not_ended,
)
from crmcore.domain.service.case.state import Closed, Merged, Opened, Spam, State, Unopened, evolve
from crmcore.domain.service.levels.spans import waiting_since
from crmcore.domain.service.levels.version.state import InForce, none_in_force
from crmcore.domain.service.terms import StatusCategory

OPEN_CASE_JOINED = "an open case was merged into it"


@frozen
class Merge:
    """What a merge records on the source and on the target; nothing if it was done before."""

    source: Sequence[CaseEvent] = ()
    target: Sequence[CaseEvent] = ()


def merge(
    command: MergeCase,
    source: State,
    target_id: UUID,
    target: State,
    policy: CasePolicy = STANDARD_POLICY,
    in_force: InForce = none_in_force,
) -> Merge:
    """Go on with *source* in *target*: where ``into_case_id`` leads to, its own merges followed.

    A target whose customer is unknown takes on the source's, and the service levels for them.
    One that is solved, or that waits, is taken up again where somebody has to do something about
    the source.

    Raises:
        NotFoundError: one of the two was never opened.
        MergeCycleError: the case would be merged into itself.
        MergeAcrossCustomersError: they are of different customers, and it was not forced.
        ReopenWindowPassedError: the source is open, and the target was solved too long ago.
        NotAllowedError: one of the two has ended.
    """
    if isinstance(source, Unopened):
        raise NotFoundError("case", command.case_id)
    if isinstance(target, Unopened):
        raise NotFoundError("case", command.into_case_id)
    if isinstance(source, Merged) and source.into in (command.into_case_id, target_id):
        return Merge()
    require_not_ended(command.case_id, source)
    if target_id == command.case_id:
        raise MergeCycleError(command.case_id, command.into_case_id)
    require_not_ended(target_id, target)
    require_in_order(command, source)
    if command.at < target.facts.opening.at:
        raise CaseOutOfOrderError(command, target.facts.opening.at, "to go on in a case opened")
    ours, theirs = source.facts.customer_id, target.facts.customer_id
    if ours and theirs and ours != theirs and not command.forced:
        raise MergeAcrossCustomersError(command.case_id, target_id)
    merged = CaseMerged(
        case_id=command.case_id,
        into_case_id=target_id,
        forced=command.forced,
        reason=command.reason,
        at=command.at,
    )
    absorbed = CaseAbsorbed(case_id=target_id, source_case_id=command.case_id, at=command.at)
    known: list[CaseEvent] = []
    if theirs is None and ours is not None:
        known.append(CaseCustomerIdentified(case_id=target_id, customer_id=ours, at=command.at))
    ended = evolve(source, merged)
    assert isinstance(ended, Merged), "a case that was merged is"
    return Merge([merged], [*_join(ended, target, known, policy, in_force), absorbed])


def carry_over(
    source: Merged,
    target: State,
    policy: CasePolicy = STANDARD_POLICY,
    in_force: InForce = none_in_force,
) -> Sequence[CaseEvent]:
    """What changes for the target, into which *source* was merged, with what is known of that now."""
    if isinstance(target, Closed | Spam | Unopened):
        return []
    return _join(source, target, [], policy, in_force)


def _join(
    source: Merged,
    target: Opened,
    known: Sequence[CaseEvent],
    policy: CasePolicy,
    in_force: InForce,
) -> Sequence[CaseEvent]:
    """*known*, and what is open on the source: its work and the question that its customer waits with."""
    events = [*known, *_take_up(source, target.facts, policy)]
    after: State = target
    for event in events:
        after = evolve(after, event)
    return [
        *events,
        *assign_after(target, after, source.since, policy, in_force),
        *_inherit(source, target.facts),
    ]


def _take_up(source: Merged, target: Facts, policy: CasePolicy) -> Sequence[CaseEvent]:
    """The end of a rest: a solved target is reopened by a source that is not solved, one that
    waits is resumed by one that does not wait."""
    (*_, left, _) = source.facts.timeline.statuses
    found = target.timeline.category_at(source.since)
    if found is StatusCategory.SOLVED and left.category is not StatusCategory.SOLVED:
        return reopen(target, source.since, OPEN_CASE_JOINED, None, policy)
    if found in WAITING and left.category not in (*WAITING, StatusCategory.SOLVED):
        return [CaseResumed(case_id=target.case_id, message_id=None, at=source.since)]
    return []


def _inherit(source: Merged, target: Facts) -> Sequence[CaseEvent]:
    asked_at = waiting_since(source.facts.timeline.until(source.since))
    before = (one for one in target.timeline.joined if one.source == source.facts.case_id)
    if asked_at == next((one.asked_at for one in before), None):
        return []
    return [
        CaseQuestionInherited(
            case_id=target.case_id,
            source_case_id=source.facts.case_id,
            asked_at=asked_at,
            at=source.since,
        )
    ]
