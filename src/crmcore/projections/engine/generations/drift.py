"""Whether a generation can be gone on with: its rows are of this code, and of this log.

A log that was restored or replaced is not the one that a read model has seen, although their
positions may be the same: the link at its checkpoint tells them apart.

A topic that is read only now, or no longer, changes no row as long as the log has none of it up to
the checkpoint: a new kind of event stops nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection

from crmcore.application.log import Place, is_namespaced
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.parts import Part
from crmcore.projections.engine.source import LogSource

RESTORED = "the log was restored or replaced"


def drift(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    found: Checkpoint,
    upto: int | None = None,
) -> str | None:
    """Why the rows of *found* are not those that *projection* would make; None if they are.

    They are made of the log up to *upto*, or else to the checkpoint.
    """
    if projection.version != found.version:
        return f"its version is {projection.version}, its rows are of {found.version}"
    if found.topics is None:
        return "its rows are of an earlier release, which did not keep what it had read"
    if found.definition != projection.definition():
        return "its tables or its rules have changed"
    ours, theirs = projection.versions.items(), found.topics.items()
    if ours == theirs:
        return None
    upto = found.position if upto is None else upto
    later = topics_of_others(source, found)
    for topics, why in (
        (releases(later), "its rows are of {} too, which nothing here knows: of a later release;"
                          " it came at position {}"),
        ({topic for topic, _ in ours - theirs}, "it newly reads {}, and was past position {}"),
        ({topic for topic, _ in theirs - ours} - later.keys(),
         "it no longer reads {}, and its rows are of position {}"),
    ):  # fmt: skip
        first = source.first_of(connection, topics, upto)
        if first is not None:
            return why.format(" or ".join(sorted(topics)), first)
    return None


def topics_of_others(source: LogSource, found: Checkpoint) -> Mapping[str, int]:
    """The topics that were read into the rows of *found*, and that nothing here knows."""
    topics = found.topics or {}
    return {topic: topics[topic] for topic in topics.keys() - source.known_topics}


def releases(topics: Iterable[str]) -> set[str]:
    """Those of *topics* that belong to the core itself, of a later release; the others are a host's."""
    return {topic for topic in topics if not is_namespaced(topic)}


def topics_read(
    source: LogSource, projection: Projection, found: Checkpoint, passed: Collection[str] = ()
) -> Mapping[str, int]:
    """What a checkpoint that *projection* moves on from *found* says was read, *passed* not.

    Topics of others stay.  Who comes to an event of a later release stops there, and leaves it to
    that release.  Events of a context that is not loaded are *passed*: from then on the topic was
    not read whole, so that a process with the context sees that its rows are missing.
    """
    others = topics_of_others(source, found)
    kept = {topic: version for topic, version in others.items() if topic not in passed}
    return {**kept, **projection.versions}


def log_mismatch(
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


def rebuild_reason(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    found: Checkpoint,
    head: Place | None = None,
) -> str | None:
    """Why *found* has to be rebuilt: it is of other code, or of another log; None if it has not."""
    why = drift(source, connection, projection, found)
    return why or log_mismatch(source, connection, found.place, head)


def resume_obstacle(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    building: Checkpoint,
    parts: Sequence[Part],
) -> str | None:
    """Why a rebuild cannot go on with *building*, of which *parts* are left; None if it can."""
    with_context = topics_of_others(source, building).keys() - releases(building.topics or ())
    if with_context:
        return (
            f"it was begun with a context that is not loaded: of {', '.join(sorted(with_context))}"
        )
    at = parts[0].end if parts else building.place
    why = drift(source, connection, projection, building, at.position)
    return why or log_mismatch(source, connection, at)


def require_current(
    source: LogSource,
    connection: Connection,
    projection: Projection,
    found: Checkpoint,
    head: Place | None = None,
) -> None:
    """Raise ``ProjectionStoppedError`` where *found* has to be rebuilt."""
    why = rebuild_reason(source, connection, projection, found, head)
    if why is not None:
        name = projection.name
        raise ProjectionStoppedError(
            f"{name}: rebuild needed: {why}: `crmcore projections rebuild {name}`"
        )
