"""Writing: one durable command, and many in one call, each against the bare rows it becomes."""

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import crmcore
from crmcore.commands import CustomerKind, OrderLine, PlaceOrder, RegisterCustomer
from log_file import bare_insert, fresh
from timing import Measured, Row, paired, timed

PURCHASES = 5_000


def rows(folder: Path, runs: int) -> list[Row]:
    """What is measured on a log that begins empty."""
    return [
        Row(
            "one durable command", "one bare one-row transaction", 0.50,
            lambda: one_command(folder, runs * 100),
        ),
        Row(
            "execute_many, purchases of new customers",
            "bare executemany of the same rows and indexes", 0.25,
            lambda: many_commands(folder, runs),
        ),
    ]  # fmt: skip


def one_command(folder: Path, runs: int) -> Measured:
    """A customer is registered; the bare transaction is as durable, and has one index less."""
    with (
        crmcore.open(f"sqlite:///{fresh(folder / 'one.db')}") as crm,
        closing(sqlite3.connect(fresh(folder / "bare.db"), isolation_level=None)) as bare,
    ):
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, data TEXT)")

        def bare_one() -> None:
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT INTO t (data) VALUES (?)", ("x" * 400,))
            bare.execute("COMMIT")

        return paired(
            runs,
            lambda: timed(lambda: crm.execute(customer(crm), by="bench")),
            lambda: timed(bare_one),
        )


def many_commands(folder: Path, runs: int) -> Measured:
    """Every customer is new, and buys once."""
    path = fresh(folder / "many.db")
    with crmcore.open(f"sqlite:///{path}") as crm:
        return paired(runs, lambda: many(crm), lambda: bare_rows(path, folder / "bare_rows.db"))


def customer(crm: crmcore.CRM) -> RegisterCustomer:
    return RegisterCustomer(
        customer_id=crmcore.new_id(), kind=CustomerKind.PERSON, name="Ada Lovelace", at=crm.now()
    )


def many(crm: crmcore.CRM) -> float:
    commands: list[Any] = []
    for _ in range(PURCHASES):
        new = customer(crm)
        goods = crmcore.Money(Decimal("19.90"), "EUR")
        line = OrderLine(line=1, product="tea", quantity=Decimal(1), goods=goods)
        commands += [
            new,
            PlaceOrder(
                order_id=crmcore.new_id(), customer_id=new.customer_id, channel="web",
                lines=(line,), at=crm.now(),
            ),
        ]  # fmt: skip
    return timed(lambda: crm.execute_many(commands, by="bench"))


def bare_rows(path: Path, copy: Path) -> float:
    """The rows of the last such run, inserted into a file of its own in the same batches."""
    with closing(sqlite3.connect(path)) as source:
        found = source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'crm_events' AND sql IS NOT NULL"
        )
        schema = [sql for (sql,) in found]
        rows = source.execute(
            "SELECT * FROM crm_events ORDER BY position DESC LIMIT ?", (2 * PURCHASES,)
        ).fetchall()
    return bare_insert(copy, schema, "crm_events", rows)
