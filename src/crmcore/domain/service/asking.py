"""Asking: by which rules customers are asked for feedback, and how often one of them is.

One decider, read from top to bottom: policy, event, state, ``evolve``, ``ask``.  A stream for
each customer holds when they were asked, so that two surveys offered at once cannot both pass.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    InvalidValueError,
    NotAllowedError,
    anytime,
    derived_id,
    event,
    shown,
)

__all__ = [
    "AGGREGATE",
    "STANDARD_FEEDBACK",
    "Asking",
    "CustomerAsked",
    "CustomerThrottledError",
    "CustomerUnwillingError",
    "FeedbackPolicy",
    "ask",
    "asking_id",
    "evolve",
]

LONGEST = timedelta(days=3_660)

# Policy


def _span(_self: Any, field: Any, span: timedelta) -> None:
    if not timedelta(0) <= span <= LONGEST:
        raise InvalidValueError(field.name, span, f"a duration from 0 to {LONGEST.days} days")


def _some(_self: Any, field: Any, span: timedelta) -> None:
    if span == timedelta(0):
        raise InvalidValueError(field.name, span, "a duration longer than 0")


@attrs.frozen(kw_only=True)
class FeedbackPolicy:
    """What an organisation decides for itself about surveys (elapsed time, not working time).

    Between two surveys to one customer lies at least ``throttle``; 0 asks every time.  A survey
    expires ``open_for`` after it was offered.  An answer can be replaced by a later one up to
    and including ``editable_for`` after the first, while the survey is open.
    """

    version: str
    throttle: timedelta = attrs.field(default=timedelta(days=30), validator=_span)
    open_for: timedelta = attrs.field(default=timedelta(days=14), validator=[_span, _some])
    editable_for: timedelta = attrs.field(default=timedelta(hours=72), validator=_span)


STANDARD_FEEDBACK: Final = FeedbackPolicy(version="standard-1")

# Event


@event
class CustomerAsked:
    """A customer was asked for feedback, by whatever survey."""

    TOPIC: ClassVar[str] = "customer-asked"
    asking_id: UUID
    customer_id: UUID
    survey_id: UUID
    at: datetime


# Refusals


class CustomerThrottledError(NotAllowedError):
    """The customer was asked too short a time ago (or will be: what is recorded late counts too)."""

    def __init__(self, customer_id: UUID, asked_at: datetime, throttle: timedelta) -> None:
        again = (asked_at + throttle).isoformat()
        super().__init__(
            f"customer {customer_id} was asked for feedback at {asked_at.isoformat()}, and is"
            f" asked once within {shown(throttle)}: again from {again} on"
        )


class CustomerUnwillingError(NotAllowedError):
    """The customer said that they do not want this, or not now."""

    def __init__(self, customer_id: UUID, why: str) -> None:
        super().__init__(f"customer {customer_id} is not to be asked for feedback: {why}")


# State


@attrs.frozen
class Asking:
    """When a customer was asked, in the order of recording."""

    customer_id: UUID | None = None
    asked: tuple[datetime, ...] = ()


def asking_id(customer_id: UUID) -> UUID:
    """The stream of when a customer was asked."""
    return derived_id("feedback-asking", str(customer_id))


def evolve(state: Asking, event: CustomerAsked) -> Asking:
    """The state after *event*."""
    return Asking(event.customer_id, (*state.asked, event.at))


def ask(
    asked: CustomerAsked, state: Asking, policy: FeedbackPolicy, unwelcome: str | None
) -> Sequence[CustomerAsked]:
    """That the customer is asked; *unwelcome* is why they do not want to be, None if they may be.

    Raises ``CustomerUnwillingError``, or ``CustomerThrottledError`` if they were asked within
    less than the throttle of the policy, before or after.
    """
    if unwelcome is not None:
        raise CustomerUnwillingError(asked.customer_id, unwelcome)
    for other in state.asked:
        if abs(asked.at - other) < policy.throttle:
            raise CustomerThrottledError(asked.customer_id, other, policy.throttle)
    return [asked]


AGGREGATE: Final = Aggregate[Asking, CustomerAsked](
    kind="feedback-asking",
    initial=Asking(),
    evolve=evolve,
    events=(CustomerAsked,),
    subject=lambda state: state.customer_id,
    earliest=anytime,
)
