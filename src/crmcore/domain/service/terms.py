"""The words that a case is described with."""

from enum import StrEnum
from typing import Annotated

from crmcore.domain.kernel import Length, Personal

AgentName = Annotated[str, Length(120)]
"""The sign-on name of one of our people or teams: business data, kept when a customer is erased."""

Label = Annotated[str, Length(120)]
"""A configured name: a queue, a category, a resolution code."""

Remark = Annotated[str, Length(2_000), Personal()]
"""A sentence written by a person, which may tell something about one."""

Message = Annotated[str, Length(100_000, blank=True), Personal()]
"""The words of a message; blank where it only carried attachments."""


class CaseKind(StrEnum):
    """What the customer wants."""

    SERVICE_REQUEST = "service_request"
    INFORMATION_REQUEST = "information_request"
    COMPLAINT = "complaint"
    RETURN = "return"
    INCIDENT = "incident"


class CaseChannel(StrEnum):
    """How a message reached us."""

    PHONE = "phone"
    EMAIL = "email"
    WEB = "web"
    APP = "app"
    CHAT = "chat"
    SMS = "sms"
    SOCIAL = "social"
    POST = "post"
    IN_PERSON = "in_person"
    INTERNAL = "internal"
    OTHER = "other"


class AuthorRole(StrEnum):
    """As whom somebody wrote, at that time."""

    AGENT = "agent"
    CUSTOMER = "customer"
    AUTOMATIC = "automatic"


class StatusCategory(StrEnum):
    """Whose turn it is: names of statuses are configuration, these categories drive the rules.

    New: nobody took it up.  Open: ours.  Pending: the customer's.  On hold: a third party's.
    Solved may be reopened within a window.  Closed is final, as are merged and spam.
    """

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"
    MERGED = "merged"
    SPAM = "spam"
