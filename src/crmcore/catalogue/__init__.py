"""What there is to send and to receive: every command and every event, with schemas and examples.

>>> from crmcore.catalogue import MessageCatalogue
>>> MessageCatalogue().events["order-placed"].meaning
'A customer bought something.'

No database is needed, as all of it follows from the classes; a host's own contexts are described as
those that come along.  ``crm.command_schema`` and ``crm.event_schema`` tell the same of one topic.
"""

from crmcore.catalogue.answers import problem_document, receipt_document
from crmcore.catalogue.catalogue import MessageCatalogue
from crmcore.catalogue.fields import Field
from crmcore.catalogue.messages import CommandMessage, EventMessage, Message

__all__ = [
    "CommandMessage",
    "EventMessage",
    "Field",
    "Message",
    "MessageCatalogue",
    "problem_document",
    "receipt_document",
]
