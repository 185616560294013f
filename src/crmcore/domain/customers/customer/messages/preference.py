"""Preferences: in which language, by which channel, at what hours, and when not at all.

Hours are wall time in the customer's zone; all windows are half-open.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Between,
    Channel,
    Length,
    Personal,
    command,
    event,
    value,
)

__all__ = [
    "ContactHours",
    "ContactPauseLifted",
    "ContactPauseSet",
    "LiftContactPause",
    "Preference",
    "PreferenceSet",
    "SetContactPause",
    "SetPreference",
]


class Preference(StrEnum):
    """What can be cleared again."""

    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    PREFERRED_CHANNEL = "preferred_channel"
    CONTACT_HOURS = "contact_hours"


@value
class ContactHours:
    """Hours of one weekday (1 = Monday to 7 = Sunday), in minutes of the day, end excluded."""

    weekday: Annotated[int, Between(1, 7)]
    from_minute: Annotated[int, Between(0, 1439)]
    to_minute: Annotated[int, Between(1, 1440)]


# Events


@event
class PreferenceSet:
    """The customer prefers it so from now on; what is None stays, what is in ``cleared`` goes."""

    TOPIC: ClassVar[str] = "preference-set"
    SENTENCE: ClassVar[str] = (
        "prefers[ language {language}][ time zone {time_zone}]"
        "[ contact by {preferred_channel:words}][ other hours{contact_hours:if}]"
        "[ no longer: {cleared:list}]"
    )
    customer_id: UUID
    language: Annotated[str, Personal()] | None
    time_zone: Annotated[str, Personal()] | None
    preferred_channel: Channel | None
    contact_hours: tuple[ContactHours, ...] | None
    cleared: tuple[Preference, ...]
    at: datetime


@event
class ContactPauseSet:
    """Nobody is to use this channel from ``starts_at`` until ``ends_at`` (None: until lifted)."""

    TOPIC: ClassVar[str] = "contact-pause-set"
    SENTENCE: ClassVar[str] = "no contact by {channel:words} from {starts_at}[ until {ends_at}]"
    customer_id: UUID
    channel: Channel
    starts_at: datetime
    ends_at: datetime | None
    at: datetime


@event
class ContactPauseLifted:
    """The channel may be used again."""

    TOPIC: ClassVar[str] = "contact-pause-lifted"
    SENTENCE: ClassVar[str] = "contact by {channel:words} is possible again"
    customer_id: UUID
    channel: Channel
    at: datetime


PreferenceEvent = PreferenceSet | ContactPauseSet | ContactPauseLifted

# Commands


@command
class SetPreference:
    """Note what the customer prefers; what is left out stays as it is, ``clear`` forgets it.

    ``language`` is a BCP 47 tag (pt-BR), ``time_zone`` an IANA name (America/Sao_Paulo).
    """

    TOPIC: ClassVar[str] = "set-preference"
    customer_id: UUID
    at: datetime
    language: Annotated[str, Length(35), Personal()] | None = None
    time_zone: Annotated[str, Length(60), Personal()] | None = None
    preferred_channel: Channel | None = None
    contact_hours: tuple[ContactHours, ...] | None = None
    clear: tuple[Preference, ...] = ()


@command
class SetContactPause:
    """Leave the customer in peace on a channel for a while; replaces the channel's former pause."""

    TOPIC: ClassVar[str] = "set-contact-pause"
    customer_id: UUID
    channel: Channel
    at: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@command
class LiftContactPause:
    """End the pause of a channel."""

    TOPIC: ClassVar[str] = "lift-contact-pause"
    customer_id: UUID
    channel: Channel
    at: datetime


PreferenceCommand = SetPreference | SetContactPause | LiftContactPause
