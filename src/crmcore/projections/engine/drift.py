"""Whether a generation can be gone on with: its rows are of this code, and of this log.

A log that was restored or replaced is not the one that a read model has seen, although their
positions may be the same: the link at its checkpoint tells them apart.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from crmcore.application.log import Place
from crmcore.projections.engine.generation import Checkpoint
from crmcore.projections.engine.parts import Part
from crmcore.projections.engine.poison import ProjectionStoppedError
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.source import LogSource

__all__ = ["astray", "drift", "outdated", "require_current", "unfinishable"]

RESTORED = "the log was restored or replaced"


def drift(projection: Projection, found: Checkpoint) -> str | None:
    """Why the rows of *found* are not those that *projection* would make; None if they are."""
    if found.definition == projection.definition():
        return None
    if projection.version != found.version:
        return f"its version is {projection.version}, its rows are of {found.version}"
    return "its tables, its topics or its rules have changed"


def astray(
    source: LogSource, connection: Connection, at: Place, head: Place | None = None
) -> str | None:
    """Why *at* is no place in the log; None if it is.  *head* is the log's end, where it is known."""
    head = head or source.head(connection)
    if at.position > head.position:
        return f"it has seen position {at.position}, the log ends at {head.position}: {RESTORED}"
    link = head.link if at.position == head.position else source.link(connection, at.position)
    if link != at.link:
        return f"the record at position {at.position} is not the one that it has seen: {RESTORED}"
    return None


def outdated(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    found: Checkpoint,
    head: Place | None = None,
) -> str | None:
    """Why *found* has to be rebuilt: it is of other code, or of another log; None if it has not."""
    return drift(projection, found) or astray(source, connection, found.place, head)


def unfinishable(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    building: Checkpoint,
    parts: Sequence[Part],
) -> str | None:
    """Why a rebuild cannot go on with *building*, of which *parts* are left; None if it can."""
    at = parts[0].end if parts else building.place
    return drift(projection, building) or astray(source, connection, at)


def require_current(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    found: Checkpoint,
    head: Place | None = None,
) -> None:
    """Raise ``ProjectionStoppedError`` where *found* has to be rebuilt."""
    why = outdated(source, connection, projection, found, head)
    if why is not None:
        name = projection.name
        raise ProjectionStoppedError(
            f"{name}: rebuild needed: {why}: `crmcore projections rebuild {name}`"
        )
