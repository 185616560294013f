"""Reaching a customer: at which of their contact points, and whether they allow it there.

A message goes to one address, so permission is asked for that one: the one that its sender
names, or else the customer's first choice among those at which it is permitted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from crmcore.domain.customers.consent.permission import (
    ConsentDecision,
    check_permission,
    find_objection,
)
from crmcore.domain.customers.consent.state import Ledger
from crmcore.domain.customers.customer.contact_points import ContactPoint, Points
from crmcore.domain.customers.customer.messages.contact_point import ContactKind
from crmcore.domain.kernel import CLOCK_SKEW, Channel, InvalidValueError, NotFoundError, Purpose
from crmcore.domain.kernel.frozen import frozen

CONTACT_KINDS: Final[Mapping[Channel, ContactKind]] = {
    Channel.EMAIL: ContactKind.EMAIL,
    Channel.SMS: ContactKind.PHONE,
    Channel.PHONE: ContactKind.PHONE,
    Channel.POST: ContactKind.POSTAL,
    Channel.SOCIAL: ContactKind.SOCIAL,
    Channel.PUSH: ContactKind.PUSH,
}
"""Which contact points a channel needs; the others need none that we keep."""


@frozen
class AddressChoice:
    """The contact point that a message would use (None: an address not on record), and the decision."""

    point: ContactPoint | None
    decision: ConsentDecision


@frozen
class Addresses:
    """Where a channel can reach a customer at an instant: the first choice first.

    Empty where no contact point is in use; where some were (``unused``) the customer is out of
    reach.  One of whom no address was ever on record can be reached, for addresses may be kept
    elsewhere.
    """

    channel: Channel
    at: datetime
    points: tuple[ContactPoint, ...]
    unused: tuple[ContactPoint, ...]

    @property
    def is_unreachable(self) -> bool:
        """Whether there were contact points, and none is in use."""
        return bool(self.unused) and not self.points

    def choose(self, ledger: Ledger, purpose: Purpose) -> AddressChoice:
        """The first address at which *purpose* is permitted, or else the first one.

        Where it is permitted only at one that is out of use, the last reason says so.
        """
        first = self._best(ledger, purpose, self.points)
        gone = self._best(ledger, purpose, self.unused)
        if first.decision.allowed or gone.point is None or not gone.decision.allowed:
            return first
        why = gone.point.invalid_reason or "removed"
        reason = (
            f"contact point {gone.point.point_id}, for which it is allowed, is out of use: {why}"
        )
        return AddressChoice(first.point, ConsentDecision(False, (*first.decision.reasons, reason)))

    def _best(
        self, ledger: Ledger, purpose: Purpose, points: Sequence[ContactPoint | None]
    ) -> AddressChoice:
        choices = [
            AddressChoice(
                point, check_permission(ledger, self.channel, purpose, self.at, _id(point))
            )
            for point in points or (None,)
        ]
        return next((one for one in choices if one.decision.allowed), choices[0])

    def reason_against(self, ledger: Ledger, *purposes: Purpose) -> str | None:
        """Why the customer cannot or does not want to be reached; None if some address will do."""
        if self.is_unreachable:
            return f"no contact point for {self.channel} is in use"
        objections = [
            self._objection(ledger, _id(point), purposes) for point in self.points or (None,)
        ]
        return None if None in objections else objections[0]

    def _objection(
        self, ledger: Ledger, point_id: UUID | None, purposes: Sequence[Purpose]
    ) -> str | None:
        found = (find_objection(ledger, self.channel, one, self.at, point_id) for one in purposes)
        return next((objection for objection in found if objection is not None), None)


def addresses(
    points: Points, channel: Channel, at: datetime, point_id: UUID | None = None
) -> Addresses:
    """The contact points by which *channel* reaches a customer at *at*: all, or *point_id* alone.

    Raises ``NotFoundError`` for a contact point that is not the customer's, and
    ``InvalidValueError`` for one of another kind than the channel needs.
    """
    if point_id is None:
        kind = CONTACT_KINDS.get(channel)
        there = [one for one in points if one.kind is kind and one.added.at <= at + CLOCK_SKEW]
    else:
        there = [require_contact_point(points, channel, point_id)]
    used = sorted((one for one in there if one.active), key=lambda one: not one.is_primary)
    return Addresses(channel, at, tuple(used), tuple(one for one in there if not one.active))


def require_contact_point(points: Points, channel: Channel | None, point_id: UUID) -> ContactPoint:
    """The contact point *point_id* among *points*, which *channel* can use (None: any).

    Raises ``NotFoundError`` or ``InvalidValueError`` where it is not, or cannot.
    """
    for point in points:
        if point.point_id == point_id:
            if channel is not None and CONTACT_KINDS.get(channel) is not point.kind:
                expected = f"a contact point that {channel} can use, not of kind {point.kind}"
                raise InvalidValueError("point_id", point_id, expected)
            return point
    raise NotFoundError("contact point", point_id)


def _id(point: ContactPoint | None) -> UUID | None:
    return None if point is None else point.point_id
