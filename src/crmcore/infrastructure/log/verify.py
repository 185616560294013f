"""Verifying the log: every link recomputed from the first record on."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import Connection, exc, func, select

from crmcore.infrastructure.log.chain import FIRST_LINK, link
from crmcore.infrastructure.log.driver import fetch_all
from crmcore.infrastructure.log.tables import EVENT_COLUMNS, LogTables

__all__ = ["Verdict", "verify"]

PAGE = 5_000
UNREADABLE: Final[list[Any]] = [()]


@attrs.frozen
class Verdict:
    """What verifying found: ``records`` with good links, and the first break, if any.

    ``broken_at`` is the position of the first record that is not what was recorded there;
    ``reason`` says in words what is wrong.
    """

    records: int
    head: bytes
    broken_at: int | None = None
    reason: str | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing was altered, removed, inserted or reordered."""
        return self.broken_at is None


def verify(
    connection: Connection,
    tables: LogTables,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Recompute the chain; *progress* is called with the records done and all records.

    The connection should see one moment (``Database.read``), as the head is compared too.
    """
    found = connection.execute(select(tables.head.c.position, tables.head.c.chain)).one_or_none()
    first = connection.execute(select(func.min(tables.events.c.position))).scalar()
    position, chain = 0, FIRST_LINK
    if found is None:
        return Verdict(position, chain, 1, "the head of the log is missing")
    if first is not None and first < 1:
        return Verdict(position, chain, first, "the record was added")
    last, head = found
    table = connection.dialect.identifier_preparer.format_table(tables.events)
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    page = (
        f"SELECT {', '.join(EVENT_COLUMNS)} FROM {table} WHERE position > {mark}"
        " ORDER BY position LIMIT "
    )
    while rows := _page(connection, page, position):
        if rows is UNREADABLE:
            return Verdict(position, chain, position + 1, "the record is no text (UTF-8)")
        for row in rows:
            if row[0] != position + 1:
                return Verdict(position, chain, position + 1, "the record is missing")
            chain = link(chain, row[:-1])
            position += 1
            if row[-1] != chain:
                reason = "the record, or its link, is not the one that was recorded"
                return Verdict(position - 1, chain, position, reason)
        if progress is not None:
            progress(position, last)
    if position != last:
        reason = "the record is missing" if position < last else "the record was added"
        return Verdict(position, chain, min(position, last) + 1, reason)
    if head != chain:
        return Verdict(position, chain, position, "the end of the chain is not the head's")
    return Verdict(position, chain)


def _page(connection: Connection, query: str, after: int) -> Sequence[Any]:
    """The next records; one by one where SQLite holds bytes in place of text; at them, UNREADABLE."""
    for size in (PAGE, 1):
        try:
            return fetch_all(connection, f"{query}{size}", (after,))
        except exc.OperationalError as error:
            if "Could not decode" not in str(error.orig):
                raise
    return UNREADABLE
