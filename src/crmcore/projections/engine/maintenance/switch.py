"""Switching: which generation the views show.  One transaction, be it forwards or back.

A view that is switched must be free of readers for a moment.  On PostgreSQL those who come
meanwhile wait, so a switch waits briefly, lets them through and tries again.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import attrs
from sqlalchemy import Connection, text

from crmcore.application.errors import StoreBusyError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.checkpoint import BUILDING, LIVE, PREVIOUS, Checkpoint
from crmcore.projections.engine.generations.drift import drift, log_mismatch
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.dead_letters import DeadLetterTable
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.parts import Parts
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder
from crmcore.projections.engine.source import LogSource

TRIES = 20
PATIENCE_SECONDS = 30.0
"""For how long, at most, further attempts are begun: SQLite waits long in each."""

SHORT_WAIT = "500ms"
"""How long a switch waits for readers on PostgreSQL before it lets them through."""

Changed = TypeVar("Changed")


@frozen
class Switcher:
    """Switches to a generation, goes back to the one before, retires those that are not live."""

    _source: LogSource
    _registry: Registry
    _rebuilder: Rebuilder
    _tries: int = TRIES

    def switch(self, projection: Projection) -> Checkpoint:
        """Let the views show the generation that was built, caught up to the end of the log.

        Waits only briefly for readers at a time and lets them through in between.  Raises
        ``ProjectionStoppedError`` if there is nothing to switch to, ``StoreBusyError`` if
        there was no chance to do so.
        """
        name, number = projection.name, self._rebuilder.built(projection).generation

        def switch(connection: Connection) -> Checkpoint:
            found = self._registry.in_state(connection, name, BUILDING)
            if found is None or found.generation != number:
                raise ProjectionStoppedError(
                    f"{name}: generation {number} was switched to or retired meanwhile"
                )
            self._require_of_this_log(connection, found)
            live = self._registry.live(connection, name)
            shown = 0 if live is None or self._astray(connection, live) else live.position
            if shown > found.position:  # what was shown stays shown
                raise StoreBusyError(f"{name}: events come in faster than the switch: try again")
            self._registry.switch(connection, found)
            return attrs.evolve(found, state=LIVE)

        return self._patiently(name, switch, lambda: self._rebuilder.catch_up(projection, number))

    def rollback(self, projection: Projection) -> Checkpoint:
        """Let the views show the previous generation again; a second time, the later one again.

        It is caught up first if this code can do so.  Raises as ``switch`` does.
        """
        name = projection.name

        def previous(connection: Connection) -> Checkpoint:
            found = self._registry.in_state(connection, name, PREVIOUS)
            if found is None:
                raise ProjectionStoppedError(
                    f"{name}: there is no previous generation to go back to"
                )
            self._require_of_this_log(connection, found)
            return found

        def catch_up() -> None:
            with self._source.read() as connection:
                found = previous(connection)
                ours = drift(self._source, connection, projection, found) is None
            if ours:
                with suppress(ProjectionStoppedError):  # going back is what matters now
                    self._rebuilder.catch_up(projection, found.generation)

        def switch(connection: Connection) -> Checkpoint:
            found = previous(connection)
            self._registry.switch(connection, found)
            return attrs.evolve(found, state=LIVE)

        return self._patiently(name, switch, catch_up)

    def retire(self, projection: Projection) -> list[Checkpoint]:
        """Drop every generation that is not live, those half built included."""

        def drop(connection: Connection) -> list[Checkpoint]:
            schema, name = self._registry.schema, projection.name
            known = self._registry.generations(connection, name)
            gone = [one for one in known if one.state != LIVE]
            for one in gone:
                Parts(schema).forget(connection, name, one.generation)
                DeadLetterTable(schema).forget(connection, name, one.generation)
                self._registry.drop(connection, one)
            return gone

        return self._patiently(projection.name, drop)

    def _require_of_this_log(self, connection: Connection, one: Checkpoint) -> None:
        """Raise ``ProjectionStoppedError`` where *one* shows what the log does not hold."""
        why = self._astray(connection, one)
        if why is not None:
            again = f"`crmcore projections rebuild {one.name}`"
            raise ProjectionStoppedError(
                f"{one.name}: generation {one.generation} cannot be shown: {why}:"
                f" `crmcore projections retire {one.name}`, then {again}"
            )

    def _astray(self, connection: Connection, one: Checkpoint) -> str | None:
        return log_mismatch(self._source, connection, one.place)

    def _patiently(
        self,
        name: str,
        change: Callable[[Connection], Changed],
        prepare: Callable[[], object] = lambda: None,
    ) -> Changed:
        """Do *change* as the one consumer, waiting for others only briefly at a time."""
        begun = time.monotonic()
        for attempt in range(1, self._tries + 1):
            try:
                prepare()
                with self._source.write() as connection:
                    if connection.dialect.name == "postgresql":
                        connection.execute(text(f"SET LOCAL lock_timeout = '{SHORT_WAIT}'"))
                    self._registry.claim(connection, name)
                    return change(connection)
            except StoreBusyError:
                if attempt == self._tries or time.monotonic() - begun > PATIENCE_SECONDS:
                    raise
                time.sleep(0.1 * attempt)
        raise AssertionError("at least one attempt is made")
