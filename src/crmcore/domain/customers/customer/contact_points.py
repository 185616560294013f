"""The contact points of one customer, one of each kind coming first.

One point of each kind is the primary one as long as any of that kind is in use: the first becomes
it, and where it is removed or turns out invalid the oldest of the others takes its place.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.customers.customer.messages.contact_point import (
    AddContactPoint,
    ChangePrimaryContactPoint,
    ContactKind,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointRemoved,
    ContactPointVerified,
    InvalidateContactPoint,
    InvalidReason,
    PointCommand,
    PointEvent,
    PrimaryContactPointChanged,
    RemoveContactPoint,
    VerifyContactPoint,
)
from crmcore.domain.kernel import (
    AlreadyExistsError,
    NotAllowedError,
    NotFoundError,
    address_key,
)
from crmcore.domain.kernel.frozen import frozen


class ContactPointKnownError(NotAllowedError):
    """The customer has the same address in use already."""


class ContactPointInvalidError(NotAllowedError):
    """The contact point is out of use, so it can be neither verified nor primary."""


# State


@frozen
class ContactPoint:
    """A contact point as it was added, and what became of it."""

    added: ContactPointAdded
    is_primary: bool = False
    verified_at: datetime | None = None
    invalid_since: datetime | None = None
    invalid_reason: InvalidReason | None = None
    removed_at: datetime | None = None

    @property
    def point_id(self) -> UUID:
        """Its identity."""
        return self.added.point_id

    @property
    def kind(self) -> ContactKind:
        """What kind of address it is."""
        return self.added.kind

    @property
    def active(self) -> bool:
        """Whether it is in use: neither removed nor invalid."""
        return self.removed_at is None and self.invalid_since is None


Points = tuple[ContactPoint, ...]
"""All the contact points that a customer ever had, in the order in which they were added."""


def primary_point(points: Points, kind: ContactKind) -> ContactPoint | None:
    """The first choice of a *kind*; None where none is in use."""
    return next((point for point in points if point.kind is kind and point.is_primary), None)


def of_same_address(points: Points, point_id: UUID) -> Points:
    """The contact points with the address of the one called *point_id*, itself included."""
    keys = {_key(one) for one in points if one.point_id == point_id}
    return tuple(one for one in points if _key(one) in keys)


def _key(point: ContactPoint) -> tuple[ContactKind, str]:
    return point.kind, contact_key(point.kind, point.added.normalised)


def contact_key(kind: ContactKind, normalised: str) -> str:
    """What two contact points of one *kind* have in common when they are the same address.

    Case is ignored in e-mail addresses and handles (``address_key``), and in nothing else.
    """
    if kind in (ContactKind.EMAIL, ContactKind.SOCIAL):
        return address_key(normalised)
    return normalised


def evolve(points: Points, event: PointEvent) -> Points:
    """The contact points after *event*."""
    match event:
        case ContactPointAdded():
            return (*points, ContactPoint(event, is_primary=event.is_primary))
        case ContactPointVerified():
            return _with(points, event, lambda one: attrs.evolve(one, verified_at=event.at))
        case ContactPointInvalidated():
            return _with(points, event, lambda one: _invalid(one, event))
        case ContactPointRemoved():
            return _with(
                points,
                event,
                lambda one: attrs.evolve(one, removed_at=event.at, is_primary=False),
            )
        case PrimaryContactPointChanged():
            return tuple(
                attrs.evolve(point, is_primary=point.point_id == event.point_id)
                if point.kind is event.kind
                else point
                for point in points
            )
        case _:
            assert_never(event)


def added_at(points: Points, event: PointEvent) -> datetime | None:
    """When the contact point that *event* is about was added; None where it depends on none.

    Which one comes first may be settled late: by the removal of another, dated before it came.
    """
    match event:
        case ContactPointAdded() | PrimaryContactPointChanged():
            return None
        case ContactPointVerified() | ContactPointInvalidated() | ContactPointRemoved():
            return next((one.added.at for one in points if one.point_id == event.point_id), None)
        case _:
            assert_never(event)


def _with(
    points: Points,
    event: ContactPointVerified | ContactPointInvalidated | ContactPointRemoved,
    change: Callable[[ContactPoint], ContactPoint],
) -> Points:
    return tuple(change(one) if one.point_id == event.point_id else one for one in points)


def _invalid(point: ContactPoint, event: ContactPointInvalidated) -> ContactPoint:
    return attrs.evolve(
        point, invalid_since=event.at, invalid_reason=event.reason, is_primary=False
    )


# Decisions


def decide(command: PointCommand, points: Points, normalised: str = "") -> Sequence[PointEvent]:
    """What *command* changes; *normalised* is the normal form of the value that is added."""
    if isinstance(command, AddContactPoint):
        return _add(command, points, normalised)
    point = next((one for one in points if one.point_id == command.point_id), None)
    if point is None:
        raise NotFoundError("contact point", command.point_id)
    customer_id, point_id, at = command.customer_id, command.point_id, command.at
    match command:
        case RemoveContactPoint():
            if point.removed_at is not None:
                return []
            removed = ContactPointRemoved(customer_id=customer_id, point_id=point_id, at=at)
            return [removed, *_promoted(command, point, points)]
        case InvalidateContactPoint(reason=reason):
            if not point.active:
                return []
            invalidated = ContactPointInvalidated(
                customer_id=customer_id, point_id=point_id, reason=reason, at=at
            )
            return [invalidated, *_promoted(command, point, points)]
        case VerifyContactPoint():
            _require_active(point)
            if point.verified_at is not None:
                return []
            return [ContactPointVerified(customer_id=customer_id, point_id=point_id, at=at)]
        case ChangePrimaryContactPoint():
            _require_active(point)
            return [] if point.is_primary else [_primary(command, point)]
        case _:
            assert_never(command)


def _add(command: AddContactPoint, points: Points, normalised: str) -> Sequence[PointEvent]:
    peers = [point for point in points if point.active and point.kind is command.kind]
    added = ContactPointAdded(
        customer_id=command.customer_id,
        point_id=command.point_id,
        kind=command.kind,
        value=command.value,
        normalised=normalised,
        label=command.label,
        is_primary=not peers,
        at=command.at,
    )
    for point in points:
        if point.point_id == command.point_id:
            return _again(added, point)
    key = command.kind, contact_key(command.kind, normalised)
    for peer in peers:
        if _key(peer) == key:
            known = ContactPointKnownError(
                f"the customer has the same {command.kind} already, as contact point "
                f"{peer.point_id}: go on with that one, or remove it first"
            )
            raise known.about("value")
    if peers and command.primary:
        return [added, _primary(command, ContactPoint(added))]
    return [added]


def _again(added: ContactPointAdded, known: ContactPoint) -> Sequence[PointEvent]:
    """Nothing, if it is the same point; the normal form may since be written in another way."""
    first = known.added
    if (added.kind, added.value, added.label) != (first.kind, first.value, first.label):
        raise AlreadyExistsError("contact point", added.point_id, "add it under an id of its own")
    if known.removed_at is not None:
        raise NotAllowedError(
            f"contact point {added.point_id} was removed: add it again under a new id"
        )
    return []


def _promoted(command: PointCommand, gone: ContactPoint, points: Points) -> Sequence[PointEvent]:
    """The oldest of the others takes the place of a primary point; of two as old, the first added."""
    if not gone.is_primary:
        return []
    others = [
        point for point in points if point.active and point.kind is gone.kind and point is not gone
    ]
    heir = min(others, key=lambda point: point.added.at, default=None)
    return [
        PrimaryContactPointChanged(
            customer_id=command.customer_id,
            kind=gone.kind,
            point_id=None if heir is None else heir.point_id,
            at=command.at,
        )
    ]


def _primary(command: PointCommand, point: ContactPoint) -> PrimaryContactPointChanged:
    return PrimaryContactPointChanged(
        customer_id=command.customer_id, kind=point.kind, point_id=point.point_id, at=command.at
    )


def _require_active(point: ContactPoint) -> None:
    if not point.active:
        fate = "removed" if point.removed_at is not None else f"invalid ({point.invalid_reason})"
        refusal = ContactPointInvalidError(
            f"contact point {point.point_id} is {fate}: add the address again under a new id"
        )
        raise refusal.about("point_id")
