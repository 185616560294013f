"""The chain: whatever is altered, removed, inserted or reordered is found, at its position."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.infrastructure.log.chain import FIRST_LINK, Row, link
from crmcore.infrastructure.log.tables import EVENT_COLUMNS
from crmcore.infrastructure.log.verify import Verdict, verify
from tests.scenario import uid

RECORDS = 9
NOW = 1_767_603_600_000_000  # 2026-01-05T09:00Z
HOSTILE = (
    'quote " backslash \\ slash /', "tab\tline\nreturn\r", "\x01\x1f\x7f\x80", "\u2028\u2029\ufeff",
    "Zoë ✓ 👩‍👩‍👧 é", "'; DROP TABLE crm_events; --", "\\N", "\\u0041", "", " ",
)  # fmt: skip

in_one_database = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
positions = st.integers(1, RECORDS)


def record(number: int) -> NewRecord:
    """A record that differs from all others in every column that may differ."""
    return NewRecord(
        stream_id=str(uid(number)),
        stream_version=number,
        topic=f"thing-{number}",
        data=json.dumps({"text": HOSTILE[number % len(HOSTILE)]}),
        schema_version=number,
        subject_id=str(uid(100 + number)),
        occurred_at=NOW - number,
        actor=HOSTILE[number % len(HOSTILE)],
        command_id=str(uid(200 + number)),
        correlation_id=None,
        causation_id=str(uid(300 + number)),
        source=HOSTILE[-number % len(HOSTILE)],
    )


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A log of a few records."""
    database = Database.open(database_url)
    with database.write() as connection:
        append(connection, database.tables, [record(n) for n in range(1, RECORDS + 1)], NOW)
    yield database
    database.close()


class Tampering:
    """Changes to a log that are seen by ``verify`` and then undone."""

    def __init__(self, database: Database) -> None:
        self.database, self.events = database, database.tables.events
        self.connection: sa.Connection

    def __enter__(self) -> "Tampering":
        self.connection = self.database.engine.connect()
        self.connection.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.rollback()
        self.connection.close()

    def verdict(self) -> Verdict:
        return verify(self.connection, self.database.tables)

    def alter(self, position: int, /, **values: Any) -> None:
        events = self.events
        done = self.connection.execute(
            sa.update(events).where(events.c.position == position).values(**values)
        )
        assert done.rowcount == 1

    def remove(self, first: int, last: int) -> None:
        self.connection.execute(
            sa.delete(self.events).where(self.events.c.position.between(first, last))
        )

    def move(self, position: int, to: int) -> None:
        self.alter(position, position=to)

    def row(self, position: int) -> dict[str, Any]:
        query = sa.select(self.events).where(self.events.c.position == position)
        return dict(self.connection.execute(query).mappings().one())

    def insert(self, row: dict[str, Any]) -> None:
        self.connection.execute(sa.insert(self.events).values(row))


def other(value: Any) -> Any:
    """Another value of the same type, different by as little as can be."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, int):
        return value + 1
    return "x" if value is None else value + " "


def test_an_untouched_log_is_intact(database: Database) -> None:
    seen: list[tuple[int, int]] = []
    with database.read() as connection:
        verdict = verify(
            connection, database.tables, lambda done, total: seen.append((done, total))
        )
        head = connection.execute(sa.select(database.tables.head.c.chain)).scalar_one()
    assert verdict == Verdict(RECORDS, bytes(head))
    assert verdict.intact
    assert seen == [(RECORDS, RECORDS)]


def test_an_empty_log_is_intact(database_url: str) -> None:
    database = Database.open(database_url)
    with database.read() as connection:
        assert verify(connection, database.tables) == Verdict(0, FIRST_LINK)
    database.close()


@pytest.mark.parametrize("size", [19, 20, 5_001], ids=["insert", "copy", "more than a page"])
def test_a_log_of_any_size_is_intact(database: Database, size: int) -> None:
    more = [record(n)._replace(stream_version=10 + n) for n in range(size)]
    with database.write() as connection:
        append(connection, database.tables, more, NOW)
    with database.read() as connection:
        assert verify(connection, database.tables).records == RECORDS + size
        assert verify(connection, database.tables).intact


def test_an_altered_record_is_found(database: Database) -> None:
    columns = st.sampled_from([name for name in EVENT_COLUMNS if name != "position"])

    @in_one_database
    @given(positions, columns)
    def found(position: int, column: str) -> None:
        with Tampering(database) as tampering:
            tampering.alter(position, **{column: other(tampering.row(position)[column])})
            verdict = tampering.verdict()
            assert (verdict.broken_at, verdict.records) == (position, position - 1)
            assert "is not the one that was recorded" in str(verdict.reason)

    found()


def test_an_altered_record_whose_link_was_forged_is_found_by_its_successor(
    database: Database,
) -> None:
    with Tampering(database) as tampering:
        row = tampering.row(4) | {"actor": "someone else"}
        forged = link(tampering.row(3)["chain"], tuple(row[name] for name in EVENT_COLUMNS[:-1]))
        tampering.alter(4, actor="someone else", chain=forged)
        assert tampering.verdict().broken_at == 5
        tampering.remove(5, RECORDS)
        tampering.connection.execute(sa.update(database.tables.head).values(position=4))
        assert tampering.verdict().broken_at == 4
        assert "head" in str(tampering.verdict().reason)


def test_removed_records_are_found(database: Database) -> None:
    @in_one_database
    @given(positions, positions)
    def found(one: int, another: int) -> None:
        first, last = sorted((one, another))
        with Tampering(database) as tampering:
            tampering.remove(first, last)
            verdict = tampering.verdict()
            assert (verdict.broken_at, verdict.reason) == (first, "the record is missing")

    found()


def test_a_removed_record_is_found_when_the_others_close_ranks(database: Database) -> None:
    for position in range(1, RECORDS + 1):
        with Tampering(database) as tampering:
            tampering.remove(position, position)
            for later in range(position + 1, RECORDS + 1):
                tampering.move(later, to=later - 1)
            assert tampering.verdict().broken_at == position


def test_an_inserted_record_is_found(database: Database) -> None:
    for position in range(1, RECORDS + 2):
        with Tampering(database) as tampering:
            copied = tampering.row(1) | {"position": position, "stream_version": 77}
            for later in range(RECORDS, position - 1, -1):
                tampering.move(later, to=later + 1)
            tampering.insert(copied)
            assert tampering.verdict().broken_at == position


@pytest.mark.parametrize("position", [0, -1, -(2**63)])
def test_a_record_before_the_first_is_found(database: Database, position: int) -> None:
    with Tampering(database) as tampering:
        tampering.insert(tampering.row(1) | {"position": position, "stream_version": 77})
        verdict = tampering.verdict()
        assert (verdict.broken_at, verdict.reason) == (position, "the record was added")


def test_a_record_after_the_head_is_found_even_with_a_good_link(database: Database) -> None:
    with Tampering(database) as tampering:
        last = tampering.row(RECORDS)
        row = last | {"position": RECORDS + 1, "stream_version": 77}
        row["chain"] = link(last["chain"], tuple(row[name] for name in EVENT_COLUMNS[:-1]))
        tampering.insert(row)
        verdict = tampering.verdict()
        assert (verdict.broken_at, verdict.reason) == (RECORDS + 1, "the record was added")


def test_reordered_records_are_found(database: Database) -> None:
    @in_one_database
    @given(st.lists(positions, min_size=2, max_size=2, unique=True))
    def found(pair: list[int]) -> None:
        first, last = sorted(pair)
        with Tampering(database) as tampering:
            tampering.move(first, to=1_000)
            tampering.move(last, to=first)
            tampering.move(1_000, to=last)
            assert tampering.verdict().broken_at == first

    found()


@pytest.mark.parametrize(
    ("values", "broken_at"),
    [
        pytest.param({"position": RECORDS - 1}, RECORDS, id="moved back"),
        pytest.param({"position": RECORDS + 1}, RECORDS + 1, id="moved on"),
        pytest.param({"chain": bytes(32)}, RECORDS, id="another link"),
    ],
)
def test_an_altered_head_is_found(
    database: Database, values: dict[str, Any], broken_at: int
) -> None:
    with Tampering(database) as tampering:
        tampering.connection.execute(sa.update(database.tables.head).values(**values))
        assert tampering.verdict().broken_at == broken_at


def test_a_lost_head_is_found(database: Database) -> None:
    with Tampering(database) as tampering:
        tampering.connection.execute(sa.delete(database.tables.head))
        assert tampering.verdict().reason == "the head of the log is missing"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("chain = 'text'", id="text for a link"),
        pytest.param("chain = 5", id="a number for a link"),
        pytest.param("chain = 1e300", id="a huge number for a link"),
        pytest.param("data = CAST(x'ff00fe' AS TEXT)", id="bytes that are no UTF-8"),
        pytest.param("data = x'7b7d'", id="a blob for text"),
        pytest.param("recorded_at = 9e999", id="infinity for an instant"),
        pytest.param("stream_version = 'three'", id="text for a number"),
    ],
)
def test_what_sqlite_lets_in_is_found(sqlite_url: str, change: str) -> None:
    """SQLite stores any type in any column."""
    database = Database.open(sqlite_url)
    with database.write() as connection:
        append(connection, database.tables, [record(n) for n in range(1, RECORDS + 1)], NOW)
    with Tampering(database) as tampering:
        tampering.connection.exec_driver_sql(f"UPDATE crm_events SET {change} WHERE position = 3")
        assert (tampering.verdict().broken_at, tampering.verdict().records) == (3, 2)
    database.close()


# The bytes under the chain

texts = st.text(st.characters(codec="utf-8")) | st.sampled_from(HOSTILE)
numbers = st.integers(-(2**63), 2**63 - 1)
rows = st.tuples(
    numbers, texts, numbers, texts, numbers, st.none() | texts, numbers, numbers,
    *[st.none() | texts] * 5, texts,
)  # fmt: skip


def link_by_stdlib(previous: bytes, row: Any) -> bytes:
    """The link as any other program would compute it, from the description in ``chain``."""
    array = json.dumps(list(row), ensure_ascii=False, separators=(",", ":"))
    return sha256(previous + array.encode()).digest()


@given(st.binary(min_size=32, max_size=32), rows)
def test_any_link_can_be_recomputed_with_the_standard_library(previous: bytes, row: Row) -> None:
    assert link(previous, row) == link_by_stdlib(previous, row)


def test_every_character_is_written_as_the_standard_library_writes_it() -> None:
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    for start in range(0, len(characters), 4_096):
        text = "".join(characters[start : start + 4_096])
        row = (1, text, 1, "t", 1, None, 0, 0, None, None, None, None, None, "{}")
        assert link(FIRST_LINK, row) == link_by_stdlib(FIRST_LINK, row)


def test_half_a_character_has_no_link() -> None:
    row = (1, "\ud800", 1, "t", 1, None, 0, 0, None, None, None, None, None, "{}")
    for make_link in (link, link_by_stdlib):
        with pytest.raises(UnicodeEncodeError):
            make_link(FIRST_LINK, row)


@pytest.mark.parametrize("size", [RECORDS, 30], ids=["insert", "copy"])
def test_the_stored_log_can_be_recomputed_with_the_standard_library(
    database: Database, size: int
) -> None:
    more = [record(n)._replace(stream_version=20 + n) for n in range(size)]
    with database.write() as connection:
        append(connection, database.tables, more, NOW)
    with database.read() as connection:
        query = sa.select(database.tables.events).order_by(database.tables.events.c.position)
        chain = FIRST_LINK
        for *row, stored in connection.execute(query):
            chain = link_by_stdlib(chain, row)
            assert chain == bytes(stored)


# Positions and instants


def test_the_log_never_runs_backwards(database: Database) -> None:
    """A clock that is set back stamps no record before its predecessor."""
    clock = [NOW + 5, NOW - 10**9, NOW + 4, NOW + 6, 0]
    with database.write() as connection:
        for version, now in enumerate(clock, 1):
            one = record(50)._replace(stream_version=version, occurred_at=None)
            append(connection, database.tables, [one], now)
        events = database.tables.events.c
        query = sa.select(events.recorded_at, events.occurred_at).where(events.position > RECORDS)
        stamps = connection.execute(query.order_by(events.position)).all()
    assert [recorded for recorded, _ in stamps] == [NOW + at for at in (5, 5, 5, 6, 6)]
    assert all(recorded == occurred for recorded, occurred in stamps)


def test_nothing_to_append_takes_no_position(database: Database) -> None:
    with database.write() as connection:
        assert append(connection, database.tables, [], NOW) == []
        assert append(connection, database.tables, [record(80)], NOW) == [RECORDS + 1]


def test_the_file_can_be_verified_by_the_standard_library_alone(tmp_path: Path) -> None:
    """An auditor with Python and nothing else: sqlite3, json, hashlib."""
    import sqlite3

    database = Database.open(f"sqlite:///{tmp_path}/crm.db")
    with database.write() as connection:
        now = int(datetime.now(UTC).timestamp() * 1_000_000)
        append(connection, database.tables, [record(n) for n in range(1, 50)], now)
    database.close()

    file, chain = sqlite3.connect(tmp_path / "crm.db"), bytes(32)
    for *row, stored in file.execute("SELECT * FROM crm_events ORDER BY position"):
        array = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
        chain = sha256(chain + array.encode()).digest()
        assert chain == stored
    assert file.execute("SELECT position, chain FROM crm_head").fetchone() == (49, chain)
    file.close()
