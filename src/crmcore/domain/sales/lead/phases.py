"""How far a lead has come: its phases, one class each.

New -> assigned -> working -> qualified -> converted; on the way it may be left to nurturing
or disqualified, and from there recycled, as new, in its next cycle.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.lead.messages.assignment import LeadLeftUnassigned
from crmcore.domain.sales.lead.messages.capture import LeadCaptured, LeadInquiryRepeated
from crmcore.domain.sales.lead.messages.qualification import DisqualificationReason
from crmcore.domain.sales.lead.score import Adjustment, Signal


class LeadStatus(StrEnum):
    """How far a lead has come; an open one has none of the last two."""

    NEW = "new"
    ASSIGNED = "assigned"
    WORKING = "working"
    NURTURING = "nurturing"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    CONVERTED = "converted"


@frozen
class Uncaptured:
    """No such lead yet."""


@frozen
class Contact:
    """One attempt to reach the lead, in vain or not."""

    channel: str
    reached: bool
    at: datetime


@frozen(kw_only=True)
class OpenLead:
    """A lead that may still become a customer."""

    captured: LeadCaptured
    status: LeadStatus = LeadStatus.NEW
    name: str | None
    company: str | None
    email: str | None
    phone: str | None
    interests: tuple[str, ...]
    attributes: Mapping[str, str]
    cycle: int = 1
    cycle_began_at: datetime
    assignee: str | None = None
    assignee_email: str | None = None
    assigned_at: datetime | None = None
    unassigned: LeadLeftUnassigned | None = None
    accepted_at: datetime | None = None
    marketing_qualified_at: datetime | None = None
    sales_qualified_at: datetime | None = None
    first_response_at: datetime | None = None
    nurtured_until: date | None = None
    contacts: tuple[Contact, ...] = ()
    signals: tuple[Signal, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    inquiries: Mapping[UUID, LeadInquiryRepeated] = attrs.field(factory=dict)


@frozen
class DisqualifiedLead:
    """A lead given up *since* an instant, until it is recycled."""

    lead: OpenLead
    reason: DisqualificationReason
    note: str | None
    since: datetime


@frozen
class ConvertedLead:
    """A lead that became a customer: read-only."""

    lead: OpenLead
    customer_id: UUID
    opportunity_id: UUID | None


State = Uncaptured | OpenLead | DisqualifiedLead | ConvertedLead
