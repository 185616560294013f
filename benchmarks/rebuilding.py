"""Reading the log back: rebuilds of read models, the chain verified, one customer's history."""

import sqlite3
from contextlib import closing
from uuid import UUID

import crmcore
from crmcore.cli.projections.processes import processes as started
from log_file import LogFile, bare_insert
from timing import Measured, Row, paired, timed

SELECT = "bare SELECT of the table"
LOYALTY, HISTORY, DIRECTORY = "loyalty_status", "customer_history", "customer_directory"


def rows(log: LogFile) -> list[Row]:
    """What is measured on one log."""

    def one(name: str, processes: int = 1) -> float:
        return rebuild(log, name, processes=processes)

    return [
        Row(
            "rebuild loyalty_status", SELECT, 0.30,
            lambda: loyalty(log),
        ),
        Row(
            "rebuild customer_history", "scan + bare executemany of its rows", 0.40,
            lambda: history(log),
        ),
        Row(
            "rebuild three read models, in one pass", SELECT, 0.15,
            lambda: paired(log.runs, lambda: rebuild(log, LOYALTY, HISTORY, DIRECTORY), log.scan),
        ),
        Row(
            "rebuild loyalty_status with 2 processes", "with 1", 1.5,
            lambda: paired(log.runs, lambda: one(LOYALTY, 2), lambda: one(LOYALTY)),
        ),
        Row("verify the chain", SELECT, 0.40, lambda: paired(log.runs, lambda: verify(log), log.scan)),
        Row(
            "history of one customer (100 events)", "bare indexed SELECT of those rows", 0.30,
            lambda: history_of_one(log),
        ),
    ]  # fmt: skip


def loyalty(log: LogFile) -> Measured:
    """A row for every customer; once without the clock, so that file and code are warm."""
    rebuild(log, LOYALTY)
    return paired(log.runs, lambda: rebuild(log, LOYALTY), log.scan)


def rebuild(log: LogFile, *names: str, processes: int = 1) -> float:
    """The time from opening the log to the last generation filled; what was built is dropped."""

    url = log.url  # the log is written before the clock runs

    def work() -> None:
        with crmcore.open(url) as crm, started(processes) as executor:
            crm.maintenance.rebuild_all(names, executor=executor, parts=processes)

    seconds = timed(work)
    with log.crm() as crm:
        for name in names:
            crm.maintenance.retire(name)
    return seconds


def history(log: LogFile) -> Measured:
    """A row for every event: against the same scan, and the same rows inserted bare."""
    with log.crm() as crm:
        crm.maintenance.rebuild(HISTORY)
    kept = log.folder / "history.db"
    with log.connect() as source, closing(sqlite3.connect(kept)):
        name, ddl = source.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
            " AND name LIKE 'customer_history__g%' ORDER BY rowid DESC"
        ).fetchone()
        source.execute("ATTACH ? AS kept", (str(kept),))
        source.execute(f"CREATE TABLE kept.{name} AS SELECT * FROM main.{name}")
        source.commit()
    with log.crm() as crm:
        crm.maintenance.retire(HISTORY)

    def bare() -> float:
        with closing(sqlite3.connect(kept)) as source:
            found = source.execute(f"SELECT * FROM {name}").fetchall()
        return log.scan() + bare_insert(log.folder / "rows.db", [ddl], name, found)

    measured = paired(log.runs, lambda: rebuild(log, HISTORY), bare)
    kept.unlink()
    return measured


def verify(log: LogFile) -> float:
    """The time to recompute every link."""
    with log.crm() as crm:
        return timed(crm.verify)


def history_of_one(log: LogFile) -> Measured:
    """The customer whose number of events is nearest to a hundred."""
    with log.crm() as crm, log.connect() as source:
        crm.maintenance.rebuild(HISTORY)
        crm.maintenance.switch(HISTORY)
        (subject,) = source.execute(
            "SELECT subject_id FROM crm_events WHERE subject_id IS NOT NULL"
            " GROUP BY subject_id ORDER BY abs(count(*) - 100) LIMIT 1"
        ).fetchone()
        query = "SELECT * FROM crm_events WHERE subject_id = ? ORDER BY position"
        return paired(
            log.runs * 20,
            lambda: timed(lambda: crm.read.customers.history(UUID(subject))),
            lambda: timed(lambda: source.execute(query, (subject,)).fetchall()),
        )
