"""A synthetic log in a SQLite file, and what it costs to read it without crmcore."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import attrs

import crmcore
import synthetic
from crmcore.infrastructure.database.database import Database
from timing import timed


@attrs.frozen
class LogFile:
    """A log of *events* events, written when it is first asked for; *runs* of each measurement."""

    folder: Path
    events: int
    customers: int
    runs: int = 1
    days: float = synthetic.DAYS
    name: str = "log.db"

    @property
    def path(self) -> Path:
        """The file, which is there."""
        path = self.folder / self.name
        if not path.exists():
            unfinished = path.with_suffix(".new")
            with closing(Database.open(f"sqlite:///{unfinished}")) as database:
                synthetic.fill(database, self.events, customers=self.customers, days=self.days)
            unfinished.rename(path)
        return path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    @contextmanager
    def crm(self) -> Iterator[crmcore.CRM]:
        with crmcore.open(self.url) as crm:
            yield crm

    def connect(self) -> "closing[sqlite3.Connection]":
        return closing(sqlite3.connect(self.path))

    def scan(self) -> float:
        """A bare SELECT of the whole table, iterated in Python."""
        with self.connect() as connection:
            cursor = connection.execute("SELECT * FROM crm_events ORDER BY position")
            return timed(lambda: sum(1 for _ in cursor))


def fresh(path: Path) -> Path:
    """*path*, without what an earlier run may have left there (``--keep``)."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    return path


def bare_insert(path: Path, schema: list[str], name: str, rows: list[tuple[object, ...]]) -> float:
    """A bare executemany of *rows* into a new file with the same settings, 500 to a transaction
    where *name* is the log's table, all in one where it is a read model's."""
    path.unlink(missing_ok=True)
    batch = 500 if name == "crm_events" else len(rows)
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        for sql in schema:
            target.execute(sql)
        marks = ",".join("?" * len(rows[0]))

        def write() -> None:
            for start in range(0, len(rows), batch):
                target.execute("BEGIN")
                target.executemany(
                    f"INSERT INTO {name} VALUES ({marks})", rows[start : start + batch]
                )
                target.execute("COMMIT")

        return timed(write)
