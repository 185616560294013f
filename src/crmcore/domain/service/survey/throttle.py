"""The survey throttle: how often one customer is asked for feedback, by whatever survey.

One decider, read from top to bottom: event, refusals, state, ``evolve``, ``admit``.  A stream for
each customer holds when they were asked, so that two surveys offered at once cannot both pass.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID

from crmcore.domain.kernel import (
    Aggregate,
    NotAllowedError,
    anytime,
    derived_id,
    event,
    shown,
)
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.survey.policy import FeedbackPolicy

__all__ = ["CustomerAsked"]

# Event


@event
class CustomerAsked:
    """A customer was asked for feedback, by whatever survey."""

    TOPIC: ClassVar[str] = "customer-asked"
    SENTENCE: ClassVar[str] = "was asked for feedback, and is not asked again for a while"
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


@frozen
class SurveyThrottle:
    """When a customer was asked, in the order of recording."""

    customer_id: UUID | None = None
    asked: tuple[datetime, ...] = ()


def throttle_id(customer_id: UUID) -> UUID:
    """The stream of when a customer was asked."""
    return derived_id("feedback-asking", str(customer_id))


def evolve(state: SurveyThrottle, event: CustomerAsked) -> SurveyThrottle:
    """The state after *event*."""
    return SurveyThrottle(event.customer_id, (*state.asked, event.at))


def admit(
    asked: CustomerAsked, state: SurveyThrottle, policy: FeedbackPolicy, reason_against: str | None
) -> Sequence[CustomerAsked]:
    """That the customer is asked; *reason_against* is why they do not want to be, None if they may be.

    Raises ``CustomerUnwillingError``, or ``CustomerThrottledError`` if they were asked within
    less than the throttle of the policy, before or after.
    """
    if reason_against is not None:
        raise CustomerUnwillingError(asked.customer_id, reason_against)
    for other in state.asked:
        if abs(asked.at - other) < policy.throttle:
            raise CustomerThrottledError(asked.customer_id, other, policy.throttle)
    return [asked]


AGGREGATE: Final = Aggregate[SurveyThrottle, CustomerAsked](
    kind="survey throttle",
    initial=SurveyThrottle(),
    evolve=evolve,
    events=(CustomerAsked,),
    subject=lambda state: state.customer_id,
    earliest=anytime,
)
