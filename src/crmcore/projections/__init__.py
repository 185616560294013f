"""Read models: what a projection of one's own needs, beside those that come along.

One import for those who keep read models of their own::

    from crmcore.projections import Instant, Projection, Rows

docs/first-projection.md shows a whole one.
"""

from crmcore.application.log import Recorded, UnknownEvent
from crmcore.projections.engine.changes import append, increment, maximum, minimum, update, upsert
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.fold import fold
from crmcore.projections.engine.projection import (
    STREAM,
    SUBJECT,
    Handler,
    Projection,
    Row,
    Rows,
    by_stream,
    by_subject,
    subject_of,
)
from crmcore.projections.engine.working import Working

__all__ = [
    "STREAM",
    "SUBJECT",
    "Exact",
    "Handler",
    "Instant",
    "Projection",
    "Recorded",
    "Row",
    "Rows",
    "UnknownEvent",
    "Working",
    "append",
    "by_stream",
    "by_subject",
    "fold",
    "increment",
    "maximum",
    "minimum",
    "subject_of",
    "update",
    "upsert",
]
