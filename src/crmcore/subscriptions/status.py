"""Where subscriptions stand: caught up, behind, at work, trying again, stopped, or in another log."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from crmcore.application.log import Place
from crmcore.projections.engine.generations.drift import log_mismatch
from crmcore.projections.results import result
from crmcore.subscriptions.dead_letters import DeadLetter, DeadLetters
from crmcore.subscriptions.feed import Feed
from crmcore.subscriptions.places import Places, SubscriptionRow

CAUGHT_UP: Final = "caught up"
BEHIND: Final = "behind"
WORKING: Final = "working"
RETRYING: Final = "retrying"
STOPPED: Final = "stopped"
RESTORED: Final = "reset needed"


@result
class SubscriptionStatus:
    """Where a subscription stands.

    It acts from the event after position ``started_after`` on, and has seen the log up to ``position`` of
    ``head``.  ``topics`` are those that it asks for; None: all.  ``state`` is *caught up*; *behind*, and nobody
    works on it; *working*: ``holder`` does; *retrying* the event at ``failed_position``, after so many
    ``attempts``; *stopped* there; or *reset needed*, as the log was restored or replaced.
    ``reason`` says why it does not go on.
    """

    name: str
    state: str
    position: int
    head: int
    started_after: int
    topics: tuple[str, ...] | None
    holder: str | None
    behind_since: datetime | None
    failed_position: int | None
    failed_topic: str | None
    attempts: int
    reason: str | None
    dead_letters: tuple[DeadLetter, ...]

    @property
    def behind(self) -> int:
        """How many positions of the log it has not seen."""
        return max(self.head - self.position, 0)

    def lag(self, now: datetime) -> timedelta | None:
        """How long the oldest event that it waits to be given has waited; None where none waits."""
        return None if self.behind_since is None else max(now - self.behind_since, timedelta(0))


def statuses(feed: Feed, places: Places, letters: DeadLetters) -> list[SubscriptionStatus]:
    """Where each subscription stands, by name."""
    with feed.source.read() as connection:
        head = feed.source.head(connection)
        now = places.now(connection)
        return [
            _status(connection, feed, one, letters, head, now) for one in places.all(connection)
        ]


def _status(
    connection: Connection,
    feed: Feed,
    at: SubscriptionRow,
    letters: DeadLetters,
    head: Place,
    now: int,
) -> SubscriptionStatus:
    mismatch = log_mismatch(feed.source, connection, at.place, head)
    held = at.leased_until >= now
    state = _state(at, head, held=held) if mismatch is None else RESTORED
    return SubscriptionStatus(
        name=at.name,
        state=state,
        position=at.position,
        head=head.position,
        started_after=at.started_after,
        topics=None if at.topics is None else tuple(at.topics),
        holder=at.holder if held else None,
        behind_since=_behind_since(connection, feed, at),
        failed_position=at.failed_position,
        failed_topic=at.failed_topic,
        attempts=at.attempts,
        reason=mismatch or at.failure,
        dead_letters=tuple(one.shown() for one in letters.of(connection, at.name)),
    )


def _state(at: SubscriptionRow, head: Place, *, held: bool) -> str:
    if at.stopped:
        return STOPPED
    if at.failure is not None:
        return RETRYING
    if at.position >= head.position:
        return CAUGHT_UP
    return WORKING if held else BEHIND


def _behind_since(connection: Connection, feed: Feed, at: SubscriptionRow) -> datetime | None:
    topics: Sequence[str] | None = at.topics
    wanted: Collection[str] | None = None
    if topics is not None:
        wanted = [
            topic for topic in topics if topic in feed.known
        ]  # others' contexts may be missing
    first = feed.first(connection, at.position, wanted)
    return None if first is None else first.recorded_at
