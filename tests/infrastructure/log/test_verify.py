"""Verifying all of a log: rows that no key keeps out, the head, the receipts and the key."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import commands as ask
from crmcore.application.envelope import Envelope
from crmcore.domain.kernel import Command
from crmcore.errors import StoreFormatError
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.infrastructure.log.tables import EVENT_COLUMNS
from crmcore.infrastructure.log.verify import PAGE, Verdict, verify
from tests.application.hammer import cost, plan
from tests.scenario import START, uid

EDGE = PAGE
"""Where a page of records ends: the next one begins after it."""


def without_keys(database: Database) -> None:
    """Let the table of events take any row, as after a careless migration."""
    with database.engine.begin() as connection:
        if database.is_sqlite:
            columns = ", ".join(EVENT_COLUMNS)
            connection.exec_driver_sql(f"CREATE TABLE bare AS SELECT {columns} FROM crm_events")
            connection.exec_driver_sql("DROP TABLE crm_events")
            connection.exec_driver_sql("ALTER TABLE bare RENAME TO crm_events")
        else:
            connection.exec_driver_sql(
                "ALTER TABLE crm_events DROP CONSTRAINT crm_events_pkey,"
                " DROP CONSTRAINT crm_events_stream"
            )
            connection.exec_driver_sql("ALTER TABLE crm_events ALTER COLUMN position DROP NOT NULL")


def forged(database: Database, copied: int, **values: Any) -> None:
    """A copy of a record, with other *values*."""
    events = database.tables.events
    with database.engine.begin() as connection:
        query = sa.select(events).where(events.c.position == copied)
        row = dict(connection.execute(query).mappings().one()) | values
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        connection.execute(sa.text(f"INSERT INTO crm_events ({names}) VALUES ({marks})"), row)


def verdict_of(database: Database) -> Verdict:
    with database.read() as connection:
        return verify(connection, database.tables)


@pytest.fixture
def keyless(database_url: str) -> Iterator[Database]:
    """A log of a page and some more records, without a key."""
    database = Database.open(database_url)
    records = [NewRecord(str(uid(1)), n, "thing", "{}") for n in range(1, EDGE + 11)]
    with database.write() as connection:
        append(connection, database.tables, records, 1)
    without_keys(database)
    yield database
    database.close()


def test_a_log_that_lost_its_keys_is_intact(keyless: Database) -> None:
    assert verdict_of(keyless).intact
    assert verdict_of(keyless).records == EDGE + 10


@pytest.mark.parametrize("position", [1, 2, EDGE - 1, EDGE, EDGE + 1, EDGE + 10])
@pytest.mark.parametrize("data", ["{}", '{"forged": 1}'], ids=["the same again", "another"])
def test_a_second_record_at_a_position_is_found(
    keyless: Database, position: int, data: str
) -> None:
    forged(keyless, position, data=data, actor="Eve")
    verdict = verdict_of(keyless)
    assert (verdict.intact, verdict.broken_at) == (False, position)


def test_a_record_without_a_position_is_found(keyless: Database) -> None:
    forged(keyless, 3, position=None, actor="Eve")
    assert not verdict_of(keyless).intact
    assert verdict_of(keyless).reason == "a record was added that has no position"


@pytest.mark.parametrize("position", ["7", "x", 7.5, b"\x07"])
def test_what_sqlite_takes_for_a_position_is_found(sqlite_url: str, position: Any) -> None:
    database = Database.open(sqlite_url)
    records = [NewRecord(str(uid(1)), n, "thing", "{}") for n in range(1, 10)]
    with database.write() as connection:
        append(connection, database.tables, records, 1)
    without_keys(database)
    forged(database, 3, position=position, actor="Eve")
    assert not verdict_of(database).intact
    database.close()


# The head


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A log of commands: with ids of the senders' and without, alone and in batches, some in vain."""
    with crmcore.open(database_url) as opened:
        opened.execute(plan(), by="me", command_id=uid(1))
        opened.execute(cost(), by="me")
        many = [Envelope(command=cost(), by="me", command_id=uid(10 + n)) for n in range(4)]
        opened.execute_many(many, by="me")
        opened.execute(plan(), by="me", command_id=uid(2))  # holds already
        opened.execute(captured(1), by="me", command_id=uid(3))  # several events
        yield opened


def captured(number: int, email: str = "ann@example.com") -> Command:
    return ask.CaptureLead(
        lead_id=uid(100 + number),
        name="Ann",
        email=email,
        source=ask.LeadSource.WEBSITE,
        at=START,
    )


def change(crm: crmcore.CRM, statement: str, **values: Any) -> None:
    with crm._database.engine.begin() as connection:
        connection.execute(sa.text(statement), values)


def test_what_was_recorded_in_all_these_ways_is_intact(crm: crmcore.CRM) -> None:
    assert crm.verify().reason is None


@pytest.mark.parametrize("ahead", [1, -1, 10**15])
def test_a_head_with_another_instant_of_recording_is_found(crm: crmcore.CRM, ahead: int) -> None:
    change(crm, "UPDATE crm_head SET recorded_at = recorded_at + :ahead", ahead=ahead)
    verdict = crm.verify()
    assert (verdict.records, verdict.broken_at) == (crm.position, None)
    assert verdict.reason == "the head's instant of recording is not that of the last record"


def test_an_instant_of_recording_before_the_first_record_is_found(database_url: str) -> None:
    with crmcore.open(database_url) as crm:
        assert crm.verify().intact
        change(crm, "UPDATE crm_head SET recorded_at = 5")
        assert not crm.verify().intact


def test_a_second_head_is_found(crm: crmcore.CRM) -> None:
    change(
        crm,
        "INSERT INTO crm_head (id, format, position, chain, recorded_at, pseudonym_key)"
        " SELECT 2, format, position, chain, recorded_at, pseudonym_key FROM crm_head",
    )
    assert crm.verify().reason == "the log has more than one head"
    with pytest.raises(StoreFormatError, match="more than one head"):
        crm.execute(cost(), by="me")


# The receipts

FORGED = "INSERT INTO crm_commands VALUES (:id, :digest, :first, :last)"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(1, 1, id="of another command's record"),
        pytest.param(2, 5, id="of many records"),
        pytest.param(1, 10**9, id="beyond the log"),
        pytest.param(10**9, 10**9, id="of a record to come"),
        pytest.param(0, 3, id="from before the first"),
        pytest.param(5, 4, id="backwards"),
        pytest.param(-3, -1, id="before the first"),
        pytest.param(3, 0, id="with an end that is none"),
    ],
)
def test_a_forged_receipt_is_found(crm: crmcore.CRM, first: int, last: int) -> None:
    """It would swallow a command that is still to come, and return what another one did."""
    change(crm, FORGED, id=str(uid(77)), digest=bytes(32), first=first, last=last)
    verdict = crm.verify()
    assert (verdict.records, verdict.broken_at) == (crm.position, None)
    assert f"the receipt of command {uid(77)} names what" in str(verdict.reason)


@pytest.mark.parametrize(
    ("command", "values", "said"),
    [
        pytest.param(1, "first_position = 0, last_position = 0", "leaves out", id="emptied"),
        pytest.param(3, "last_position = last_position - 1", "leaves out", id="cut at the end"),
        pytest.param(3, "first_position = first_position + 1", "leaves out", id="cut at the start"),
        pytest.param(3, "last_position = last_position + 1", "names what", id="beyond the log"),
        pytest.param(11, "last_position = last_position + 1", "names what", id="longer"),
        pytest.param(11, "first_position = first_position - 1", "names what", id="begun earlier"),
        pytest.param(
            11, "first_position = first_position + 1, last_position = last_position + 1",
            "names what", id="moved",
        ),
        pytest.param(2, "first_position = 1, last_position = 1", "names what", id="of no record"),
    ],
)  # fmt: skip
def test_a_receipt_that_was_changed_is_found(
    crm: crmcore.CRM, command: int, values: str, said: str
) -> None:
    change(crm, f"UPDATE crm_commands SET {values} WHERE command_id = :id", id=str(uid(command)))
    assert f"the receipt of command {uid(command)} {said}" in str(crm.verify().reason)


def test_a_second_receipt_is_found(crm: crmcore.CRM) -> None:
    with crm._database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE bare AS SELECT * FROM crm_commands")
        connection.exec_driver_sql("DROP TABLE crm_commands")
        connection.exec_driver_sql("ALTER TABLE bare RENAME TO crm_commands")
    assert crm.verify().intact
    change(
        crm,
        "INSERT INTO crm_commands SELECT command_id, :digest, first_position, last_position"
        " FROM crm_commands WHERE command_id = :id",
        id=str(uid(1)),
        digest=bytes(32),
    )
    assert crm.verify().reason == f"there is more than one receipt of command {uid(1)}"


# The key


def test_a_changed_key_for_pseudonyms_is_found(crm: crmcore.CRM) -> None:
    crm.execute_many([captured(n, f"p{n}@example.com") for n in range(2, 40)], by="me")
    assert crm.verify().intact
    change(crm, "UPDATE crm_head SET pseudonym_key = :key", key=bytes(32))
    verdict = crm.verify()
    assert (verdict.records, verdict.broken_at) == (crm.position, None)
    assert "the key for pseudonyms is not the one" in str(verdict.reason)


def test_a_lead_with_two_addresses_and_one_begun_anew_prove_the_key(database_url: str) -> None:
    with crmcore.open(database_url) as crm:
        crm.execute(captured(1, "first@example.com"), by="me")
        enriched = ask.EnrichLead(lead_id=uid(101), email="second@example.com", at=START)
        crm.execute(enriched, by="me")
        assert crm.verify().intact


def test_a_key_that_nothing_rests_on_may_be_another(database_url: str) -> None:
    with crmcore.open(database_url) as crm:
        crm.execute(plan(), by="me")
        change(crm, "UPDATE crm_head SET pseudonym_key = :key", key=bytes(32))
        assert crm.verify().intact


# What SQLite, or a column without its rule, takes for a value


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "7"),
        ("format", "2"),
        ("position", "NULL"),
        ("position", "-1"),
        ("chain", "NULL"),
        ("chain", "''"),
        ("recorded_at", "NULL"),
        ("pseudonym_key", "NULL"),
        ("pseudonym_key", "'abc'"),
    ],
)
def test_a_head_that_is_none_is_found(crm: crmcore.CRM, column: str, value: str) -> None:
    engine = crm._database.engine
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE bare AS SELECT * FROM crm_head")
        connection.exec_driver_sql("DROP TABLE crm_head")
        connection.exec_driver_sql("ALTER TABLE bare RENAME TO crm_head")
        connection.exec_driver_sql(f"UPDATE crm_head SET {column} = {value}")
    assert "the head is no head of a log: its " in str(crm.verify().reason)


@pytest.fixture
def in_file(sqlite_url: str) -> Iterator[crmcore.CRM]:
    with crmcore.open(sqlite_url) as opened:
        opened.execute(plan(), by="me", command_id=uid(1))
        yield opened


@pytest.mark.parametrize(
    "values",
    [
        "chain = CAST(x'ff' || chain AS TEXT)",
        "pseudonym_key = CAST(pseudonym_key AS TEXT)",
        "position = position + 0.5",
        "recorded_at = 'soon'",
    ],
)
def test_a_head_of_other_kinds_is_found(in_file: crmcore.CRM, values: str) -> None:
    change(in_file, f"UPDATE crm_head SET {values}")
    assert "the head is no head of a log: its " in str(in_file.verify().reason)


def test_a_log_with_a_text_for_a_key_is_not_opened(sqlite_url: str) -> None:
    with crmcore.open(sqlite_url) as crm:
        change(crm, "UPDATE crm_head SET pseudonym_key = 'abc'")
    with pytest.raises(StoreFormatError, match="key for pseudonyms is none"):
        crmcore.open(sqlite_url)


NO_RECEIPT = "there is a receipt that is of no command"


@pytest.mark.parametrize("command", ["zzz", "", "ABCDEF00-0000-4000-8000-000000000001"])
def test_a_receipt_of_no_command_is_found(crm: crmcore.CRM, command: str) -> None:
    change(crm, FORGED, id=command, digest=bytes(32), first=0, last=0)
    assert NO_RECEIPT in str(crm.verify().reason)


@pytest.mark.parametrize("values", ["digest = ''", "command_id = command_id || chr(10)"])
def test_a_receipt_with_another_form_is_found(crm: crmcore.CRM, values: str) -> None:
    if crm._database.is_sqlite:
        values = values.replace("chr", "char")
    change(crm, f"UPDATE crm_commands SET {values} WHERE command_id = :id", id=str(uid(1)))
    assert NO_RECEIPT in str(crm.verify().reason)


@pytest.mark.parametrize(
    "values",
    [
        "command_id = CAST(command_id AS BLOB)",
        "command_id = CAST(x'ff' AS TEXT)",
        "digest = substr(hex(digest), 1, 32)",
        "last_position = last_position + 0.2",
    ],
)
def test_a_receipt_of_other_kinds_is_found(in_file: crmcore.CRM, values: str) -> None:
    change(in_file, f"UPDATE crm_commands SET {values}")
    assert NO_RECEIPT in str(in_file.verify().reason)
