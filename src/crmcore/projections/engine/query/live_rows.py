"""The live rows, as a question reads them: come as far as was asked for, or an error that says so.

What goes wrong is told as what it is: a read model that was never followed, one that has to be
rebuilt first, or a statement of the host's that asks for what is not there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import ClauseElement, Connection, Executable, Table, exc
from sqlalchemy.sql import visitors

from crmcore.application.errors import MisuseError, StoreError
from crmcore.application.log import Place, Recorded
from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.drift import drift, log_mismatch
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
from crmcore.projections.engine.projection import Projection, Row
from crmcore.projections.engine.query.known_rows import rebuild_rows
from crmcore.projections.engine.source import LogSource

NO_RIGHT: Final = "42501"
"""PostgreSQL's code for a missing permission, which is the operator's matter."""


class NotReachedError(Exception):
    """An answer was asked for as of a position that the log, or the read model, has not come to."""


@frozen
class LiveRows:
    """Connections on which the rows of read models can be read."""

    _source: LogSource
    _registry: Registry
    projections: Sequence[Projection]
    _catch_up: Callable[[str], None]
    """Brings one read model to the end of the log."""
    _about: Callable[[Connection, Sequence[UUID] | None, Sequence[str]], Iterator[Recorded]]
    """The events about some subjects (or about any), of some topics."""
    _at_least: int = 0

    @property
    def schema(self) -> str | None:
        """The schema that the rows are in: that of the log's tenant."""
        return self._registry.schema

    def at_least(self, position: int | None) -> "LiveRows":
        """The same, where they have seen the log up to *position*."""
        return attrs.evolve(self, at_least=position or 0)

    def known_at(self, known_at: datetime) -> "KnownRows":
        """The rows as they were known at an instant."""
        return KnownRows(self, known_at)

    def owners(self, tables: Iterable[Table]) -> Sequence[str]:
        """The names of the read models that declare *tables*."""
        return _owners(self.projections, tables)

    @contextmanager
    def of(self, *names: str) -> Iterator[Connection]:
        """A connection that sees one moment, for the rows of the read models *names*.

        Those that have not come so far as was asked for are brought there first.  Raises
        ``NotReachedError`` where the log itself has not come so far,
        ``ProjectionStoppedError`` where a read model cannot get there, or has no such rows.
        """
        for left in self._behind(names):
            self._catch_up(left)
        try:
            with self._source.read() as connection:
                late = self._late(connection, names)
                if late:  # it was switched to another generation meanwhile
                    raise NotReachedError(
                        f"{', '.join(late)} has not come to position {self._at_least}: try again"
                    )
                yield connection
        except StoreError as error:
            why = self._why_not(names)
            if why is None:
                raise
            raise ProjectionStoppedError(why) from error

    @contextmanager
    def log(self) -> Iterator[Connection]:
        """A connection for what is folded from the log itself."""
        with self._source.read() as connection:
            self._reached(connection)
            yield connection

    def events(
        self, connection: Connection, subjects: Sequence[UUID] | None, projection: Projection
    ) -> Iterator[Recorded]:
        """The events about some subjects (or about any) that a projection reads, in order."""
        return self._about(connection, subjects, projection.topics)

    def query(self, statement: Any) -> list[Row]:
        """The rows of a SELECT on tables that read models declare.

        Raises ``MisuseError`` where it asks for what these do not have, ``InvalidValueError``
        for a value that no column can hold.
        """
        return _answer(self, self.projections, statement)

    def _behind(self, names: Sequence[str]) -> Sequence[str]:
        if not self._at_least:
            return ()
        with self._source.read() as connection:
            return self._late(connection, names)

    def _late(self, connection: Connection, names: Sequence[str]) -> Sequence[str]:
        """Those that have not come so far, or have seen another log."""
        head = self._reached(connection)
        return (
            [] if head is None else [one for one in names if self._is_late(connection, one, head)]
        )

    def _is_late(self, connection: Connection, name: str, head: Place) -> bool:
        live = self._registry.live(connection, name)
        if live is None or live.position < self._at_least:
            return True
        return log_mismatch(self._source, connection, live.place, head) is not None

    def _reached(self, connection: Connection) -> Place | None:
        """The end of the log, where it matters; ``NotReachedError`` if that is too early."""
        if not self._at_least:
            return None
        head = self._source.head(connection)
        if head.position < self._at_least:
            raise NotReachedError(
                f"the log ends at position {head.position}, not {self._at_least}: was the"
                " transaction that recorded it committed?"
            )
        return head

    def _why_not(self, names: Sequence[str]) -> str | None:
        """What keeps read models from answering, if it is a matter of theirs."""
        known: Mapping[str, Any] = {one.name: one for one in self.projections}
        with self._source.read() as connection:
            for name in names:
                live = self._registry.live(connection, name)
                if live is None:
                    views = [table.name for table in known[name].tables]
                    taken = self._registry.taken(connection, views)
                    if taken is not None:
                        return f"{name} has no rows: {taken}"
                    run = "run `crmcore projections catch-up`, or call catch_up()"
                    return f"{name} has no rows yet: {run}"
                changed = drift(self._source, connection, known[name], live)
                if changed is not None:
                    again = f"`crmcore projections rebuild {name} --switch`"
                    return f"{name}: rebuild needed: {changed}: {again}"
        return None


@frozen
class KnownRows:
    """The same as it was known at an instant: rows made anew of what was recorded by then."""

    _live: LiveRows
    _known_at: datetime
    schema: None = attrs.field(default=None, init=False)

    def at_least(self, position: int | None) -> "KnownRows":
        """The same, where the log has come to *position*."""
        return attrs.evolve(self, live=self._live.at_least(position))

    def known_at(self, known_at: datetime) -> "KnownRows":
        """The rows as they were known at another instant."""
        return attrs.evolve(self, known_at=known_at)

    def owners(self, tables: Iterable[Table]) -> Sequence[str]:
        """The names of the read models that declare *tables*."""
        return _owners(self._live.projections, tables)

    @contextmanager
    def of(self, *names: str) -> Iterator[Connection]:
        """A connection to the rows of the read models *names*, apart from the database."""
        wanted = [one for one in self._live.projections if one.name in names]
        with (
            self._live.log() as log,
            rebuild_rows({one: self.events(log, None, one) for one in wanted}) as connection,
        ):
            yield connection

    def log(self) -> AbstractContextManager[Connection]:
        """A connection for what is folded from the log itself."""
        return self._live.log()

    def events(
        self, connection: Connection, subjects: Sequence[UUID] | None, projection: Projection
    ) -> Iterator[Recorded]:
        """The events recorded by then that a projection reads, as ``LiveRows.events``."""
        seen = self._live.events(connection, subjects, projection)
        return (one for one in seen if one.recorded_at <= self._known_at)

    def query(self, statement: Any) -> list[Row]:
        """The rows of a SELECT, as ``LiveRows.query``."""
        return _answer(self, self._live.projections, statement)


def _answer(
    rows: LiveRows | KnownRows, projections: Sequence[Projection], statement: Any
) -> list[Row]:
    if not (isinstance(statement, ClauseElement) and isinstance(statement, Executable)):
        kind = type(statement).__name__
        raise MisuseError(f"query: expected a SELECT of SQLAlchemy's, got a {kind}")
    schemas = {"schema_translate_map": {None: rows.schema}}
    with rows.of(*_named_in(statement, projections)) as connection:
        try:
            found = connection.execute(statement, execution_options=schemas)
            return [dict(row._mapping) for row in found]
        except exc.SQLAlchemyError as error:
            said = getattr(error, "orig", None) or error
            if isinstance(said, InvalidValueError):  # of a value in the statement
                raise said from None
            if not _is_mistake(error):
                raise
            line = str(said).strip().partition("\n")[0]
            raise MisuseError(f"the statement cannot be answered: {line}") from error


def _named_in(statement: ClauseElement, projections: Sequence[Projection]) -> Sequence[str]:
    """The read models whose tables a statement names; all, if it does not tell."""
    tables = [one for one in visitors.iterate(statement) if isinstance(one, Table)]
    named = _owners(projections, sorted(tables, key=lambda one: one.name))
    return named or [projection.name for projection in projections]


def _owners(projections: Sequence[Projection], tables: Iterable[Table]) -> Sequence[str]:
    """The names of the read models that declare *tables*, or tables of the same names."""
    owners = {table.name: one.name for one in projections for table in one.tables}
    return list(dict.fromkeys(owners[one.name] for one in tables if one.name in owners))


def _is_mistake(error: exc.SQLAlchemyError) -> bool:
    """Whether the statement is to blame, and not the database."""
    if not isinstance(error, exc.DBAPIError):
        return not isinstance(error, exc.TimeoutError)
    if isinstance(error, exc.ProgrammingError | exc.DataError | exc.NotSupportedError):
        return getattr(error.orig, "sqlstate", None) != NO_RIGHT
    return getattr(error.orig, "sqlite_errorname", None) == "SQLITE_ERROR"
