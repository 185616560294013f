"""The terms of a campaign: what its plan fixes and its members are later measured by."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from crmcore.domain.kernel import Between, InvalidValueError, Length, Money, value

Name = Annotated[str, Length(200)]


class ListKind(StrEnum):
    """What a target list is for: the audience, proof copies, tests, or whom to leave out."""

    DEFAULT = "default"
    SEED = "seed"
    TEST = "test"
    EXEMPT_CUSTOMERS = "exempt_customers"
    EXEMPT_ADDRESSES = "exempt_addresses"
    EXEMPT_DOMAINS = "exempt_domains"


class Role(StrEnum):
    """Why somebody is a member: as audience, for a proof copy, for a test; only audience counts."""

    DEFAULT = "default"
    SEED = "seed"
    TEST = "test"


class ResponseKind(StrEnum):
    """How somebody answers a campaign."""

    CLICK = "click"
    REPLY = "reply"
    CALL = "call"
    VISIT = "visit"
    FORM = "form"
    REDEMPTION = "redemption"
    OTHER = "other"


RESPONSES: Final = tuple(kind for kind in ResponseKind if kind is not ResponseKind.CLICK)
"""What counts as a response where a plan says nothing: everything but a mere click."""


class CostKind(StrEnum):
    """What money was spent on."""

    CREATIVE = "creative"
    MEDIA = "media"
    PRINTING = "printing"
    POSTAGE = "postage"
    INCENTIVE = "incentive"
    AGENCY = "agency"
    OTHER = "other"


@value
class Offer:
    """What a campaign offers: *products* and *offers* by their keys, and what to do about it."""

    products: tuple[Name, ...] = ()
    offers: tuple[Name, ...] = ()
    call_to_action: Annotated[str, Length(500)] | None = None


@value
class Expectation:
    """What the planners expect, in the campaign's currency: costs, revenue, responding members."""

    cost: Money | None = None
    revenue: Money | None = None
    responses: Annotated[int, Between(0)] | None = None


@value
class FrequencyCap:
    """At most *most* marketing messages to one member in any *days* days of 24 hours.

    The window rolls and is half-open.  There is no cap of 0: a plan without a cap has None.
    """

    most: Annotated[int, Between(1, 1_000)]
    days: Annotated[int, Between(1, 366)]

    def next_free(self, sent: tuple[datetime, ...], at: datetime) -> datetime | None:
        """The earliest instant, if *at* itself is too early, when one more message is allowed."""
        window = timedelta(days=self.days)
        free = at
        while full := [
            start
            for start in {*sent, free}
            if free - window < start <= free
            and sum(start <= other < start + window for other in sent) >= self.most
        ]:
            free = max(full) + window
        return None if free == at else free


def require_payable(field: str, amount: Money | None, currency: str) -> None:
    """Raise ``InvalidValueError`` for an *amount* below 0 or not in the campaign's *currency*."""
    if amount is not None and (amount.currency != currency or amount.amount < 0):
        raise InvalidValueError(
            field, str(amount), f"0 or more {currency}, the campaign's currency"
        )
