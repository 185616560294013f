"""What the shipped suites leave out: big batches, other processes, ids for ever, failures."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from eventsourcing import persistence
from eventsourcing.persistence import Notification, ProcessRecorder, StoredEvent, Tracking
from hypothesis import given
from hypothesis import strategies as st

from crmcore.eventsourcing import (
    CrmAggregateRecorder,
    CrmApplicationRecorder,
    CrmProcessRecorder,
    CrmTrackingRecorder,
    Factory,
)
from crmcore.infrastructure.recording.identity import state_of, text_of
from tests.infrastructure.log.writer import stream
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
SUBSCRIPTION = "crmcore.infrastructure.recording.subscription"


@pytest.fixture
def factory(database_url: str) -> Iterator[Factory]:
    factory = Factory({Factory.CRMCORE_URL: database_url})
    yield factory
    factory.close()


@pytest.fixture
def recorder(factory: Factory) -> CrmApplicationRecorder:
    return CrmApplicationRecorder(factory.database)


@pytest.fixture
def process(factory: Factory) -> ProcessRecorder:
    return factory.process_recorder()


def another_process(url: str, streams: int, size: int) -> "subprocess.Popen[bytes]":
    arguments = ["-m", "tests.infrastructure.log.writer", url, str(streams), str(size)]
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT)


def recorded(recorder: CrmApplicationRecorder) -> list[Notification]:
    return list(recorder.select_notifications(start=None, limit=1_000_000))


def ids(recorder: CrmApplicationRecorder) -> list[int]:
    return [notification.id for notification in recorded(recorder)]


# Batches


@pytest.mark.parametrize("size", [19, 20, 1_001, 5_000])
def test_a_batch_of_any_size_is_recorded_in_order(
    recorder: CrmApplicationRecorder, size: int
) -> None:
    batch = stream(size)
    assert recorder.insert_events(batch) == list(range(1, size + 1))
    assert recorder.select_events(batch[0].originator_id) == batch
    assert [(n.id, n.originator_version) for n in recorded(recorder)] == [
        (n, n) for n in range(1, size + 1)
    ]


@pytest.mark.parametrize("size", [2, 500])
def test_a_batch_with_one_conflict_is_refused_as_a_whole(
    recorder: CrmApplicationRecorder, size: int
) -> None:
    first = stream(1)
    recorder.insert_events(first)
    with pytest.raises(persistence.IntegrityError):
        recorder.insert_events([*stream(size), *first])
    assert ids(recorder) == [1]


# Ids


def test_ids_have_no_gaps_after_refused_inserts(recorder: CrmApplicationRecorder) -> None:
    batch = stream(3)
    recorder.insert_events(batch)
    for _ in range(3):
        with pytest.raises(persistence.IntegrityError):
            recorder.insert_events([*stream(2), batch[0]])
    assert recorder.insert_events(stream(2)) == [4, 5]


def test_an_id_is_not_used_again_when_its_event_is_gone(
    factory: Factory, recorder: CrmApplicationRecorder
) -> None:
    recorder.insert_events(stream(3))
    events = factory.database.tables.events
    with factory.database.engine.begin() as connection:
        connection.execute(sa.delete(events).where(events.c.position == 3))
    assert recorder.insert_events(stream(1)) == [4]


# Many writers


def test_threads_that_write_at_once_lose_nothing(recorder: CrmApplicationRecorder) -> None:
    batches = [stream(1 + number % 30) for number in range(80)]
    with ThreadPoolExecutor(8) as pool:
        given_ids = list(pool.map(recorder.insert_events, batches))
    total = sum(map(len, batches))
    assert ids(recorder) == list(range(1, total + 1))
    for batch, batch_ids in zip(batches, given_ids, strict=True):
        assert batch_ids is not None
        assert list(batch_ids) == list(range(batch_ids[0], batch_ids[0] + len(batch)))
        assert recorder.select_events(batch[0].originator_id) == batch


def test_processes_that_write_at_once_lose_nothing(
    database_url: str, recorder: CrmApplicationRecorder
) -> None:
    writers = [another_process(database_url, streams=20, size=25) for _ in range(3)]
    with recorder.subscribe(gt=0) as subscription:
        seen = [next(subscription).id for _ in range(3 * 20 * 25)]
    assert [writer.wait(PATIENCE) for writer in writers] == [0, 0, 0]
    assert ids(recorder) == seen == list(range(1, 1_501))


def test_a_writer_killed_at_any_moment_leaves_whole_batches(
    database_url: str, recorder: CrmApplicationRecorder
) -> None:
    writer = another_process(database_url, streams=1_000_000, size=25)
    with recorder.subscribe(gt=0) as subscription:
        for _ in range(200):
            next(subscription)
    writer.kill()
    writer.wait(PATIENCE)
    following = recorder.insert_events(stream(25))  # waits for what the dead writer still holds
    assert following is not None
    total = following[-1]
    assert ids(recorder) == list(range(1, total + 1))
    versions = [notification.originator_version for notification in recorded(recorder)]
    assert versions == list(range(1, 26)) * (total // 25)


def test_of_two_who_write_the_same_version_one_is_refused(
    recorder: CrmApplicationRecorder,
) -> None:
    same = stream(1)

    def write(_: int) -> bool:
        try:
            recorder.insert_events(same)
        except persistence.IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(write, range(4))) == 1
    assert ids(recorder) == [1]


# Subscriptions


def test_a_subscription_hears_of_another_process(
    database_url: str, recorder: CrmApplicationRecorder
) -> None:
    with recorder.subscribe(gt=None) as subscription:
        writer = another_process(database_url, streams=1, size=2)
        assert [next(subscription).id, next(subscription).id] == [1, 2]
        assert writer.wait(PATIENCE) == 0


def test_a_subscription_goes_past_what_its_topics_leave_out(
    recorder: CrmApplicationRecorder,
) -> None:
    recorder.insert_events(stream(1_200))
    wanted = StoredEvent(uuid4(), 1, "wanted", b"{}")
    with recorder.subscribe(gt=0, topics=["wanted"]) as subscription:
        recorder.insert_events([wanted])
        assert next(subscription).id == 1_201


def test_on_postgresql_the_server_tells(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(f"{SUBSCRIPTION}.LISTENING_POLLS", 1_000_000)  # never polls
    writer, reader = (Factory({Factory.CRMCORE_URL: postgres_url}) for _ in range(2))
    with CrmApplicationRecorder(reader.database).subscribe(gt=0) as subscription:
        for size in (1, 30):
            CrmApplicationRecorder(writer.database).insert_events(stream(size))
            for _ in range(size):
                next(subscription)
    writer.close()
    reader.close()
    assert not caplog.records


def test_a_subscription_survives_the_loss_of_its_connections(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{SUBSCRIPTION}.LISTENING_POLLS", 3)
    factory = Factory({Factory.CRMCORE_URL: postgres_url})
    recorder = CrmApplicationRecorder(factory.database)
    cut = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with recorder.subscribe(gt=0) as subscription:
        for expected in (1, 2, 3):
            recorder.insert_events(stream(1))
            assert next(subscription).id == expected
            with factory.database.engine.connect() as connection:
                connection.execute(cut)
    factory.close()


def test_a_subscription_to_a_lost_database_ends_with_the_error(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{SUBSCRIPTION}.RETRIES", 1)
    factory = Factory({Factory.CRMCORE_URL: sqlite_url})
    recorder = CrmApplicationRecorder(factory.database)
    with recorder.subscribe(gt=0) as subscription:
        with factory.database.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE crm_head")
        with pytest.raises(persistence.OperationalError, match="no such table"):
            next(subscription)
    factory.close()


# Transactions


def test_events_join_the_transaction_of_the_host(
    factory: Factory, recorder: CrmApplicationRecorder
) -> None:
    with factory.database.engine.connect() as connection:
        with connection.begin() as transaction:
            assert recorder.insert_events(stream(2), connection=connection) == [1, 2]
            transaction.rollback()
        with connection.begin():
            recorder.insert_events(stream(1), connection=connection)
            recorder.insert_events(stream(1), connection=connection)
    assert ids(recorder) == [1, 2]


def test_events_and_tracking_are_recorded_together_or_not(process: CrmProcessRecorder) -> None:
    process.insert_events(stream(1), tracking=Tracking("upstream", 5))
    with pytest.raises(persistence.IntegrityError):
        process.insert_events(stream(1), tracking=Tracking("upstream", 4))
    assert (ids(process), process.max_tracking_id("upstream")) == ([1], 5)


def test_a_view_and_its_tracking_change_together_or_not(factory: Factory) -> None:
    view = factory.tracking_recorder(Counts)
    assert isinstance(view, Counts)
    view.count(Tracking("upstream", 1))
    with pytest.raises(persistence.IntegrityError):
        view.count(Tracking("upstream", 1))
    assert view.total() == 1


class Counts(CrmTrackingRecorder):
    """A view: how many events there were."""

    counts = sa.Table("counts", sa.MetaData(), sa.Column("n", sa.Integer))

    def tables(self) -> list[sa.Table]:
        return [*super().tables(), self.counts]

    def count(self, tracking: Tracking) -> None:
        with self.transaction() as connection:
            connection.execute(sa.insert(self.counts).values(n=1))
            self.insert_tracking(tracking, connection=connection)

    def total(self) -> int:
        with self.reading() as connection:
            return connection.execute(
                sa.select(sa.func.count()).select_from(self.counts)
            ).scalar_one()


# What is stored


@given(st.binary() | st.text().map(str.encode) | st.just(b"=not base64") | st.just(b"a\0b"))
def test_any_state_comes_back_as_it_was(state: bytes) -> None:
    text = text_of(state)
    assert "\0" not in text
    assert state_of(text) == state


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_plain_text_is_stored_as_it_is(text: str) -> None:
    if not text.startswith("="):
        assert text_of(text.encode()) == text


@pytest.mark.parametrize("repeats", [1, 50], ids=["insert", "copy"])
def test_binary_states_survive_the_database(recorder: CrmApplicationRecorder, repeats: int) -> None:
    states = [b"", b"\0", b"=", b"\\N\t\n\r", b"\xff\xfe", "Zoë ✓".encode(), bytes(range(256))]
    name = uuid4()
    batch = [StoredEvent(name, n, "t\\t", state) for n, state in enumerate(states * repeats)]
    recorder.insert_events(batch)
    assert recorder.select_events(name) == batch
    assert [n.state for n in recorded(recorder)] == states * repeats


# Settings


def test_streams_may_be_named_by_text(database_url: str) -> None:
    factory = Factory({Factory.CRMCORE_URL: database_url, Factory.ORIGINATOR_ID_TYPE: "text"})
    recorder = factory.application_recorder()
    recorder.insert_events([StoredEvent("account-1", 1, "topic", b"{}")])
    assert recorder.select_events("account-1")[0].originator_id == "account-1"
    assert recorder.select_notifications(1, 1)[0].originator_id == "account-1"

    by_uuid = Factory({Factory.CRMCORE_URL: database_url})
    with pytest.raises(persistence.DataError, match="ORIGINATOR_ID_TYPE=text"):
        by_uuid.application_recorder().select_notifications(1, 1)
    factory.close()
    by_uuid.close()


def test_schemas_of_one_database_are_separate_logs(postgres_url: str) -> None:
    tenants = [
        Factory({Factory.CRMCORE_URL: postgres_url, Factory.CRMCORE_SCHEMA: schema})
        for schema in ("north", "south")
    ]
    for tenant in tenants:
        recorder = tenant.application_recorder()
        assert recorder.max_notification_id() is None
        assert recorder.insert_events(stream(25)) == list(range(1, 26))
        tenant.process_recorder().insert_events([], tracking=Tracking("upstream", 1))
        tenant.aggregate_recorder("snapshots").insert_events(stream(1))
        with recorder.subscribe() as subscription:
            assert next(subscription).id == 1
        tenant.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({}, "set CRMCORE_URL, for example", id="no database named"),
        pytest.param(
            {"CRMCORE_URL": "sqlite:///crm.db", "CRMCORE_SCHEMA": "north"},
            "give each tenant its own file",
            id="a schema on SQLite",
        ),
        pytest.param(
            {"CRMCORE_URL": "sqlite:///crm.db", "ORIGINATOR_ID_TYPE": "int"},
            "use uuid or text",
            id="an unknown type of identity",
        ),
    ],
)
def test_impossible_settings_are_named(settings: dict[str, str], said: str) -> None:
    with pytest.raises(OSError, match=said):
        Factory(settings)


def test_a_recorder_of_another_family_is_refused(sqlite_url: str) -> None:
    settings = {Factory.APPLICATION_RECORDER_TOPIC: "eventsourcing.popo:POPOApplicationRecorder"}
    factory = Factory({Factory.CRMCORE_URL: sqlite_url, **settings})
    with pytest.raises(OSError, match="not a subclass of CrmApplicationRecorder"):
        factory.application_recorder()
    factory.close()


def test_a_purpose_names_a_table(factory: Factory) -> None:
    with pytest.raises(persistence.ProgrammingError, match="cannot name a table"):
        factory.aggregate_recorder('snap"shots')


# Errors


def test_a_database_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(persistence.OperationalError, match="does not exist"):
        Factory({Factory.CRMCORE_URL: f"sqlite:///{tmp_path}/nowhere/crm.db"})


def test_a_missing_table_is_an_error_of_the_package(factory: Factory) -> None:
    aggregate = CrmAggregateRecorder(factory.database, purpose="never_made")
    with pytest.raises(persistence.DatabaseError, match="crm_aggregate_never_made"):
        aggregate.select_events(UUID(int=1))


def test_a_version_beyond_the_column_is_an_error_of_the_package(
    recorder: CrmApplicationRecorder,
) -> None:
    with pytest.raises(persistence.DatabaseError):
        recorder.insert_events([StoredEvent(uuid4(), 2**70, "topic", b"{}")])
    assert recorder.insert_events(stream(1)) == [1]
