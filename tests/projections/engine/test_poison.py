"""Poison: an event that cannot be read, applied or stored stops its projection, alone and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, select, update

import crmcore
from crmcore.application.log import Recorded
from crmcore.domain.customers.customer.messages.registration import CustomerRegistered
from crmcore.errors import ProjectionStoppedError
from crmcore.projections.engine.follow.status import Status
from crmcore.projections.engine.projection import Projection, Row, Rows
from crmcore.projections.engine.rows.memory import MemoryRows
from crmcore.testing.rows import following
from tests.histories import Clock, a_rich_history, send
from tests.projections.contract import catch_up, check, live_rows, rows_of
from tests.projections.examples import named
from tests.scenario import uid

NAMES = Table(
    "names",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("size", BigInteger),
)


@pytest.fixture
def rich(database_url: str) -> Iterator[crmcore.CRM]:
    """A log with events of every context, not followed yet."""
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, a_rich_history())
        yield crm


def position_of(crm: crmcore.CRM, topic: str) -> int:
    return next(one.position for one in crm.events() if one.topic == topic)


def store(crm: crmcore.CRM, position: int, **columns: object) -> None:
    """Change a stored event behind everybody's back."""
    events = crm._database.tables.events
    with crm._database.write() as connection:
        connection.execute(update(events).where(events.c.position == position).values(**columns))


def stands(crm: crmcore.CRM) -> dict[str, Status]:
    return {status.name: status for status in crm.status()}


def stored(crm: crmcore.CRM, position: int) -> str:
    events = crm._database.tables.events.c
    with crm._database.read() as connection:
        query = select(events.data).where(events.position == position)
        return str(connection.execute(query).scalar_one())


@pytest.mark.parametrize("batch", [1, 7, 2_000])
def test_a_corrupt_event_stops_only_the_projections_that_read_it(
    rich: crmcore.CRM, batch: int
) -> None:
    bad = position_of(rich, "case-opened")
    data = stored(rich, bad)
    store(rich, bad, data='{"case_id": "nonsense"')
    with pytest.raises(ProjectionStoppedError) as stopped:
        catch_up(rich, batch)
    lines = str(stopped.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["customer_history", "service_levels"]
    assert f"stopped at position {bad} (case-opened): CorruptEventError" in lines[0]
    for name, status in stands(rich).items():
        if name in ("customer_history", "service_levels"):
            assert (status.state, status.position) == ("stopped", bad - 1)
            assert status.reason is not None
            assert status.reason.startswith(f"position {bad} (case-opened): CorruptEventError")
            assert status.behind == rich.position - bad + 1
        else:
            assert (status.state, status.behind, status.reason) == ("caught up", 0, None)
    (history,) = [one for one in rich.projections if one.name == "customer_history"]
    kept = live_rows(rich, history)["customer_history"]
    assert max(row["position"] for row in kept) < bad
    assert len(kept) == len([e for e in known(rich, bad) if e.subject_id is not None])

    with pytest.raises(ProjectionStoppedError):
        rich.catch_up()
    assert live_rows(rich, history)["customer_history"] == kept

    store(rich, bad, data=data)
    rich.catch_up()
    assert {status.state for status in rich.status()} == {"caught up"}
    check(rich)


def known(crm: crmcore.CRM, before: int) -> list[Recorded]:
    with crm._database.read() as connection:
        return list(crm._core.log.reader.recorded(connection, upto=before - 1))


def test_the_reason_does_not_tell_what_the_event_held(rich: crmcore.CRM) -> None:
    bad = position_of(rich, "customer-registered")
    store(rich, bad, data='{"name": "Secret Name", "at": "never"}')
    with pytest.raises(ProjectionStoppedError) as stopped:
        rich.catch_up()
    assert "Secret Name" not in str(stopped.value)
    assert not any("Secret Name" in (status.reason or "") for status in rich.status())


def test_a_read_model_that_stopped_still_answers(rich: crmcore.CRM) -> None:
    rich.catch_up()
    now = rich.now()
    before = rich.read.cases.find(as_of=now)
    send(rich, [named("Late", uid(5))])
    store(rich, rich.position, data="not even JSON")
    with pytest.raises(ProjectionStoppedError):
        rich.catch_up()
    assert rich.read.cases.find(as_of=now) == before
    assert rich.read.customers.find("Late").items == ()


def test_the_first_event_may_be_the_poison(rich: crmcore.CRM) -> None:
    store(rich, 1, data="")
    with pytest.raises(ProjectionStoppedError, match=r"stopped at position 1 \(customer-"):
        rich.catch_up()
    assert stands(rich)["customer_history"].position == 0


def test_an_event_nested_too_deeply_to_be_read_is_poison(rich: crmcore.CRM) -> None:
    bad = position_of(rich, "case-opened")
    deep = '{"case_id": ' + "[" * 100_000 + "]" * 100_000 + "}"
    store(rich, bad, data='{"nested": ' + deep + "}")
    with pytest.raises(ProjectionStoppedError, match=f"stopped at position {bad} "):
        rich.catch_up()
    assert stands(rich)["service_levels"].state == "stopped"
    assert stands(rich)["loyalty_status"].state == "caught up"


def test_of_two_poisons_the_first_stops_and_then_the_second(rich: crmcore.CRM) -> None:
    first, second = 3, 5
    data = [stored(rich, first), stored(rich, second)]
    store(rich, first, data="")
    store(rich, second, schema_version=99)
    for bad, change in ((first, {"data": data[0]}), (second, {"schema_version": 1})):
        with pytest.raises(ProjectionStoppedError, match=f"position {bad} "):
            rich.catch_up()
        store(rich, bad, **change)
    rich.catch_up()
    check(rich)


# Handlers of a host's own projection


def names(
    handler: Callable[[Any, Recorded, Rows], None] | None = None,
    groups: Callable[[Recorded], Any] | None = None,
) -> Projection:
    """A row per customer, by a handler that some tests break."""
    return Projection(
        name="names",
        version=1,
        tables=(NAMES,),
        handlers={CustomerRegistered: handler or named_row},
        groups=groups or (lambda recorded: (str(recorded.subject_id),)),
    )


def named_row(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    rows.put(NAMES, {"customer_id": str(recorded.subject_id), "name": event.name, "size": 1})


PEOPLE = ["Ann", "Ben", "Carla", "Dan", "Eve", "Fay", "Gus"]


def people(url: str, projection: Projection) -> crmcore.CRM:
    crm = crmcore.open(url, clock=Clock(), projections=[projection])
    if not crm.position:
        send(crm, [named(name, uid(n)) for n, name in enumerate(PEOPLE)])
    return crm


def fails(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    named_row(event, recorded, rows)  # what a failing handler did before is not kept
    if event.name == "Eve":
        raise RuntimeError("no such luck\nand a second line")


def null_name(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    row = {"customer_id": str(recorded.subject_id), "name": event.name, "size": 1}
    rows.put(NAMES, row | ({"name": None} if event.name == "Eve" else {}))


def too_large(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    size = 2**70 if event.name == "Eve" else 1
    row = {"customer_id": str(recorded.subject_id), "name": event.name, "size": size}
    rows.put(NAMES, row)


def other_group(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    named_row(event, recorded, rows)
    if event.name == "Eve":
        rows.get(NAMES, str(uid(0)))  # loaded with the batch, and still not this event's


@pytest.mark.parametrize(
    ("handler", "cause"),
    [
        (fails, "RuntimeError in fails (test_poison.py, line "),
        (null_name, ""),
        (too_large, ""),
        (other_group, "UndeclaredError: a row of a group"),
    ],
)
@pytest.mark.parametrize("batch", [1, 2, 3, 2_000])
def test_a_broken_handler_stops_its_projection_at_that_event(
    database_url: str,
    handler: Callable[[Any, Recorded, Rows], None],
    cause: str,
    batch: int,
) -> None:
    bad = PEOPLE.index("Eve") + 1
    broken = names(handler)
    with people(database_url, broken) as crm:
        with pytest.raises(ProjectionStoppedError, match=f"^names: stopped at position {bad} "):
            catch_up(crm, batch)
        status = stands(crm)["names"]
        assert (status.state, status.position) == ("stopped", bad - 1)
        assert status.reason is not None
        assert "\n" not in status.reason
        assert cause in status.reason
        assert not {"no such luck", "Eve"} & set(status.reason.split())
        assert [row["name"] for row in rows_of(crm, broken)["names"]] == PEOPLE[: bad - 1]
        assert stands(crm)["customer_directory"].state == "caught up"
    with people(database_url, names()) as crm:  # the handler was mended
        crm.catch_up()
        assert stands(crm)["names"].state == "caught up"
        assert [row["name"] for row in rows_of(crm, names())["names"]] == PEOPLE


def test_grouping_may_fail_too(database_url: str) -> None:
    def groups(recorded: Recorded) -> Any:
        return {"Eve": recorded.event.no_such_field} if recorded.event.name == "Eve" else ("x",)

    def nothing(_event: object, _recorded: Recorded, _rows: Rows) -> None:
        """Leave the rows alone."""

    with people(database_url, names(nothing, groups)) as crm:
        with pytest.raises(ProjectionStoppedError, match="AttributeError"):
            crm.catch_up()
        assert stands(crm)["names"].position == PEOPLE.index("Eve")


def test_trouble_with_the_database_is_no_poison(database_url: str) -> None:
    with people(database_url, names()) as crm:
        crm.catch_up()
        send(crm, [named("Late", uid(55))])
        with crm._database.write() as connection:
            connection.exec_driver_sql("DROP VIEW names")
            connection.exec_driver_sql("DROP TABLE names__g1")
        with pytest.raises(ProjectionStoppedError, match="names: StoreUnavailableError"):
            crm.catch_up()
        stopped = stands(crm)["names"].stopped
        assert stopped is not None
        assert stopped.position is None


def test_a_projection_reads_no_rows_that_are_not_there_to_be_read() -> None:
    notes = Table(
        "notes", MetaData(), Column("id", Text, primary_key=True), info={"append_only": True}
    )
    rows = MemoryRows([(notes, notes)], {}, {}, empty=True)
    with pytest.raises(LookupError, match="append-only"):
        rows.change(["a"], lambda: print(rows.get(notes, "a")))
    with pytest.raises(LookupError, match="a group that is not among those"):
        rows.get(notes, "b")


def test_the_follower_goes_on_with_the_others(rich: crmcore.CRM) -> None:
    store(rich, position_of(rich, "order-placed"), data="")
    seen = []
    with pytest.raises(ProjectionStoppedError):
        following(rich, batch=5).catch_up(lambda name, at, head: seen.append((name, at, head)))
    assert ("service_levels", rich.position, rich.position) in seen
    assert ("customer_directory", rich.position, rich.position) in seen


def test_a_row_is_finished_before_it_is_shown_and_one_that_cannot_be_is_refused() -> None:
    def finish(row: Row) -> None:
        row["name"] = row["name"].upper()

    notes = Table("notes", MetaData(), Column("id", Text, primary_key=True), Column("name", Text))
    rows = MemoryRows([(notes, notes)], {notes: finish}, {}, empty=True)
    rows.put(notes, {"id": "a", "name": "ann"})
    assert list(rows.rows(notes)) == [{"id": "a", "name": "ANN"}]
    rows.put(notes, {"id": "b", "name": None})
    with pytest.raises(ValueError, match="AttributeError: 'NoneType'"):
        rows.rows(notes)
