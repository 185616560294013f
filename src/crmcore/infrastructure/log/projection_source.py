"""The log as projections follow it: one database that holds the events and the rows."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import attrs
from sqlalchemy import Connection, Dialect, Table

from crmcore.application.log import Page, Place
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.database.driver import bulk_insert
from crmcore.infrastructure.log.chain import FIRST_LINK
from crmcore.infrastructure.log.read import LogReader, Reading

NOWHERE: Final = Place(0, FIRST_LINK), False


@frozen
class ProjectionSource:
    """``crmcore.projections.engine.LogSource`` on a database."""

    _database: Database
    _reader: LogReader
    _firsts: dict[str, tuple[Place, bool]] = attrs.field(
        factory=dict, init=False, eq=False, repr=False
    )
    """Up to where the log was looked through for a topic, and whether it holds that there."""

    @property
    def dialect(self) -> Dialect:
        """What the database speaks."""
        return self._database.engine.dialect

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write."""
        return self._database.write()

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment."""
        return self._database.read()

    def head(self, connection: Connection) -> Place:
        """The end of the log."""
        return self._reader.head(connection)

    def link(self, connection: Connection, position: int) -> bytes:
        """The link of the record at a position; no bytes where the log has none."""
        return self._reader.link(connection, position)

    @property
    def known_topics(self) -> frozenset[str]:
        """Every topic that this code can read, those of earlier releases included."""
        return self._reader.known_topics

    def first_of(self, connection: Connection, topics: Collection[str], upto: int) -> int | None:
        """Where the log holds one of *topics*, whatever it was called then, up to a position."""
        stored = self._reader.stored_as(topics)
        if not stored:
            return None
        known = [self._known(connection, topic) for topic in stored]
        if any(holds and position <= upto for position, holds in known):
            return min(position for position, holds in known if holds)
        after = min(position for position, _ in known)
        if after >= upto:
            return None
        first = self._reader.first_of(connection, stored, after, upto)
        if first is None:
            place = Place(upto, self.link(connection, upto))
            self._firsts.update(dict.fromkeys(stored, (place, False)))
            return None
        position, topic = first
        self._firsts[topic] = Place(position, self.link(connection, position)), True
        return position

    def _known(self, connection: Connection, topic: str) -> tuple[int, bool]:
        """Up to where the log, which is still the same, was looked through, and whether it holds *topic*."""
        place, holds = self._firsts.get(topic, NOWHERE)
        if self.link(connection, place.position) != place.link:
            return 0, False
        return place.position, holds

    def events(
        self,
        connection: Connection,
        views: Mapping[str, type | None],
        after: int,
        limit: int,
        *,
        provenance: bool = True,
        part: tuple[str, str, str] | None = None,
        upto: int | None = None,
    ) -> Page:
        """The next events of the topics in *views* after a position, of at most *limit* records."""
        reading = Reading(views, provenance, part, upto)
        return self._reader.page(connection, reading, after, limit)

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of driver's values, as fast as may be."""
        bulk_insert(connection, table, rows)
