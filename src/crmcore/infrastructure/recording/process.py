"""Events caused by other events: recorded together with how far the reading has come."""

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import ProcessRecorder, StoredEvent
from sqlalchemy import Connection

from crmcore.infrastructure.recording.application import CrmApplicationRecorder
from crmcore.infrastructure.recording.tracking import CrmTrackingRecorder


class CrmProcessRecorder(CrmTrackingRecorder, CrmApplicationRecorder, ProcessRecorder):
    """Events in the log and the tracking of their cause, both or neither."""

    def _insert_events(
        self, connection: Connection, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int]:
        positions = super()._insert_events(connection, stored_events, **kwargs)
        tracking = kwargs.get("tracking")
        if tracking is not None:
            self.insert_tracking(tracking, connection=connection)
        return positions
