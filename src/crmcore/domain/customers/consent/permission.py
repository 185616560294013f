"""Whether a customer allows to be contacted, by their consent ledger.  The rules:

- Nothing is allowed without a ground; service messages (an order, a case) rest on the contract.
- The latest decision by (time, order of recording) counts; at one instant the forbidding one.
- A ground ends at its ``expires_at``; one to be confirmed begins with its confirmation.
- After an objection only the customer's own consent opens the purpose again, no other ground.
- Service is stopped only by a decision that names it and the channel: "unsubscribe me from
  everything" must not silence an invoice or a recall.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from crmcore.domain.customers.consent.messages import (
    ConsentGiven,
    LawfulBasis,
    ObjectionRaised,
)
from crmcore.domain.customers.consent.state import (
    Entry,
    Forbidding,
    Ledger,
    describe_entry,
    entries_about,
    point_of,
)
from crmcore.domain.kernel import (
    Channel,
    Purpose,
)
from crmcore.domain.kernel.frozen import frozen


@frozen
class ConsentDecision:
    """Whether it is allowed, and the reasons, the deciding one first."""

    allowed: bool
    reasons: tuple[str, ...]


def check_permission(
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
        return _check_permission(ledger, channel, purpose, at, point_id)
    points = dict.fromkeys([None, *map(point_of, ledger.entries)])
    answers = [_check_permission(ledger, channel, purpose, at, point) for point in points]
    return next((answer for answer in answers if not answer.allowed), answers[0])


def _check_permission(
    ledger: Ledger, channel: Channel, purpose: Purpose, at: datetime, point_id: UUID | None
) -> ConsentDecision:
    entries = entries_about(ledger, channel, purpose, at, point_id)
    pending = [entry for entry in entries if _is_pending(entry, ledger, at)]
    latest = _latest([entry for entry in entries if entry not in pending])
    if isinstance(latest, Forbidding):
        return ConsentDecision(False, (describe_entry(latest),))
    if purpose is Purpose.SERVICE:
        return ConsentDecision(True, ("service messages rest on the contract",))
    if latest is None:
        nothing = f"no ground for {purpose} by {channel}"
        return ConsentDecision(
            False, (nothing, *(f"{describe_entry(one)}, not confirmed" for one in pending))
        )
    if latest.expires_at is not None and at >= latest.expires_at:
        return ConsentDecision(
            False, (f"expired {latest.expires_at.isoformat()}", describe_entry(latest))
        )
    return ConsentDecision(True, (describe_entry(latest),))


def find_objection(
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
        latest = _latest([entry for entry in entries if not _is_pending(entry, ledger, at)])
        if isinstance(latest, Forbidding):
            return describe_entry(latest)
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


def _is_pending(entry: Entry, ledger: Ledger, at: datetime) -> bool:
    if not isinstance(entry, ConsentGiven) or not entry.to_be_confirmed:
        return False
    confirmed_at = ledger.confirmed.get(entry.consent_id)
    return confirmed_at is None or at < confirmed_at


def _outlasts_objection(entry: Entry) -> bool:
    return not isinstance(entry, ConsentGiven) or entry.lawful_basis is LawfulBasis.CONSENT
