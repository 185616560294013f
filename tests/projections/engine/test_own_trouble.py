"""One read model's trouble is its own: the others are followed and rebuilt, and the status says why."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    select,
)

import crmcore
from crmcore.domain.customers.customer.messages.registration import CustomerRegistered
from crmcore.errors import (
    InTheWayError,
    MisuseError,
    ProjectionStoppedError,
    RebuildStoppedError,
    StoreError,
    StoreFullError,
)
from crmcore.projections.engine.follow.status import Status
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.projection import Projection, Rows
from crmcore.testing.rows import following
from tests.histories import Clock, send
from tests.patience import eventually
from tests.projections.engine.hosting import FIRST, guests, shown
from tests.projections.examples import ANN, BEN, at, known, order

TAKEN = "loyalty_status"


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as opened:
        send(opened, [*known(ANN), order(1, "5", at("2025-05-01"))])
        yield opened


def run(crm: crmcore.CRM, *statements: str) -> None:
    with crm._database.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def standing(crm: crmcore.CRM) -> dict[str, Status]:
    return {status.name: status for status in crm.status()}


def others(crm: crmcore.CRM, name: str) -> set[str]:
    return {status.state for status in crm.status() if status.name != name}


# A table of somebody else has the name of a view


def test_a_host_table_with_the_name_of_a_view_holds_up_that_read_model_alone(
    crm: crmcore.CRM,
) -> None:
    run(crm, f"CREATE TABLE {TAKEN} (own INTEGER)")
    for _ in range(2):
        with pytest.raises(ProjectionStoppedError, match=f"a table or a view named {TAKEN}"):
            crm.catch_up()
        assert others(crm, TAKEN) == {"caught up"}
        assert standing(crm)[TAKEN].state == "stopped"
        assert f"named {TAKEN} already" in str(standing(crm)[TAKEN].reason)
    with pytest.raises(ProjectionStoppedError, match=f"named {TAKEN} already"):
        crm.read.loyalty.get(ANN)
    assert crm.read.customers.history(ANN)
    run(crm, f"DROP TABLE {TAKEN}")
    crm.catch_up()
    assert others(crm, "") == {"caught up"}


def test_it_is_told_of_before_anybody_catches_up(crm: crmcore.CRM) -> None:
    run(crm, f"CREATE TABLE {TAKEN} (own INTEGER)")
    assert standing(crm)[TAKEN].state == "stopped"
    assert others(crm, TAKEN) == {"not begun"}


def test_following_and_commands_go_on_beside_it(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), inline=[TAKEN, "customer_directory"]) as crm:
        run(crm, f"CREATE TABLE {TAKEN} (own INTEGER)")
        send(crm, known(ANN))
        with crm.follow(every=0.01):
            eventually(lambda: others(crm, TAKEN) == {"caught up"})
        assert standing(crm)[TAKEN].state == "stopped"


def test_a_new_table_of_a_taken_name_leaves_the_live_rows_as_they_are(database_url: str) -> None:
    more = Table("more_guests", MetaData(), Column("customer_id", Text, primary_key=True))
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, known(ANN))
        crm.catch_up()
        run(crm, "CREATE TABLE more_guests (own INTEGER)")
    wider = Projection(
        name="guests", version=2, tables=(*FIRST.tables, more), handlers=FIRST.handlers
    )
    with crmcore.open(database_url, clock=Clock(), projections=[wider]) as crm:
        crm.maintenance.rebuild("guests")
        with pytest.raises(InTheWayError, match="named more_guests already"):
            crm.maintenance.switch("guests")
        assert len(shown(crm)) == 1


# Trouble of any kind


def without_table(crm: crmcore.CRM) -> None:
    run(crm, "DROP VIEW guests", "DROP TABLE guests__g1")


def without_column(crm: crmcore.CRM) -> None:
    run(crm, "DROP VIEW guests", "ALTER TABLE guests__g1 RENAME COLUMN name TO called")


@pytest.mark.parametrize("break_it", [without_table, without_column])
def test_a_table_that_is_gone_or_changed_stops_its_read_model_alone(
    crm: crmcore.CRM, break_it: Callable[[crmcore.CRM], None]
) -> None:
    crm.catch_up()
    break_it(crm)
    send(crm, known(BEN))
    with pytest.raises(ProjectionStoppedError, match="guests: StoreUnavailableError"):
        crm.catch_up()
    assert others(crm, "guests") == {"caught up"}
    status = standing(crm)["guests"]
    assert (status.state, status.behind) == ("stopped", 2)
    assert "StoreUnavailableError" in str(status.reason)


def test_what_stopped_it_is_forgotten_when_it_goes_on(crm: crmcore.CRM) -> None:
    crm.catch_up()
    run(crm, "DROP VIEW guests", "ALTER TABLE guests__g1 RENAME TO kept")
    send(crm, known(BEN))
    with crm.follow(every=0.01):
        eventually(lambda: standing(crm)["guests"].state == "stopped")
    run(crm, "ALTER TABLE kept RENAME TO guests__g1")
    run(crm, "CREATE VIEW guests AS SELECT * FROM guests__g1")
    crm.catch_up()
    assert others(crm, "") == {"caught up"}
    assert len(shown(crm)) == 2


def test_one_that_an_error_stopped_goes_on_inline(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST], inline=["guests"]) as crm:
        send(crm, known(ANN))
        run(crm, "DROP VIEW guests", "ALTER TABLE guests__g1 RENAME TO kept")
        send(crm, known(BEN))
        with pytest.raises(ProjectionStoppedError):
            crm.catch_up()
        run(crm, "ALTER TABLE kept RENAME TO guests__g1")
        run(crm, "CREATE VIEW guests AS SELECT * FROM guests__g1")
        send(crm, [order(1, "5", at("2025-05-01"))])
        assert standing(crm)["guests"].state == "caught up"


class Broken(Registry):
    """Cannot move the checkpoints of some read models."""

    names: tuple[str, ...] = ()
    error: Exception = RuntimeError("a bug")

    def advance(self, connection: Connection, at: Checkpoint, *to: Any) -> None:
        if at.name in self.names:
            raise self.error
        super().advance(connection, at, *to)


def test_a_bug_met_by_one_is_told_and_the_others_go_on(crm: crmcore.CRM) -> None:
    crm.catch_up()
    send(crm, known(BEN))
    broken = Broken(None)
    object.__setattr__(broken, "names", ("guests", "feedback"))
    with pytest.raises(
        ProjectionStoppedError, match=r"feedback: RuntimeError in advance .*\nguests: "
    ):
        following(crm, registry=broken).catch_up()
    states = {name: status.state for name, status in standing(crm).items()}
    assert {name for name, state in states.items() if state != "caught up"} == set(broken.names)
    assert str(standing(crm)["guests"].reason).startswith("RuntimeError in advance (")


def test_trouble_that_none_is_spared_is_told_as_what_it_is(crm: crmcore.CRM) -> None:
    broken = Broken(None)
    object.__setattr__(broken, "names", tuple(one.name for one in crm.projections))
    object.__setattr__(broken, "error", StoreFullError("crm.db: disk full"))
    with pytest.raises(StoreFullError):
        following(crm, registry=broken).catch_up()


def test_one_that_cannot_be_rebuilt_leaves_the_others_to_be(crm: crmcore.CRM) -> None:
    run(crm, "CREATE TABLE guests__g1 (own INTEGER)")
    with pytest.raises(RebuildStoppedError, match="guests: StoreUnavailableError") as stopped:
        crm.maintenance.rebuild_all()
    names = {one.name for one in crm.projections}
    assert {one.name for one in stopped.value.rebuilt} == names - {"guests"}
    with pytest.raises(StoreError, match="guests__g1"):
        crm.maintenance.rebuild("guests")


def test_one_that_loses_its_table_while_it_is_rebuilt_leaves_the_others_to_be(
    crm: crmcore.CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Registry.begin

    def begin_without(registry: Registry, connection: Connection, *given: Any) -> Checkpoint:
        begun = begin(registry, connection, *given)
        if begun.name == "guests":
            connection.exec_driver_sql(f"DROP TABLE guests__g{begun.generation}")
        return begun

    monkeypatch.setattr(Registry, "begin", begin_without)
    with pytest.raises(RebuildStoppedError) as stopped:
        crm.maintenance.rebuild_all()
    assert set(stopped.value.stopped) == {"guests"}
    assert {one.name for one in stopped.value.rebuilt} == {
        one.name for one in crm.projections if one.name != "guests"
    }


# Names, as the core is opened


def keeping(*tables: Table, name: str = "own") -> Projection:
    def handle(_event: object, _recorded: object, _rows: Rows) -> None:
        """Keep nothing."""

    return Projection(
        name=name, version=1, tables=tables, handlers=dict.fromkeys(FIRST.handlers, handle)
    )


def table(name: str = "own", *further: Any) -> Table:
    return Table(
        name,
        MetaData(),
        Column("customer_id", Text, primary_key=True),
        Column("n", Integer),
        *further,
    )


LONG = "n" * 56


@pytest.mark.parametrize(
    ("projection", "reason"),
    [
        (keeping(table(LONG)), "longer than 63 bytes"),
        (keeping(table("ü" * 30)), "longer than 63 bytes"),
        (keeping(table("own", Index(LONG, "n"))), "longer than 63 bytes"),
        (keeping(table("own", UniqueConstraint("n", name=LONG))), "longer than 63 bytes"),
        (keeping(table("own", Column(8 * "12345678", Integer))), "longer than 63 bytes"),
        (keeping(table("crm_own")), "names that begin with"),
        (keeping(table("sqlite_own")), "names that begin with"),
        (keeping(table("own__g2")), "names that begin with"),
        (
            keeping(table("Loyalty_Status")),
            r"^own: Loyalty_Status .* is a name in loyalty_status already .* give one of them another$",
        ),
        (keeping(table("own", Index("guests", "n"))), "is a name in guests already"),
        (keeping(table("own", Index("own", "n"))), "is a name in own already"),
        (guests(), "two read models have the same name, guests: one with the tables guests"),
        (keeping(table(), name="customer_history"), "tables customer_history, customer_links, one"),
        (keeping(table("own%s")), "is no name for"),
        (keeping(table("own", Column("n%", Integer))), "is no name for"),
        (keeping(table(), name=""), "needs a name"),
    ],
    ids=[
        "table",
        "bytes, not characters",
        "index",
        "constraint",
        "column",
        "of the log",
        "of the database",
        "of a generation",
        "another's view",
        "another's table",
        "a table's own name",
        "another's name",
        "the name of ours",
        "a place for a value",
        "a column as well",
        "no name at all",
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_when_the_core_is_opened(
    sqlite_url: str, projection: Projection, reason: str
) -> None:
    with pytest.raises(MisuseError, match=reason):
        crmcore.open(sqlite_url, projections=[FIRST, projection])


@pytest.mark.parametrize("given", [FIRST, 5, "own", [5], [Projection], [FIRST.name]])
def test_what_is_no_list_of_read_models_is_refused(sqlite_url: str, given: Any) -> None:
    with pytest.raises(MisuseError, match="projections: expected a list of Projection, got"):
        crmcore.open(sqlite_url, projections=given)


def test_the_longest_names_last_for_ten_generations_and_more(database_url: str) -> None:
    n = "n" * 53
    long = Table(
        n + "tt",
        MetaData(),
        Column("customer_id", Text),
        Column("n", Integer, index=False),
        PrimaryKeyConstraint("customer_id", name=n + "pk"),
        UniqueConstraint("customer_id", "n", name=n + "uq"),
        Index(n + "ix", "n"),
    )
    with crmcore.open(database_url, projections=[keeping(long)]) as crm:
        for _ in range(11):
            crm.maintenance.rebuild("own")
            crm.maintenance.switch("own")
        assert standing(crm)["own"].generation == 11
        crm.maintenance.retire("own")


@pytest.mark.parametrize("name", ["order", "Total", "a b", "Größe", 'inch "', "select"])
def test_any_other_name_of_tables_and_columns_is_kept(database_url: str, name: str) -> None:
    own = Table(
        f"{name} of mine",
        MetaData(),
        Column("customer_id", Text, primary_key=True),
        Column(name, Text, primary_key=True),
        Column(f"{name} n", Integer),
    )

    def handle(event: CustomerRegistered, _recorded: object, rows: Rows) -> None:
        rows.put(own, {"customer_id": str(event.customer_id), name: "gone", f"{name} n": 1})
        rows.delete(own, str(event.customer_id), "gone")
        rows.put(own, {"customer_id": str(event.customer_id), name: "kept", f"{name} n": 2})

    kept = Projection(name="own", version=1, tables=(own,), handlers={CustomerRegistered: handle})
    with crmcore.open(database_url, clock=Clock(), projections=[kept]) as crm:
        send(crm, [*known(ANN), *known(BEN)])
        crm.catch_up()
        crm.maintenance.rebuild("own")
        assert crm.maintenance.compare("own").equal
        crm.maintenance.switch("own")
        rows = crm.read.query(select(own).order_by(own.c.customer_id))
        assert [(row[name], row[f"{name} n"]) for row in rows] == [("kept", 2)] * 2
