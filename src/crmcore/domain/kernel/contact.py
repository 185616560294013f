"""How and why a company gets in touch: the words that permissions and campaigns share."""

from enum import StrEnum


class Channel(StrEnum):
    """A way of contact: what permission is given for, messages go out on, people met by."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    POST = "post"
    PUSH = "push"
    SOCIAL = "social"
    CHAT = "chat"
    WEB = "web"
    IN_PERSON = "in_person"


class Purpose(StrEnum):
    """What a customer is contacted, or data about a customer is used, for."""

    MARKETING = "marketing"
    PROFILING = "profiling"
    RESEARCH = "research"
    SERVICE = "service"
