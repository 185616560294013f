"""The consent ledger: everything one customer ever allowed or forbade, in the order of time.

Here are ``decide`` and the question ``allowed``; its events and commands are in ``permission``, its
state and ``evolve`` in ``consent_ledger``.  A fact counts from its own time on,
however late it is recorded.  The rules:
- Nothing is allowed without a ground; service messages (an order, a case) rest on the contract.
- The latest decision by (time, order of recording) counts; at one instant the forbidding one.
- A ground ends at its ``expires_at``; one to be confirmed begins with its confirmation.
- After an objection only the customer's own consent opens the purpose again, no other ground.
- Service is stopped only by a decision that names it and the channel: "unsubscribe me from
  everything" must not silence an invoice or a recall.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.customers.consent_ledger import (
    AGGREGATE,
    Entry,
    Event,
    Forbidding,
    Ledger,
    entries_about,
    evolve,
    given,
    ledger_id,
    point_of,
)
from crmcore.domain.customers.permission import (
    ConfirmConsent,
    ConsentConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    GiveConsent,
    LawfulBasis,
    ObjectionRaised,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.kernel import (
    AlreadyExistsError,
    Channel,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
    Purpose,
)

__all__ = [
    "AGGREGATE",
    "ConsentDecision",
    "ConsentOvertakenError",
    "Ledger",
    "Purpose",
    "agreements",
    "allowed",
    "decide",
    "evolve",
    "forbidden",
    "ledger_id",
]


Command = GiveConsent | ConfirmConsent | WithdrawConsent | RaiseObjection


class ConsentOvertakenError(NotAllowedError):
    """The consent to be confirmed was withdrawn, or objected to, since it was given."""


@attrs.frozen
class ConsentDecision:
    """Whether it is allowed, and the reasons, the deciding one first."""

    allowed: bool
    reasons: tuple[str, ...]


def decide(command: Command, ledger: Ledger) -> Sequence[Event]:
    """What *command* adds.

    Forbidding twice is recorded twice, unless at the same instant: a consent that comes to light
    late, between the two, must lose against the second.
    """
    match command:
        case GiveConsent():
            return _give(command, ledger)
        case ConfirmConsent():
            return _confirm(command, ledger)
        case WithdrawConsent() | RaiseObjection():
            forbidding = _forbidding(command)
            known = _scope(forbidding) in map(_scope, ledger.entries)
            return [] if known else [forbidding]
        case _:
            assert_never(command)


def _give(command: GiveConsent, ledger: Ledger) -> Sequence[Event]:
    wanted = ConsentGiven(
        ledger_id=ledger_id(command.customer_id),
        customer_id=command.customer_id,
        consent_id=command.consent_id,
        channel=command.channel,
        purpose=command.purpose,
        point_id=command.point_id,
        lawful_basis=command.lawful_basis,
        notice_version=command.notice_version,
        method=command.method,
        evidence=command.evidence,
        jurisdiction=command.jurisdiction,
        expires_at=command.expires_at,
        to_be_confirmed=command.to_be_confirmed,
        at=command.at,
    )
    known = given(ledger, command.consent_id)
    if known == wanted:
        return []
    if known is not None:
        raise AlreadyExistsError(
            "consent", command.consent_id, "give it under a new id", at=known.at
        )
    if command.expires_at is not None and command.expires_at <= command.at:
        raise InvalidValueError("expires_at", command.expires_at, "an instant after it is given")
    return [wanted]


def _confirm(command: ConfirmConsent, ledger: Ledger) -> Sequence[Event]:
    known = given(ledger, command.consent_id)
    if known is None:
        raise NotFoundError("consent", command.consent_id)
    if not known.to_be_confirmed or known.consent_id in ledger.confirmed:
        return []
    for entry in entries_about(ledger, known.channel, known.purpose, command.at, known.point_id):
        if isinstance(entry, Forbidding) and entry.at >= known.at:
            raise ConsentOvertakenError(
                f"consent {known.consent_id} was overtaken: {_told(entry)}; give a new consent"
            )
    return [
        ConsentConfirmed(
            ledger_id=ledger_id(command.customer_id),
            customer_id=command.customer_id,
            consent_id=command.consent_id,
            evidence=command.evidence,
            at=command.at,
        )
    ]


def _forbidding(command: WithdrawConsent | RaiseObjection) -> Forbidding:
    if isinstance(command, RaiseObjection):
        return ObjectionRaised(
            ledger_id=ledger_id(command.customer_id),
            customer_id=command.customer_id,
            channel=command.channel,
            purpose=command.purpose,
            evidence=command.evidence,
            at=command.at,
        )
    return ConsentWithdrawn(
        ledger_id=ledger_id(command.customer_id),
        customer_id=command.customer_id,
        channel=command.channel,
        purpose=command.purpose,
        point_id=command.point_id,
        method=command.method,
        evidence=command.evidence,
        at=command.at,
    )


def _scope(entry: Entry) -> tuple[object, ...]:
    return type(entry), entry.at, entry.channel, entry.purpose, point_of(entry)


def allowed(
    ledger: Ledger,
    channel: Channel,
    purpose: Purpose,
    at: datetime,
    point_id: UUID | None = None,
) -> ConsentDecision:
    """Whether the customer may be contacted by *channel* for *purpose* at the instant *at*.

    With *point_id*, at that contact point; without, at any of the customer's: then a contact
    point for which it is forbidden forbids it.  Every send asks again at its own instant.
    """
    if point_id is not None:
        return _allowed(ledger, channel, purpose, at, point_id)
    points = dict.fromkeys([None, *map(point_of, ledger.entries)])
    answers = [_allowed(ledger, channel, purpose, at, point) for point in points]
    return next((answer for answer in answers if not answer.allowed), answers[0])


def _allowed(
    ledger: Ledger, channel: Channel, purpose: Purpose, at: datetime, point_id: UUID | None
) -> ConsentDecision:
    entries = entries_about(ledger, channel, purpose, at, point_id)
    pending = [entry for entry in entries if _pending(entry, ledger, at)]
    latest = _latest([entry for entry in entries if entry not in pending])
    if isinstance(latest, Forbidding):
        return ConsentDecision(False, (_told(latest),))
    if purpose is Purpose.SERVICE:
        return ConsentDecision(True, ("service messages rest on the contract",))
    if latest is None:
        nothing = f"no ground for {purpose} by {channel}"
        return ConsentDecision(
            False, (nothing, *(f"{_told(one)}, not confirmed" for one in pending))
        )
    if latest.expires_at is not None and at >= latest.expires_at:
        return ConsentDecision(False, (f"expired {latest.expires_at.isoformat()}", _told(latest)))
    return ConsentDecision(True, (_told(latest),))


def forbidden(
    ledger: Ledger,
    channel: Channel,
    purpose: Purpose,
    at: datetime,
    point_id: UUID | None = None,
) -> str | None:
    """What the customer said against *purpose* by *channel*, if it holds at the instant *at*.

    With *point_id*, at that contact point; without, at any.  None where nothing speaks against
    it, whether or not there is a ground for it.
    """
    named = dict.fromkeys([None, *map(point_of, ledger.entries)])
    for point in named if point_id is None else (point_id,):
        entries = entries_about(ledger, channel, purpose, at, point)
        latest = _latest([entry for entry in entries if not _pending(entry, ledger, at)])
        if isinstance(latest, Forbidding):
            return _told(latest)
    return None


def agreements(
    ledger: Ledger, channel: Channel, purpose: Purpose, point_id: UUID | None = None
) -> tuple[datetime, ...]:
    """When the customer said yes of their own accord, each from when it held; for *point_id*, or any."""
    return tuple(
        ledger.confirmed.get(entry.consent_id, entry.at)
        for entry in ledger.entries
        if isinstance(entry, ConsentGiven)
        and entry.lawful_basis is LawfulBasis.CONSENT
        and (entry.channel, entry.purpose) == (channel, purpose)
        and (point_id is None or entry.point_id in (point_id, None))
        and (not entry.to_be_confirmed or entry.consent_id in ledger.confirmed)
    )


def _latest(entries: Sequence[Entry]) -> Entry | None:
    """The entry that decides; after an objection, grounds other than consent do not count."""
    if any(isinstance(entry, ObjectionRaised) for entry in entries):
        entries = [entry for entry in entries if _outlasts_objection(entry)]
    ranked = [
        (entry.at, isinstance(entry, Forbidding), order) for order, entry in enumerate(entries)
    ]
    return entries[max(ranked)[2]] if ranked else None


def _pending(entry: Entry, ledger: Ledger, at: datetime) -> bool:
    if not isinstance(entry, ConsentGiven) or not entry.to_be_confirmed:
        return False
    confirmed_at = ledger.confirmed.get(entry.consent_id)
    return confirmed_at is None or at < confirmed_at


def _outlasts_objection(entry: Entry) -> bool:
    return not isinstance(entry, ConsentGiven) or entry.lawful_basis is LawfulBasis.CONSENT


def _told(entry: Entry) -> str:
    """The entry as a reason: no words of the customer's, so that it may be stored anywhere."""
    scope = f"{entry.purpose or 'every purpose'} by {entry.channel or 'every channel'}"
    when = entry.at.isoformat()
    match entry:
        case ConsentGiven():
            return f"{entry.lawful_basis} for {scope} from {when}"
        case ConsentWithdrawn():
            return f"withdrawn for {scope} {when}"
        case ObjectionRaised():
            return f"objection to {scope} {when}"
        case _:
            assert_never(entry)
