"""The ways on which a customer and the company reach each other."""

from enum import StrEnum

__all__ = ["Channel"]


class Channel(StrEnum):
    """A way of contact: what permission is given for, what a pause is set on, how people met."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"
    POST = "post"
    PUSH = "push"
    SOCIAL = "social"
    CHAT = "chat"
    WEB = "web"
    IN_PERSON = "in_person"
