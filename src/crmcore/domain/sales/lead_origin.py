"""The words in which leads are described: where from, how far, why given up."""

from enum import StrEnum
from typing import Annotated

from crmcore.domain.kernel import Length, value

__all__ = ["DisqualificationReason", "LeadAttribute", "LeadSource", "LeadStatus", "Utm"]


class LeadSource(StrEnum):
    """Where the interest came from."""

    CALL = "call"
    EMAIL = "email"
    EXISTING_CUSTOMER = "existing_customer"
    PARTNER = "partner"
    PR = "pr"
    WEBSITE = "website"
    CAMPAIGN = "campaign"
    EVENT = "event"
    REFERRAL = "referral"
    OTHER = "other"


class LeadStatus(StrEnum):
    """How far an open lead has come."""

    NEW = "new"
    ASSIGNED = "assigned"
    WORKING = "working"
    NURTURING = "nurturing"
    QUALIFIED = "qualified"


class DisqualificationReason(StrEnum):
    """Why a lead is not worth pursuing; ``other`` asks for a note."""

    NO_BUDGET = "no_budget"
    NO_NEED = "no_need"
    NO_AUTHORITY = "no_authority"
    BAD_TIMING = "bad_timing"
    CHOSE_COMPETITOR = "chose_competitor"
    UNREACHABLE = "unreachable"
    DUPLICATE = "duplicate"
    INVALID_CONTACT = "invalid_contact"
    SPAM = "spam"
    OTHER = "other"


@value
class Utm:
    """The campaign parameters of the link that brought the lead (``utm_source`` and so on)."""

    source: Annotated[str, Length(200)] | None = None
    medium: Annotated[str, Length(200)] | None = None
    campaign: Annotated[str, Length(200)] | None = None
    term: Annotated[str, Length(200)] | None = None
    content: Annotated[str, Length(200)] | None = None


@value
class LeadAttribute:
    """Something known about a lead under a name of one's own choice: its region, its size."""

    key: Annotated[str, Length(100)]
    value: Annotated[str, Length(1_000)]
