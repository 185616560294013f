"""The live rows, as a question reads them: come as far as was asked for, or an error that says so.

What goes wrong is told as what it is: a read model that was never followed, one that has to be
rebuilt first, or a statement of the host's that asks for what is not there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import attrs
from sqlalchemy import ClauseElement, Connection, Executable, Table, exc
from sqlalchemy.sql import visitors

from crmcore.application.errors import MisuseError, StoreError
from crmcore.application.log import Place
from crmcore.domain.kernel import InvalidValueError
from crmcore.projections.engine.drift import astray, drift
from crmcore.projections.engine.generation import Registry
from crmcore.projections.engine.poison import ProjectionStoppedError
from crmcore.projections.engine.projection import Projection, Row
from crmcore.projections.engine.source import LogSource

__all__ = ["LiveRows", "NotReachedError"]

NO_RIGHT: Final = "42501"
"""PostgreSQL's code for a missing permission, which is the operator's matter."""


class NotReachedError(Exception):
    """An answer was asked for as of a position that the log, or the read model, has not come to."""


@attrs.frozen
class LiveRows:
    """Connections on which the rows of read models can be read."""

    _source: LogSource
    _registry: Registry
    _projections: Sequence[Projection]
    _catch_up: Callable[[str], None]
    """Brings one read model to the end of the log."""
    _at_least: int = 0

    def at_least(self, position: int | None) -> "LiveRows":
        """The same, where they have seen the log up to *position*."""
        return attrs.evolve(self, at_least=position or 0)

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

    def query(self, statement: Any) -> list[Row]:
        """The rows of a SELECT on tables that read models declare.

        Raises ``MisuseError`` where it asks for what these do not have, ``InvalidValueError``
        for a value that no column can hold.
        """
        if not (isinstance(statement, ClauseElement) and isinstance(statement, Executable)):
            kind = type(statement).__name__
            raise MisuseError(f"query: expected a SELECT of SQLAlchemy's, got a {kind}")
        names = {None: self._registry.schema}  # the schema of this log's tenant
        with self.of(*self._named_in(statement)) as connection:
            try:
                found = connection.execute(
                    statement, execution_options={"schema_translate_map": names}
                )
                return [dict(row._mapping) for row in found]
            except exc.SQLAlchemyError as error:
                said = getattr(error, "orig", None) or error
                if isinstance(said, InvalidValueError):  # of a value in the statement
                    raise said from None
                if not _is_mistake(error):
                    raise
                line = str(said).strip().partition("\n")[0]
                raise MisuseError(f"the statement cannot be answered: {line}") from error

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
        return astray(self._source, connection, live.place, head) is not None

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

    def _named_in(self, statement: ClauseElement) -> Sequence[str]:
        """The read models whose tables a statement names; all, if it does not tell."""
        tables = {one.name for one in visitors.iterate(statement) if isinstance(one, Table)}
        owners = self._by_table
        named = dict.fromkeys(owners[table] for table in sorted(tables) if table in owners)
        return list(named) or [projection.name for projection in self._projections]

    @property
    def _by_table(self) -> Mapping[str, str]:
        return {table.name: one.name for one in self._projections for table in one.tables}

    def _why_not(self, names: Sequence[str]) -> str | None:
        """What keeps read models from answering, if it is a matter of theirs."""
        known: Mapping[str, Any] = {one.name: one for one in self._projections}
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
                changed = drift(known[name], live)
                if changed is not None:
                    again = f"`crmcore projections rebuild {name} --switch`"
                    return f"{name}: rebuild needed: {changed}: {again}"
        return None


def _is_mistake(error: exc.SQLAlchemyError) -> bool:
    """Whether the statement is to blame, and not the database."""
    if not isinstance(error, exc.DBAPIError):
        return not isinstance(error, exc.TimeoutError)
    if isinstance(error, exc.ProgrammingError | exc.DataError | exc.NotSupportedError):
        return getattr(error.orig, "sqlstate", None) != NO_RIGHT
    return getattr(error.orig, "sqlite_errorname", None) == "SQLITE_ERROR"
