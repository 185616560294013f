"""The log behind the interfaces of the ``eventsourcing`` package, for applications made with it.

Someone's own ``Application`` or ``ProjectionRunner`` runs on it with two lines of environment:
``PERSISTENCE_MODULE=crmcore.eventsourcing`` and ``CRMCORE_URL=sqlite:///crm.db``.
"""

from crmcore.infrastructure.recording.aggregate import CrmAggregateRecorder
from crmcore.infrastructure.recording.application import CrmApplicationRecorder
from crmcore.infrastructure.recording.factory import Factory, joining
from crmcore.infrastructure.recording.process import CrmProcessRecorder
from crmcore.infrastructure.recording.tracking import CrmTrackingRecorder

__all__ = [
    "CrmAggregateRecorder",
    "CrmApplicationRecorder",
    "CrmProcessRecorder",
    "CrmTrackingRecorder",
    "Factory",
    "joining",
]
