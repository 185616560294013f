"""The decision to go on with one case in another, taken on both.

Merged is final and a merge always points at a case that lives on, so the pointers can
never run in a circle.
"""

from collections.abc import Sequence
from uuid import UUID

import attrs

from crmcore.domain.kernel import NotFoundError
from crmcore.domain.service.case.commands import MergeCase
from crmcore.domain.service.case.events import (
    CaseAbsorbed,
    CaseCustomerIdentified,
    CaseEvent,
    CaseMerged,
)
from crmcore.domain.service.case.owing import owed
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseOutOfOrderError,
    MergeAcrossCustomersError,
    MergeCycleError,
    in_order,
    not_ended,
)
from crmcore.domain.service.case.state import Merged, Opened, State, Unopened, evolve


@attrs.frozen
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
) -> Merge:
    """Go on with *source* in *target*: where ``into_case_id`` leads to, its own merges followed.

    A target whose customer is unknown takes on the source's, and what *policy* owes to them.

    Raises:
        NotFoundError: one of the two was never opened.
        MergeCycleError: the case would be merged into itself.
        MergeAcrossCustomersError: they are of different customers, and it was not forced.
        NotAllowedError: one of the two has ended.
    """
    if isinstance(source, Unopened):
        raise NotFoundError("case", command.case_id)
    if isinstance(target, Unopened):
        raise NotFoundError("case", command.into_case_id)
    if isinstance(source, Merged) and source.into in (command.into_case_id, target_id):
        return Merge()
    not_ended(command.case_id, source)
    if target_id == command.case_id:
        raise MergeCycleError(command.case_id, command.into_case_id)
    not_ended(target_id, target)
    in_order(command, source)
    if command.at < target.facts.opening.at:
        raise CaseOutOfOrderError(command, target.facts.opening.at, "to go on in a case opened")
    ours, theirs = source.facts.customer_id, target.facts.customer_id
    if ours and theirs and ours != theirs and not command.forced:
        raise MergeAcrossCustomersError(command.case_id, target_id)
    if theirs is None and ours is not None:
        known = CaseCustomerIdentified(case_id=target_id, customer_id=ours, at=command.at)
        return _recorded(command, target_id, [known, *_owed_to(target, known, policy)])
    return _recorded(command, target_id, [])


def _owed_to(
    target: Opened, known: CaseCustomerIdentified, policy: CasePolicy
) -> Sequence[CaseEvent]:
    """What its customer changes in what is owed to the target."""
    return owed(evolve(target, known), [known], known.at, policy.service_levels)


def _recorded(command: MergeCase, target_id: UUID, adopted: Sequence[CaseEvent]) -> Merge:
    merged = CaseMerged(
        case_id=command.case_id,
        into_case_id=target_id,
        forced=command.forced,
        reason=command.reason,
        at=command.at,
    )
    absorbed = CaseAbsorbed(case_id=target_id, source_case_id=command.case_id, at=command.at)
    return Merge([merged], [*adopted, absorbed])
