"""A change of some service levels that leaves the others as they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from crmcore.domain.kernel import InvalidValueError, command, value
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels.checks import twice_in
from crmcore.domain.service.levels.policy import Condition, ServiceLevelPolicy, ServiceTarget
from crmcore.domain.service.terms import Label, Remark

__all__ = ["ReviseServiceLevels", "RevisedTarget", "Terms", "require_known", "revised"]

Terms = tuple[tuple[ServiceLevelPolicy, ...], tuple[BusinessCalendar, ...]]
"""The policies of a version, in order, and its calendars."""


@value
class RevisedTarget:
    """What the policy of that name owes from now on instead of its target of the same kind."""

    policy: Label
    target: ServiceTarget


@command
class ReviseServiceLevels:
    """Change some of the service levels in force, and leave the others as they are.

    Policies and calendars take the place of those of their name, ``targets`` that of their kind in
    a policy; what is new is added: policies last, or ``before`` another.  What comes of it is
    a version of its own, as one that was defined.
    """

    TOPIC: ClassVar[str] = "revise-service-levels"
    version: Label
    policies: tuple[ServiceLevelPolicy, ...] = ()
    before: Label | None = None
    targets: tuple[RevisedTarget, ...] = ()
    dropped: tuple[Label, ...] = ()
    calendars: tuple[BusinessCalendar, ...] = ()
    reason: Remark | None = None
    holds_from: datetime | None = None
    at: datetime


def require_known(command: ReviseServiceLevels, policies: Sequence[ServiceLevelPolicy]) -> None:
    """Refuse (``InvalidValueError``) names that *policies* do not have, or a place for new ones where
    none of them would ever hold.
    """
    for field, given in (("policies", command.policies), ("calendars", command.calendars)):
        if twice := twice_in(one.name for one in given):
            raise InvalidValueError(field, twice, "each name once")
    names = [policy.name for policy in policies]
    named = [(f"dropped[{n}]", name) for n, name in enumerate(command.dropped)]
    named += [(f"targets[{n}].policy", one.policy) for n, one in enumerate(command.targets)]
    if command.before is not None:
        named.append(("before", command.before))
    for field, name in named:
        if name not in names:
            raise InvalidValueError(field, name, f"one of {', '.join(names) or 'no policies'}")
    added = [policy.name for policy in command.policies if policy.name not in names]
    if added and command.before is None and policies and policies[-1].when == Condition():
        last = policies[-1].name
        expected = f"the policy before which {added[0]} comes, because {last} holds for every case"
        raise InvalidValueError("before", None, expected)


def revised(
    command: ReviseServiceLevels,
    policies: Sequence[ServiceLevelPolicy],
    calendars: Sequence[BusinessCalendar],
) -> Terms:
    """What *policies* and *calendars* become; the same again if that is done already."""
    given = {policy.name: policy for policy in command.policies}
    kept = [given.get(policy.name, policy) for policy in policies]
    names = [policy.name for policy in kept]
    place = names.index(command.before) if command.before in names else len(kept)
    kept[place:place] = [one for one in command.policies if one.name not in names]
    for one in command.targets:
        kept = [_owing(policy, one) for policy in kept]
    known = {calendar.name for calendar in calendars}
    by_name = {one.name: one for one in command.calendars}
    return (
        tuple(policy for policy in kept if policy.name not in command.dropped),
        (
            *(by_name.get(one.name, one) for one in calendars),
            *(one for one in command.calendars if one.name not in known),
        ),
    )


def _owing(policy: ServiceLevelPolicy, change: RevisedTarget) -> ServiceLevelPolicy:
    if policy.name != change.policy:
        return policy
    target = change.target
    kinds = [one.kind for one in policy.targets]
    targets = [target if one.kind is target.kind else one for one in policy.targets]
    added = [] if target.kind in kinds else [target]
    return ServiceLevelPolicy(name=policy.name, when=policy.when, targets=(*targets, *added))
