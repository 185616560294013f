"""Poison: an event that cannot be read, applied or stored, and what a projection does about it."""

from collections.abc import Sequence

from sqlalchemy import exc

from crmcore.application.describing import described
from crmcore.application.errors import UnknownTopicError, UnreadableEventError
from crmcore.application.log import Recorded, is_namespaced
from crmcore.projections.engine.poison.dead_letters import DeadLetters, Policy
from crmcore.projections.engine.projection import STREAM, SUBJECT, Projection


class ProjectionStoppedError(Exception):
    """A projection cannot go on; the others do.  Says where it stands, and why.

    Where an event stopped it, ``position``, ``topic`` and ``cause`` tell which, and why.
    """

    position: int | None = None
    topic: str | None = None
    cause: str | None = None


def describe_stop(name: str, error: Exception) -> str:
    """What *error*, which stopped the projection *name*, says in one line."""
    if isinstance(error, ProjectionStoppedError):
        return str(error)
    return f"{name}: {describe_error(error)}"


class PoisonError(Exception):
    """An event that cannot be read, or whose change cannot be applied or stored."""

    def __init__(self, event: Recorded, groups: Sequence[str], cause: Exception) -> None:
        super().__init__(describe_error(cause))
        self.position, self.topic, self.groups = event.position, event.topic, tuple(groups)
        self.cause = cause

    @property
    def traced(self) -> Exception | None:
        """The cause as a traceback may show it: what a database says of a row tells its values."""
        return None if isinstance(self.cause, exc.StatementError) else self.cause

    def stopped(self, name: str) -> ProjectionStoppedError:
        """What to raise where it stops the projection *name*."""
        error = ProjectionStoppedError(
            f"{name}: stopped at position {self.position} ({self.topic}): {self}"
        )
        error.position, error.topic, error.cause = self.position, self.topic, str(self)
        return error

    def is_none_of(self, projection: Projection) -> bool:
        """Whether *projection* skips it as one of a context that is not loaded."""
        unknown = isinstance(self.cause, UnknownTopicError) and is_namespaced(self.topic)
        return unknown and projection.on_unknown is Policy.SKIP

    def policy(self, projection: Projection) -> Policy:
        """What *projection* does about it; to hold groups, it must be known which."""
        unknown = isinstance(self.cause, UnknownTopicError)
        policy = projection.on_unknown if unknown else projection.on_poison
        return Policy.STOP if policy is Policy.HOLD and not self.groups else policy

    def go_past(self, projection: Projection, dead_letters: DeadLetters) -> bool:
        """Go past the event, and record it as a dead letter, if that is what *projection* does about it."""
        policy = self.policy(projection)
        if policy is Policy.STOP or self.topic in dead_letters.topics_of_others:
            return False
        if not self.is_none_of(projection):
            dead_letters.add(self.position, self.topic, self.groups, policy, str(self))
        return True


def describe_error(error: Exception) -> str:
    """What is kept and logged of *error*: no values, which may tell of a person.

    Of a database's message the first line, which names tables and columns; the further ones show
    the row.  Where values are to blame, it names them after a colon.
    """
    if isinstance(error, ProjectionStoppedError):
        return str(error).partition("\n")[0]
    if not isinstance(error, exc.DBAPIError) or error.orig is None:
        inner = error.orig if isinstance(error, exc.StatementError) else None
        return described(error if inner is None else inner)
    said = str(error.orig).strip().partition("\n")[0]
    if isinstance(error, exc.DataError):
        said = said.partition(":")[0]
    return f"{type(error.orig).__name__}: {said}"


def groups_of(projection: Projection, event: Recorded) -> Sequence[str]:
    """The groups that an event may change; raises ``PoisonError`` if it cannot be read or grouped."""
    if isinstance(event.event, UnreadableEventError):
        column = {SUBJECT: event.subject or event.stream, STREAM: event.stream}
        group = column.get(projection.partition or "")
        raise PoisonError(event, () if group is None else (group,), event.event.cause)
    try:
        return projection.groups(event)
    except Exception as error:
        raise PoisonError(event, (), error) from error


def refuses_rows(error: Exception) -> bool:
    """Whether the values in the rows are to blame, and not the database."""
    if isinstance(error, exc.DBAPIError):
        return isinstance(error, exc.IntegrityError | exc.DataError)
    return isinstance(error, exc.StatementError | OverflowError | TypeError | ValueError)
