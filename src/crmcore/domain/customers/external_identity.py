"""An external identity: the key under which another system knows a customer.

A stream of its own for each (source, external id), so that one foreign record can
belong to one customer only, whoever asks first.  One decider, read from top to bottom:
events, commands, state, ``evolve``, ``decide``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import (
    Aggregate,
    Length,
    NotAllowedError,
    Personal,
    command,
    derived_id,
    event,
)
from crmcore.domain.kernel.frozen import frozen

__all__ = [
    "ExternalIdentityLinked",
    "ExternalIdentityUnlinked",
    "LinkExternalIdentity",
    "UnlinkExternalIdentity",
]


def external_identity_id(source: str, external_id: str) -> UUID:
    """The stream of the foreign key *external_id* in the system *source*."""
    return derived_id("external-identity", source, external_id)


@event
class ExternalIdentityLinked:
    """The foreign record stands for this customer."""

    TOPIC: ClassVar[str] = "external-identity-linked"
    SENTENCE: ClassVar[str] = "is {external_id} in {source}"
    identity_id: UUID
    customer_id: UUID
    source: str
    external_id: Annotated[str, Personal()]
    at: datetime


@event
class ExternalIdentityUnlinked:
    """The foreign record stands for this customer no longer."""

    TOPIC: ClassVar[str] = "external-identity-unlinked"
    SENTENCE: ClassVar[str] = "is no longer {external_id} in {source}"
    identity_id: UUID
    customer_id: UUID
    source: str
    external_id: Annotated[str, Personal()]
    at: datetime


@command
class LinkExternalIdentity:
    """Say that a record of another system stands for this customer."""

    TOPIC: ClassVar[str] = "link-external-identity"
    customer_id: UUID
    source: Annotated[str, Length(100)]
    external_id: Annotated[str, Length(200), Personal()]
    at: datetime

    @property
    def claims(self) -> tuple[UUID, ...]:
        """The streams that are claimed beside those it names."""
        return (external_identity_id(self.source, self.external_id),)


@command
class UnlinkExternalIdentity:
    """Release a foreign record, so that another customer may claim it."""

    TOPIC: ClassVar[str] = "unlink-external-identity"
    customer_id: UUID
    source: Annotated[str, Length(100)]
    external_id: Annotated[str, Length(200), Personal()]
    at: datetime


class ExternalIdentityClaimedError(NotAllowedError):
    """Another customer holds the foreign record."""

    def __init__(self, source: str, holder: UUID) -> None:
        super().__init__(
            f"this key of {source} stands for customer {holder}: unlink it there first, "
            "or go on with that customer"
        )
        self.holder = holder


@frozen
class Unclaimed:
    """No customer holds the key; ``last_holder`` did, if any, until *since*."""

    last_holder: UUID | None = None
    since: datetime | None = None


@frozen
class Claimed:
    """One customer holds the key *since* an instant."""

    holder: UUID
    since: datetime


Event = ExternalIdentityLinked | ExternalIdentityUnlinked
Command = LinkExternalIdentity | UnlinkExternalIdentity
State = Unclaimed | Claimed


def evolve(_state: State, event: Event) -> State:
    """The state after *event*."""
    match event:
        case ExternalIdentityLinked():
            return Claimed(event.customer_id, event.at)
        case ExternalIdentityUnlinked():
            return Unclaimed(event.customer_id, event.at)
        case _:
            assert_never(event)


def decide(command: Command, state: State) -> Sequence[Event]:
    """What *command* changes; refused where another customer holds the key."""
    if isinstance(state, Claimed) and state.holder != command.customer_id:
        taken = ExternalIdentityClaimedError(command.source, state.holder)
        raise taken.about("external_id")
    match command:
        case LinkExternalIdentity():
            return [] if isinstance(state, Claimed) else [_event(ExternalIdentityLinked, command)]
        case UnlinkExternalIdentity():
            return [_event(ExternalIdentityUnlinked, command)] if isinstance(state, Claimed) else []
        case _:
            assert_never(command)


def _event(kind: Callable[..., Event], command: Command) -> Event:
    return kind(
        identity_id=external_identity_id(command.source, command.external_id),
        customer_id=command.customer_id,
        source=command.source,
        external_id=command.external_id,
        at=command.at,
    )


def subject(state: State) -> UUID | None:
    """The customer whose key this is, or was last."""
    return state.holder if isinstance(state, Claimed) else state.last_holder


def earliest(state: State, _event: Event, _began_at: datetime) -> datetime | None:
    """One customer after the other: nobody holds the key before the last change of hands."""
    return state.since


AGGREGATE: Final = Aggregate[State, Event](
    kind="external identity",
    initial=Unclaimed(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    earliest=earliest,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: external_identity_id(command.source, command.external_id),
)
