"""What a subscription is given: the events that it asks for, in the order of the log.

Positions have no gaps and come in the order of the commits, so that what was read up to the end of the
log need never be looked at again.  Each page is read in a transaction that ends before any
handler works.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from uuid import UUID

from sqlalchemy import Connection

from crmcore.application.delivering import delivery_id
from crmcore.application.describing import described
from crmcore.application.errors import UnknownTopicError, UnreadableEventError
from crmcore.application.log import Place, Recorded, is_namespaced
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.log.projection_source import ProjectionSource
from crmcore.infrastructure.log.read import LogReader
from crmcore.projections.engine.generations.drift import log_mismatch
from crmcore.subscriptions.delivery import Delivery


@frozen
class Piece:
    """One event, or what cannot be read in its place; ``ends`` says that its record has no more parts."""

    recorded: Recorded
    link: bytes
    ends: bool

    @property
    def id(self) -> UUID:
        """The id under which it is delivered."""
        return delivery_id(self.link, self.recorded.part)

    @property
    def unreadable(self) -> str | None:
        """Why it cannot be read; None if it can."""
        error = self.recorded.event
        return described(error.cause) if isinstance(error, UnreadableEventError) else None

    @property
    def place(self) -> Place:
        """Its place in the log."""
        return Place(self.recorded.position, self.link)

    def delivery(self, attempt: int) -> Delivery:
        """What the handler is given."""
        return Delivery(self.id, self.recorded, attempt)


@frozen
class Page:
    """Some pieces in order, the place up to which there are no others, and whether the log goes on."""

    pieces: Sequence[Piece]
    end: Place
    goes_on: bool


@frozen
class Feed:
    """Reads the log for subscriptions; ``known`` are the classes of all events, by topic."""

    source: ProjectionSource
    _reader: LogReader
    known: Mapping[str, type]

    def page(self, after: Place, topics: Collection[str] | None, limit: int) -> Page:
        """What comes after a place of *topics* (None: all), of at most *limit* records."""
        with self.source.read() as connection:
            return self._page(connection, after.position, topics, limit)

    def at(self, position: int, part: int) -> Piece | None:
        """The event at a position, whatever its topic; None where the log has none there."""
        with self.source.read() as connection:
            pieces = self._page(connection, position - 1, None, 1, position).pieces
        return next((one for one in pieces if one.recorded.part == part), None)

    def first(
        self, connection: Connection, after: int, topics: Collection[str] | None
    ) -> Recorded | None:
        """The first event of *topics* (None: all) after a position."""
        pieces = self._page(connection, after, topics, 1).pieces
        return pieces[0].recorded if pieces else None

    def end(self) -> Place:
        """The end of the log."""
        with self.source.read() as connection:
            return self.source.head(connection)

    def mismatch(self, at: Place) -> str | None:
        """Why a place is none of this log, but of one that was restored or replaced; None if it is one."""
        with self.source.read() as connection:
            return log_mismatch(self.source, connection, at)

    def _page(
        self,
        connection: Connection,
        after: int,
        topics: Collection[str] | None,
        limit: int,
        upto: int | None = None,
    ) -> Page:
        wanted = self.known if topics is None else {one: self.known[one] for one in topics}
        page = self.source.events(connection, wanted, after, limit, upto=upto)
        found = [one for one in page.events if _concerns(one, everything=topics is None)]
        links = self._reader.links(connection, {one.position for one in found})
        pieces = [
            Piece(one, links[one.position], following is None or following.position > one.position)
            for one, following in zip_longest(found, found[1:])
        ]
        if page.last is None:
            end = self.source.head(connection)
        else:
            end = Place(page.last, self.source.link(connection, page.last))
        return Page(pieces, end, page.last is not None)


def _concerns(recorded: Recorded, *, everything: bool) -> bool:
    """Whether an event is one of those asked for: of a topic that nothing here knows, who can say?

    One of a context that is not loaded is passed by, as read models do.  One of a later release of
    the core is not, where *everything* is asked for.
    """
    error = recorded.event
    if isinstance(error, UnreadableEventError) and isinstance(error.cause, UnknownTopicError):
        return everything and not is_namespaced(error.topic)
    return True
