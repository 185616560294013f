"""The engine that keeps read models: what a projection declares, and how it follows the log."""

from crmcore.projections.engine.changes import (
    append,
    increment,
    maximum,
    minimum,
    update,
    upsert,
)
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.fold import fold
from crmcore.projections.engine.follow.follower import Follower
from crmcore.projections.engine.follow.status import Status
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
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
from crmcore.projections.engine.source import LogSource
from crmcore.projections.engine.working import Working

__all__ = [
    "STREAM",
    "SUBJECT",
    "Exact",
    "Follower",
    "Handler",
    "Instant",
    "LogSource",
    "Projection",
    "ProjectionStoppedError",
    "Registry",
    "Row",
    "Rows",
    "Status",
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
