"""Verifying the log: every link recomputed, and all that stands beside the records compared with them.

Every row is counted, whatever its position says, so that nothing hides where a key was dropped.
What the records do not tell cannot be compared: the digest of a receipt, a receipt of a command
that recorded nothing, and whether a receipt is missing (not every command has one).
"""

from collections.abc import Callable
from typing import Any, Final

import attrs
from sqlalchemy import Connection, exc

from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.database.driver import fetch_all, stream
from crmcore.infrastructure.log.chain import FIRST_LINK, Row, link
from crmcore.infrastructure.log.read import in_order
from crmcore.infrastructure.log.tables import EVENT_COLUMNS, FORMAT, LogTables

PAGE: Final = 5_000
TOPIC: Final = EVENT_COLUMNS.index("topic")
RECORDED_AT: Final = EVENT_COLUMNS.index("recorded_at")

LINK_BYTES: Final = 32
KEY_BYTES: Final = 32
DIGEST_BYTES: Final = 32
UUID_DIGITS: Final = (8, 4, 4, 4, 12)


@frozen
class Verdict:
    """What verifying found: ``records`` with good links, and the first thing wrong, if any.

    ``reason`` says in words what is wrong.  ``broken_at`` is the position of the first record that
    is not what was recorded there; None where the records are good, and what stands beside them
    (the head, the receipts, the key for pseudonyms) is not.
    """

    records: int
    head: bytes
    broken_at: int | None = None
    reason: str | None = None

    @property
    def intact(self) -> bool:
        """Whether nothing was altered, removed, inserted or reordered."""
        return self.reason is None


@frozen
class First:
    """The first records of a topic, kept on the way past them; no index leads to a topic."""

    topic: str | None = None
    most: int = 0
    rows: list[Row] = attrs.field(factory=list, init=False)

    def see(self, row: Row) -> None:
        """Keep a record of the topic, as long as there are few."""
        if len(self.rows) < self.most:
            self.rows.append(row)


def verify(
    connection: Connection,
    tables: LogTables,
    progress: Callable[[int, int], None] | None = None,
    first: First | None = None,
) -> Verdict:
    """Recompute the chain, and compare the head and the receipts with the records.

    *progress* is called with the records done and all records; *first* keeps some of these.  The
    connection should see one moment (``Database.read``).
    """
    quoted = connection.dialect.identifier_preparer.format_table
    heads = _heads(connection, quoted(tables.head))
    if not heads:
        return Verdict(0, FIRST_LINK, 1, "the head of the log is missing")
    if len(heads) > 1:
        return Verdict(0, FIRST_LINK, None, "the log has more than one head")
    wrong = _wrong_head(heads[0])
    if wrong:
        return Verdict(0, FIRST_LINK, None, f"the head is no head of a log: its {wrong}")
    _, _, last, chain, recorded_at, _ = heads[0]
    report = progress or _nobody
    verdict, recorded = _records(
        connection, quoted(tables.events), lambda done: report(done, last), first or First()
    )
    if not verdict.intact:
        return verdict
    position = verdict.records
    if position != last:
        reason = "the record is missing" if position < last else "the record was added"
        return attrs.evolve(verdict, broken_at=min(position, last) + 1, reason=reason)
    if chain != verdict.head:
        reason = "the end of the chain is not the head's"
        return attrs.evolve(verdict, broken_at=position, reason=reason)
    if recorded_at != recorded:
        reason = "the head's instant of recording is not that of the last record"
        return attrs.evolve(verdict, reason=reason)
    return attrs.evolve(verdict, reason=_wrong_receipt(connection, tables, last))


def _heads(connection: Connection, head: str) -> list[tuple[Any, ...]]:
    """The rows of the head, as they are."""
    names = "id, format, position, chain, recorded_at, pseudonym_key"
    if connection.dialect.name == "sqlite":  # there a text may be none, which cannot be read
        whole = ("id", "format", "position", "recorded_at")
        read = [f"CASE typeof({name}) WHEN 'integer' THEN {name} END" for name in whole]
        link_, key = (
            f"CASE typeof({name}) WHEN 'blob' THEN {name} END"
            for name in ("chain", "pseudonym_key")
        )
        names = ", ".join((*read[:3], link_, read[3], key))
    return fetch_all(connection, f"SELECT {names} FROM {head}", ())


def _wrong_head(head: tuple[Any, ...]) -> str | None:
    """What of the head can be in no log, whatever its records are."""
    id_, format_, position, chain, recorded_at, key = head
    checks = (
        ("id", id_ == 1),
        ("format", format_ == FORMAT),
        ("position", position is not None and position >= 0),
        ("link", chain is not None and len(chain) == LINK_BYTES),
        ("instant of recording", recorded_at is not None),
        ("key for pseudonyms", key is not None and len(key) == KEY_BYTES),
    )
    return next((name for name, holds in checks if not holds), None)


def _nobody(_done: int, _all: int) -> None:
    """Nobody wants to know."""


def _records(
    connection: Connection, events: str, done: Callable[[int], None], first: First
) -> tuple[Verdict, int]:
    """The verdict on the records alone, and the instant of the last one."""
    position, chain, recorded, topic = 0, FIRST_LINK, 0, first.topic
    query = f"SELECT {', '.join(EVENT_COLUMNS)} FROM {events} ORDER BY position"

    def broken(at: int, reason: str) -> tuple[Verdict, int]:
        return Verdict(position, chain, at, reason), recorded

    try:
        with in_order(connection):
            for row in stream(connection, query, PAGE):
                if row[0] != position + 1:
                    return broken(*_out_of_place(row[0], position))
                sealed = link(chain, row[:-1])
                if row[-1] != sealed:
                    reason = "the record, or its link, is not the one that was recorded"
                    return broken(position + 1, reason)
                position, chain, recorded = position + 1, sealed, row[RECORDED_AT]
                if row[TOPIC] == topic:
                    first.see(row[:-1])
                if not position % PAGE:
                    done(position)
    except exc.OperationalError as error:  # SQLite lets bytes in for text
        if "Could not decode" not in str(error.orig):
            raise
        return broken(position + 1, "the record is no text (UTF-8)")
    if position % PAGE:
        done(position)
    return Verdict(position, chain), recorded


def _out_of_place(found: Any, position: int) -> tuple[int, str]:
    """Where the log is broken, and how, if *found* stands after *position* in place of the next."""
    if not isinstance(found, int):
        return position + 1, "a record was added that has no position"
    if found > position:
        return position + 1, "the record is missing"
    return found, "the record was added"


def _wrong_receipt(connection: Connection, tables: LogTables, last: int) -> str | None:
    """What is wrong with the receipts: each names the records of its command, all and no others."""
    quoted = connection.dialect.identifier_preparer.format_table
    events, receipts = quoted(tables.events), quoted(tables.commands)
    named = "e.position BETWEEN c.first_position AND c.last_position"
    within = f"c.first_position BETWEEN 1 AND c.last_position AND c.last_position <= {last}"
    count = f"(SELECT count(*) FROM {events} e WHERE {named} AND e.command_id = c.command_id)"
    questions = (
        (
            f"SELECT 1 FROM {receipts} c WHERE NOT coalesce({_receipt_form(connection)}, FALSE)"
            " LIMIT 1",
            "there is a receipt that is of no command, or without its digest or positions",
        ),
        (
            f"SELECT command_id FROM {receipts} GROUP BY command_id HAVING count(*) > 1 LIMIT 1",
            "there is more than one receipt of command {}",
        ),
        (
            f"SELECT c.command_id FROM {receipts} c WHERE NOT coalesce("
            "c.first_position = 0 AND c.last_position = 0"
            f" OR {within} AND {count} = c.last_position - c.first_position + 1, FALSE) LIMIT 1",
            "the receipt of command {} names what that command did not record",
        ),
        (
            f"SELECT c.command_id FROM {events} e CROSS JOIN {receipts} c"
            f" WHERE c.command_id = e.command_id AND NOT {named} LIMIT 1",
            "the receipt of command {} leaves out what that command recorded",
        ),
    )
    if not fetch_all(connection, f"SELECT 1 FROM {receipts} LIMIT 1", ()):
        return None
    for question, reason in questions:
        found = fetch_all(connection, question, ())
        if found:
            return reason.format(found[0][0])
    return None


def _receipt_form(connection: Connection) -> str:
    """What holds of each receipt *c*, whatever its command did; SQLite takes any value anywhere."""
    digest = f"length(c.digest) = {DIGEST_BYTES}"
    if connection.dialect.name == "postgresql":
        id_ = "-".join(f"[0-9a-f]{{{count}}}" for count in UUID_DIGITS)
        places = "c.first_position IS NOT NULL AND c.last_position IS NOT NULL"
        return f"c.command_id ~ '^{id_}$' AND {digest} AND {places}"
    id_ = "-".join("[0-9a-f]" * count for count in UUID_DIGITS)
    kinds = {
        "command_id": "text",
        "digest": "blob",
        "first_position": "integer",
        "last_position": "integer",
    }
    typed = " AND ".join(f"typeof(c.{name}) = '{kind}'" for name, kind in kinds.items())
    return f"{typed} AND c.command_id GLOB '{id_}' AND {digest}"
