"""What follows from a command on a consent ledger, and the aggregate of it all."""

from collections.abc import Sequence
from typing import Final, assert_never, get_args

from crmcore.domain.customers.consent.messages import (
    Command,
    ConfirmConsent,
    ConsentConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    GiveConsent,
    ObjectionRaised,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.customers.consent.state import (
    Entry,
    Forbidding,
    Ledger,
    describe_entry,
    earliest,
    entries_about,
    evolve,
    find_consent,
    ledger_id,
    point_of,
)
from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
)


class ConsentOvertakenError(NotAllowedError):
    """The consent to be confirmed was withdrawn, or objected to, since it was given."""


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
    known = find_consent(ledger, command.consent_id)
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
    known = find_consent(ledger, command.consent_id)
    if known is None:
        raise NotFoundError("consent", command.consent_id)
    if not known.to_be_confirmed or known.consent_id in ledger.confirmed:
        return []
    for entry in entries_about(ledger, known.channel, known.purpose, command.at, known.point_id):
        if isinstance(entry, Forbidding) and entry.at >= known.at:
            raise ConsentOvertakenError(
                f"consent {known.consent_id} was overtaken: {describe_entry(entry)}; give a new consent"
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


AGGREGATE: Final = Aggregate[Ledger, Event](
    kind="consents",
    initial=Ledger(),
    evolve=evolve,
    events=get_args(Event),
    subject=lambda ledger: ledger.customer_id,
    earliest=earliest,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: ledger_id(command.customer_id),
)
