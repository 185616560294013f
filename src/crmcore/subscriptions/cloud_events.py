"""Events as CloudEvents 1.0, made and checked by the package ``cloudevents``."""

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmcore.application.errors import MisuseError
from crmcore.application.log import Recorded
from crmcore.domain.kernel import shown

if TYPE_CHECKING:
    from cloudevents.core.v1.event import CloudEvent

MISSING = "CloudEvents need the package cloudevents: pip install 'crmcore[cloudevents]'"


def cloud_event(id_: UUID, recorded: Recorded, source: str) -> "CloudEvent":
    """*recorded*, delivered under an id, as an event from *source*; raises ``MisuseError``."""
    try:
        from cloudevents.core.exceptions import CloudEventValidationError
        from cloudevents.core.v1.event import CloudEvent
    except ModuleNotFoundError:
        raise MisuseError(MISSING) from None
    attributes: dict[str, Any] = {
        "id": str(id_),
        "source": source,
        "type": recorded.topic,
        "specversion": "1.0",
        "time": recorded.occurred_at,
        "subject": recorded.stream,
        "datacontenttype": "application/json",
        "schemaversion": recorded.record[4],
        "sequence": f"{recorded.position:019d}",
    }
    chained = {"correlationid": recorded.correlation, "causationid": recorded.causation}
    attributes |= {name: value for name, value in chained.items() if value is not None}
    try:
        return CloudEvent(attributes, json.loads(recorded.data))
    except CloudEventValidationError:
        raise MisuseError(f"source: expected a URI, got {shown(source)}") from None


def as_json(event: "CloudEvent") -> bytes:
    """*event* in the JSON format."""
    from cloudevents.core.formats.json import JSONFormat

    return JSONFormat().write(event)
