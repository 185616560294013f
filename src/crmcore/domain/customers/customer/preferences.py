"""What one customer prefers: how it is folded and decided, and whether a contact would be welcome."""

import functools
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, assert_never

import attrs

from crmcore.domain.customers.customer.messages.preference import (
    ContactHours,
    ContactPauseLifted,
    ContactPauseSet,
    LiftContactPause,
    Preference,
    PreferenceCommand,
    PreferenceEvent,
    PreferenceSet,
    SetContactPause,
    SetPreference,
)
from crmcore.domain.kernel import (
    Channel,
    InvalidValueError,
)
from crmcore.domain.kernel.frozen import frozen

# State


@frozen
class Pause:
    """When a channel is not to be used."""

    starts_at: datetime
    ends_at: datetime | None


@frozen(kw_only=True)
class Preferences:
    """What a customer prefers; None where nothing is known."""

    language: str | None = None
    time_zone: str | None = None
    preferred_channel: Channel | None = None
    contact_hours: tuple[ContactHours, ...] = ()
    pauses: Mapping[Channel, Pause] = attrs.field(factory=dict)


def evolve(preferences: Preferences, event: PreferenceEvent) -> Preferences:
    """The preferences after *event*."""
    match event:
        case PreferenceSet():
            nothing = Preferences()
            changes = {name: getattr(nothing, name) for name in event.cleared}
            for name in Preference:
                if (preferred := getattr(event, name)) is not None:
                    changes[name] = preferred
            return attrs.evolve(preferences, **changes)
        case ContactPauseSet():
            pause = Pause(event.starts_at, event.ends_at)
            return attrs.evolve(preferences, pauses={**preferences.pauses, event.channel: pause})
        case ContactPauseLifted():
            left = {key: one for key, one in preferences.pauses.items() if key != event.channel}
            return attrs.evolve(preferences, pauses=left)
        case _:
            assert_never(event)


# Decisions


def decide(command: PreferenceCommand, preferences: Preferences) -> Sequence[PreferenceEvent]:
    """What *command* changes; a preference that is held already is not recorded again."""
    match command:
        case SetPreference():
            return _prefer(command, preferences)
        case SetContactPause():
            return _pause(command, preferences)
        case LiftContactPause():
            if command.channel not in preferences.pauses:
                return []
            return [
                ContactPauseLifted(
                    customer_id=command.customer_id, channel=command.channel, at=command.at
                )
            ]
        case _:
            assert_never(command)


def _prefer(command: SetPreference, preferences: Preferences) -> Sequence[PreferenceEvent]:
    _require_valid(command)
    news = {name: getattr(command, name) for name in Preference}
    news = {
        name: None if given == getattr(preferences, name) else given for name, given in news.items()
    }
    nothing = Preferences()
    cleared = tuple(
        name
        for name in Preference
        if name in command.clear and getattr(preferences, name) != getattr(nothing, name)
    )
    if not cleared and all(given is None for given in news.values()):
        return []
    return [PreferenceSet(customer_id=command.customer_id, cleared=cleared, at=command.at, **news)]


def _require_valid(command: SetPreference) -> None:
    for name in command.clear:
        if getattr(command, name) is not None:
            raise InvalidValueError("clear", name.value, f"either {name} or its clearing, not both")
    if command.language is not None and not _LANGUAGE.fullmatch(command.language):
        raise InvalidValueError("language", command.language, "a BCP 47 tag such as en or pt-BR")
    if command.time_zone is not None and command.time_zone not in _time_zones():
        raise InvalidValueError("time_zone", command.time_zone, "an IANA name such as Europe/Paris")
    for hours in command.contact_hours or ():
        if hours.from_minute >= hours.to_minute:
            raise InvalidValueError("contact_hours", hours, "an end later than the beginning")


def _pause(command: SetContactPause, preferences: Preferences) -> Sequence[PreferenceEvent]:
    starts_at = command.starts_at or command.at
    if command.ends_at is not None and command.ends_at <= starts_at:
        raise InvalidValueError("ends_at", command.ends_at, "an instant after the pause begins")
    if preferences.pauses.get(command.channel) == Pause(starts_at, command.ends_at):
        return []
    return [
        ContactPauseSet(
            customer_id=command.customer_id,
            channel=command.channel,
            starts_at=starts_at,
            ends_at=command.ends_at,
            at=command.at,
        )
    ]


_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@functools.cache
def _time_zones() -> frozenset[str]:
    """The names of the time zone database; not what a machine calls its own zone."""
    return frozenset(zoneinfo.available_timezones()) - {"localtime", "Factory"}


def reason_to_defer(preferences: Preferences, channel: Channel, at: datetime) -> str | None:
    """Why a contact by *channel* at the instant *at* would be unwelcome; None when it is not.

    The pause of the channel comes first, then the hours, read in the customer's zone (UTC where
    none is known).  No hours at all mean any hour.
    """
    pause = preferences.pauses.get(channel)
    if pause and pause.starts_at <= at and (pause.ends_at is None or at < pause.ends_at):
        return f"{channel} is paused until {pause.ends_at or 'it is lifted'}"
    local = at.astimezone(
        zoneinfo.ZoneInfo(preferences.time_zone) if preferences.time_zone else UTC
    )
    minute = local.hour * 60 + local.minute
    for hours in preferences.contact_hours:
        if hours.weekday == local.isoweekday() and hours.from_minute <= minute < hours.to_minute:
            return None
    return "outside the hours of contact" if preferences.contact_hours else None
