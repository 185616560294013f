"""The id under which an event is delivered to whoever acts on it."""

from uuid import UUID

from crmcore.domain.kernel import derived_id


def delivery_id(link: bytes, part: int) -> UUID:
    """The id under which a part of the record with this link in the chain is delivered.

    A link follows from all that was recorded up to its own record.  So the id is the same for every
    consumer and every delivery; and a log that was restored, and went on otherwise, does not give
    an id a second time for another event.
    """
    return derived_id("delivery", link.hex(), str(part))
