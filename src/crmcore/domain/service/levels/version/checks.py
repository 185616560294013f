"""Whether policies and calendars fit together: asked when they are defined, never afterwards."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from crmcore.domain.kernel import InvalidValueError, NoWorkingTimeError
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels.allowance import due
from crmcore.domain.service.levels.policy import (
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
    WarningLevel,
)

LONGEST_TARGET = timedelta(days=3_660)


def require_consistent(
    policies: Sequence[ServiceLevelPolicy],
    calendars: Sequence[BusinessCalendar],
    since: datetime,
) -> None:
    """Raise ``InvalidValueError`` where policies and calendars do not fit from *since* on."""
    by_name = {calendar.name: calendar for calendar in calendars}
    if twice := duplicate_in(calendar.name for calendar in calendars):
        raise InvalidValueError("calendars", twice, "each name once")
    if twice := duplicate_in(policy.name for policy in policies):
        raise InvalidValueError("policies", twice, "each name once")
    for number, policy in enumerate(policies):
        if twice := duplicate_in(target.kind.value for target in policy.targets):
            expected = "at most one target of each kind"
            raise InvalidValueError(f"policies[{number}].targets", twice, expected)
        for target in policy.targets:
            where = f"policies[{number}].targets[{target.kind}]"
            _require_creation_allowed(where, target)
            _require_reachable(where, target, by_name, since)
            _require_warning_levels(f"{where}.warnings", target.warnings)


def _require_creation_allowed(where: str, target: ServiceTarget) -> None:
    if target.from_creation and target.kind is not TargetKind.PERIODIC_UPDATE:
        raise InvalidValueError(
            f"{where}.from_creation", True, "false: only a periodic update counts from the opening"
        )


def _require_reachable(
    where: str, target: ServiceTarget, calendars: Mapping[str, BusinessCalendar], since: datetime
) -> None:
    """A target that its calendar never reaches would be neither met nor breached."""
    if target.within is not None and not timedelta(0) <= target.within <= LONGEST_TARGET:
        raise InvalidValueError(
            f"{where}.within", target.within, f"a duration from 0 to {LONGEST_TARGET.days} days"
        )
    if target.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none is given"
        raise InvalidValueError(
            f"{where}.calendar", target.calendar, f"one of the calendars given: {known}"
        )
    try:
        due(target, calendars[target.calendar], since)
    except NoWorkingTimeError as beyond:
        expected = f"less than {target.calendar} has of working time in ten years"
        field, given = target.allowed
        raise InvalidValueError(f"{where}.{field}", given, expected) from beyond


def _require_warning_levels(where: str, warnings: Sequence[WarningLevel]) -> None:
    for number, level in enumerate(warnings):
        if (level.percent is None) == (level.remaining is None):
            given = "neither" if level.percent is None else "both"
            raise InvalidValueError(f"{where}[{number}]", given, "either percent or remaining")
        if level.remaining is not None and level.remaining < timedelta(0):
            raise InvalidValueError(
                f"{where}[{number}].remaining", level.remaining, "a duration from 0 on"
            )
    if twice := duplicate_in(level.name for level in warnings):
        raise InvalidValueError(where, twice, "levels that differ")


def duplicate_in(names: Iterable[str]) -> str | None:
    """The first of *names* that was there before."""
    seen = set[str]()
    for name in names:
        if name in seen:
            return f"{name} twice"
        seen.add(name)
    return None
