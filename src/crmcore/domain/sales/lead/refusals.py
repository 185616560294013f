"""Why something cannot be done with a lead, and what could be done instead."""

from typing import NoReturn
from uuid import UUID

from crmcore.domain.kernel import NotAllowedError, NotFoundError, address_key
from crmcore.domain.sales.lead.phases import (
    ConvertedLead,
    DisqualifiedLead,
    OpenLead,
    State,
    Uncaptured,
)


class LeadConvertedError(NotAllowedError):
    """The lead has become a customer and is read-only."""


class LeadDisqualifiedError(NotAllowedError):
    """The lead was given up; only recycling it is possible."""


class LeadStatusError(NotAllowedError):
    """The lead has not come far enough, or too far."""


class LeadScoreTooLowError(NotAllowedError):
    """The score does not make the lead a marketing qualified one."""


class OwnerAddressError(NotAllowedError):
    """A lead's address is that of the salesperson who owns it."""


class LeadAddressTakenError(NotAllowedError):
    """The address is that of another open lead, the *holder*."""

    def __init__(self, lead_id: UUID, holder: UUID) -> None:
        super().__init__(
            f"the address of lead {lead_id} is that of lead {holder}, which is open: "
            "go on with that one, or disqualify it first"
        )
        self.holder = holder


def require_open(lead_id: UUID, state: State) -> OpenLead:
    """The open lead; refuses one that was never captured, was given up or became a customer."""
    match state:
        case OpenLead():
            return state
        case Uncaptured():
            raise NotFoundError("lead", lead_id)
        case DisqualifiedLead():
            raise LeadDisqualifiedError(
                f"lead {lead_id} was disqualified ({state.reason}): recycle it first"
            )
        case ConvertedLead():
            raise LeadConvertedError(
                f"lead {lead_id} became customer {state.customer_id} and is read-only: "
                "work with the customer"
            )


def refuse_status(wish: str, lead: OpenLead, allowed: str) -> NoReturn:
    """Refuse what the lead's status rules out."""
    raise LeadStatusError(
        f"lead {lead.captured.lead_id} is {lead.status}, so {wish} is not possible: {allowed}"
    )


def require_not_owners_address(
    email: str | None, owner: str | None, owner_email: str | None
) -> None:
    """Refuse a lead's address that is its owner's own."""
    owned = {address_key(known) for known in (owner, owner_email) if known}
    if email is not None and address_key(email) in owned:
        raise OwnerAddressError(
            f"the address belongs to {owner}, who owns the lead: give the lead's own address"
        )
