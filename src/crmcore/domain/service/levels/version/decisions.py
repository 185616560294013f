"""Which version of the service levels a command adds, or why it is refused."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, get_args

from crmcore.domain.kernel import Aggregate, InvalidValueError, NotAllowedError, nobody
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels.policy import Condition, ServiceLevelPolicy
from crmcore.domain.service.levels.version.checks import duplicate_in, require_consistent
from crmcore.domain.service.levels.version.messages import (
    Command,
    RevisedTarget,
    ReviseServiceLevels,
    ServiceLevelsDefined,
)
from crmcore.domain.service.levels.version.state import (
    SERVICE_LEVELS_ID,
    STANDARD_VERSION,
    ServiceLevelVersion,
    ServiceLevelVersions,
    evolve,
)

Terms = tuple[tuple[ServiceLevelPolicy, ...], tuple[BusinessCalendar, ...]]
"""The policies of a version, in order, and its calendars."""


class VersionInUseError(NotAllowedError):
    """The name of a version means one thing for ever, from one instant on."""

    def __init__(self, known: ServiceLevelVersion) -> None:
        super().__init__(
            f"the version {known.version!r} of the service levels is defined already, from"
            f" {known.at.isoformat()} on; give what is new a version of its own"
        )
        self.repeats_at = known.at


class LaterVersionError(NotAllowedError):
    """A version defined as of before another one was would rewrite what was in force."""

    def __init__(self, at: datetime, latest: datetime) -> None:
        super().__init__(
            f"service levels defined at {at.isoformat()}: the last ones were at"
            f" {latest.isoformat()}, and new ones come after them"
        )


def decide(
    command: Command,
    state: ServiceLevelVersions,
    initial: ServiceLevelVersion = STANDARD_VERSION,
) -> Sequence[ServiceLevelsDefined]:
    """The version that the command adds; one that holds then already, or is to, adds nothing.

    A revision is of what is in force when it begins to hold: of *initial* before the first version.
    Raises ``InvalidValueError`` where policies and calendars do not fit together or would hold
    from before ``at`` on, ``NotAllowedError`` where the version's name is taken or others were
    defined later.
    """
    begins = command.holds_from or command.at
    known = next((one for one in state.versions if one.version == command.version), None)
    if known is not None:
        same = (known.policies, known.calendars) == _terms(command, known)
        if same and (known.at == begins or known is state.in_force(command.at)):
            return []
        raise VersionInUseError(known)
    if begins < command.at:
        expected = f"an instant from {command.at.isoformat()} on, when it is defined"
        raise InvalidValueError("holds_from", command.holds_from, expected)
    before = state.in_force(begins) or initial
    if isinstance(command, ReviseServiceLevels):
        _require_known(command, before.policies)
    policies, calendars = _terms(command, before)
    require_consistent(policies, calendars, begins)
    if state.defined_at is not None and command.at <= state.defined_at:
        raise LaterVersionError(command.at, state.defined_at)
    return [
        ServiceLevelsDefined(
            book_id=SERVICE_LEVELS_ID,
            version=command.version,
            policies=policies,
            calendars=calendars,
            reason=command.reason,
            holds_from=command.holds_from,
            at=command.at,
        )
    ]


def _terms(command: Command, before: ServiceLevelVersion) -> Terms:
    if isinstance(command, ReviseServiceLevels):
        return _revise(command, before.policies, before.calendars)
    return command.policies, command.calendars


def _require_known(command: ReviseServiceLevels, policies: Sequence[ServiceLevelPolicy]) -> None:
    """Refuse (``InvalidValueError``) names that *policies* do not have, or a place for new ones where
    none of them would ever hold.
    """
    for field, given in (("policies", command.policies), ("calendars", command.calendars)):
        if twice := duplicate_in(one.name for one in given):
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


def _revise(
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
        kept = [_with_target(policy, one) for policy in kept]
    known = {calendar.name for calendar in calendars}
    by_name = {one.name: one for one in command.calendars}
    return (
        tuple(policy for policy in kept if policy.name not in command.dropped),
        (
            *(by_name.get(one.name, one) for one in calendars),
            *(one for one in command.calendars if one.name not in known),
        ),
    )


def _with_target(policy: ServiceLevelPolicy, change: RevisedTarget) -> ServiceLevelPolicy:
    if policy.name != change.policy:
        return policy
    target = change.target
    kinds = [one.kind for one in policy.targets]
    targets = [target if one.kind is target.kind else one for one in policy.targets]
    added = [] if target.kind in kinds else [target]
    return ServiceLevelPolicy(name=policy.name, when=policy.when, targets=(*targets, *added))


AGGREGATE: Final[Aggregate[ServiceLevelVersions, ServiceLevelsDefined]] = Aggregate(
    kind="service levels",
    initial=ServiceLevelVersions(),
    evolve=evolve,
    events=(ServiceLevelsDefined,),
    subject=nobody,
    commands=get_args(Command),
    stream_id=lambda _command: SERVICE_LEVELS_ID,
)
