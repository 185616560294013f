"""A new kind of event stops nothing: what a read model has read is kept with its checkpoint."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import attrs
import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, select, text

import crmcore
from crmcore.application.log import Recorded
from crmcore.domain.customers.customer.messages.registration import (
    CustomerNameCorrected,
    CustomerRegistered,
)
from crmcore.domain.kernel import version_of
from crmcore.errors import ProjectionStoppedError
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.projections.engine.projection import Projection, Rows
from tests.histories import Clock, send
from tests.projections.engine.hosting import generations
from tests.projections.engine.test_poison import store
from tests.projections.examples import ANN, BEN, at, named
from tests.scenario import uid

MET = Table(
    "met", MetaData(), Column("customer_id", Text, primary_key=True), Column("events", Integer)
)
RENAMED = "customer-name-corrected"
MOON = "moon-landed"
"""A topic of a later release, or of another context."""


class RegisteredLater(CustomerRegistered):
    """The event as a later release has it."""

    SCHEMA_VERSION: ClassVar[int] = 99


class CorrectedLater(CustomerNameCorrected):
    """The event as a later release has it."""

    SCHEMA_VERSION: ClassVar[int] = 99


def counted(_event: object, recorded: Recorded, rows: Rows) -> None:
    key = str(recorded.subject_id)
    met = rows.get(MET, key) or {"customer_id": key, "events": 0}
    rows.put(MET, met | {"events": met["events"] + 1})


def met(*further: type, **changes: Any) -> Projection:
    """Counts the registration of each customer, and *further* kinds of events."""
    handlers = dict.fromkeys((CustomerRegistered, *further), counted)
    return Projection(name="met", version=1, tables=(MET,), handlers=handlers, **changes)


ONE, TWO = met(), met(CustomerNameCorrected)


def opened(url: str, projection: Projection, **particulars: Any) -> crmcore.CRM:
    return crmcore.open(url, clock=Clock(), projections=[projection], **particulars)


def correct(name: str, customer: UUID = ANN) -> crmcore.commands.CorrectCustomerName:
    return crmcore.commands.CorrectCustomerName(
        customer_id=customer, name=name, at=at("2021-01-01")
    )


def counts(crm: crmcore.CRM) -> list[int]:
    rows = crm.read.query(select(MET).order_by(MET.c.customer_id))
    return [row["events"] for row in rows]


def stands(crm: crmcore.CRM) -> tuple[str, str | None]:
    (status,) = [one for one in crm.status() if one.name == "met"]
    return status.state, status.reason


def topics(crm: crmcore.CRM) -> object:
    with crm._database.read() as connection:
        live = crm.maintenance._registry.live(connection, "met")
        assert live is not None
        return live.topics


def land(crm: crmcore.CRM, version: int = 1) -> None:
    """Record an event of a topic that this release does not know."""
    with crm._database.write() as connection:
        one = NewRecord(str(uid(9)), version, MOON, "{}", subject_id=str(ANN))
        append(connection, crm._database.tables, [one], 0)


def test_a_topic_that_the_log_does_not_hold_yet_stops_nothing(database_url: str) -> None:
    with opened(database_url, ONE) as crm:
        send(crm, [named("Ann"), named("Ben", BEN)])
        crm.catch_up()
    with opened(database_url, TWO) as crm:
        assert stands(crm) == ("caught up", None)
        send(crm, [correct("Anna")])
        crm.catch_up()
        assert counts(crm) == [2, 1]
        assert crm.maintenance.rebuild("met").position == 3
        assert crm.maintenance.compare("met").equal


def test_the_topics_read_so_far_are_kept_with_the_checkpoint(sqlite_url: str) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann")])
        crm.catch_up()
        assert topics(crm) == {"customer-registered": version_of(CustomerRegistered)}
    with opened(sqlite_url, TWO) as crm:
        crm.catch_up()  # nothing was recorded, and still it has read that there is nothing
        assert topics(crm) == TWO.versions
        send(crm, [correct("Anna")])
        crm.catch_up()
    with opened(sqlite_url, TWO) as crm:
        assert stands(crm) == ("caught up", None)


def test_a_topic_that_was_passed_over_asks_for_a_rebuild(database_url: str) -> None:
    with opened(database_url, ONE) as crm:
        send(crm, [named("Ann"), correct("Anna")])
        crm.catch_up()
        send(crm, [named("Ben", BEN)])
    with opened(database_url, TWO) as crm:
        why = f"it newly reads {RENAMED}, and was past position 2"
        assert stands(crm) == ("rebuild needed", why)
        with pytest.raises(ProjectionStoppedError, match="met: rebuild needed: it newly reads"):
            crm.catch_up()
        crm.maintenance.rebuild("met")
        crm.maintenance.switch("met")
        assert stands(crm) == ("caught up", None)
        assert counts(crm) == [2, 1]


def test_one_that_comes_after_the_checkpoint_is_yet_to_be_read(sqlite_url: str) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann")])
        crm.catch_up()
        send(crm, [correct("Anna")])
    with opened(sqlite_url, TWO) as crm:
        assert stands(crm) == ("behind", None)
        crm.catch_up()
        assert counts(crm) == [2]


@pytest.mark.parametrize(
    ("recorded", "state", "reason"),
    [
        ([], "caught up", None),
        (
            [correct("Anna")], "rebuild needed",
            f"it no longer reads {RENAMED}, and its rows are of position 2",
        ),
    ],
    ids=["never recorded", "in its rows"],
)  # fmt: skip
def test_a_topic_no_longer_read_asks_for_a_rebuild_if_rows_are_made_of_it(
    sqlite_url: str, recorded: Sequence[Any], state: str, reason: str | None
) -> None:
    with opened(sqlite_url, TWO) as crm:
        send(crm, [named("Ann"), *recorded])
        crm.catch_up()
    with opened(sqlite_url, ONE) as crm:
        assert stands(crm) == (state, reason)


@pytest.mark.parametrize(
    ("handlers", "state"),
    [
        ({CustomerRegistered: counted, CorrectedLater: counted}, "caught up"),
        ({RegisteredLater: counted, CustomerNameCorrected: counted}, "rebuild needed"),
    ],
    ids=["never recorded", "in its rows"],
)
def test_a_new_version_of_an_event_is_as_a_new_topic(
    sqlite_url: str, handlers: Any, state: str
) -> None:
    with opened(sqlite_url, TWO) as crm:
        send(crm, [named("Ann")])
        crm.catch_up()
    with opened(sqlite_url, attrs.evolve(TWO, handlers=handlers)) as crm:
        assert stands(crm)[0] == state


def test_inline_goes_on_with_a_new_topic_at_once(database_url: str) -> None:
    with opened(database_url, ONE, inline=["met"]) as crm:
        send(crm, [named("Ann")])
    with opened(database_url, TWO, inline=["met"]) as crm:
        send(crm, [correct("Anna")])
        assert counts(crm) == [2]
        assert topics(crm) == TWO.versions


def test_a_previous_generation_is_caught_up_by_code_that_reads_more(sqlite_url: str) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann")])
        crm.catch_up()
        crm.maintenance.rebuild("met")
        crm.maintenance.switch("met")
        send(crm, [correct("Anna"), named("Ben", BEN)])
    with opened(sqlite_url, TWO) as crm:
        crm.catch_up()
        crm.maintenance.rollback("met")
        assert stands(crm) == ("caught up", None)
        assert counts(crm) == [2, 1]


def test_a_rebuild_that_was_begun_goes_on_with_a_topic_that_is_new(sqlite_url: str) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann")])
        crm.maintenance.rebuild("met")
        send(crm, [correct("Anna")])
    with opened(sqlite_url, TWO) as crm:
        assert crm.maintenance.rebuild("met").resumed
        crm.maintenance.switch("met")
        assert generations(crm, "met") == {1: "live"}
        assert counts(crm) == [2]


# Two processes with different code


def test_an_older_process_leaves_rows_to_the_later_one_at_the_first_event_that_it_cannot_read(
    database_url: str,
) -> None:
    with opened(database_url, ONE) as older:
        send(older, [named("Ann")])
        older.catch_up()
        with older._database.write() as connection:  # by the later one, which knows the topic
            live = older.maintenance._registry.live(connection, "met")
            assert live is not None
            read = {**ONE.versions, MOON: 1}
            older.maintenance._registry.advance(connection, live, live.place, read)
        assert stands(older) == ("caught up", None)
        send(older, [named("Ben", BEN)])
        older.catch_up()
        assert topics(older) == {**ONE.versions, MOON: 1}, "what others read is not forgotten"
        land(older)
        with pytest.raises(ProjectionStoppedError, match=f"met: stopped at position 3 .{MOON}"):
            older.catch_up()
        assert counts(older) == [1, 1]
        assert {one.name: one.state for one in older.status()}["loyalty_status"] == "caught up"


def test_rows_of_what_nothing_here_knows_are_left_to_who_does(sqlite_url: str) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann")])
        land(crm)
        with crm._database.write() as connection:
            registry = crm.maintenance._registry
            registry.claim(connection, "met")
            live = registry.begin(connection, ONE)
            head = crm._core.source.head(connection)
            registry.advance(connection, live, head, {**ONE.versions, MOON: 1})
        state, reason = stands(crm)
        assert state == "rebuild needed"
        assert reason is not None
        assert reason.startswith(f"its rows are of {MOON} too, which nothing here knows: ")


# Where the log says so: cheaply, and of this log


def test_the_log_is_looked_through_once(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann"), named("Ben", BEN)])
        crm.catch_up()
    with opened(sqlite_url, TWO) as crm:
        reader = type(crm._core.source._reader)
        ranges = list[tuple[int, int]]()
        first_of = reader.first_of

        def noted(self: Any, connection: Connection, stored: Any, after: int, upto: int) -> Any:
            ranges.append((after, upto))
            return first_of(self, connection, stored, after, upto)

        monkeypatch.setattr(reader, "first_of", noted)
        crm.status()
        crm.status()
        crm.catch_up()
        crm.status()
        assert ranges == [(0, 2)]


def test_a_log_that_was_replaced_is_looked_through_again(sqlite_url: str) -> None:
    with opened(sqlite_url, ONE) as crm:
        send(crm, [named("Ann"), named("Ben", BEN)])
        crm.catch_up()
        with crm._core.source.read() as connection:
            assert crm._core.source.first_of(connection, {RENAMED}, 2) is None
        store(crm, 2, topic=RENAMED, chain=b"\1" * 32)
        with crm._core.source.read() as connection:
            assert crm._core.source.first_of(connection, {RENAMED}, 2) == 2


# Tables of an earlier release


def test_rows_of_an_earlier_release_ask_for_a_rebuild_in_words(database_url: str) -> None:
    with opened(database_url, ONE) as crm:
        send(crm, [named("Ann")])
        crm.catch_up()
        with crm._database.write() as connection:
            connection.execute(text("ALTER TABLE crm_projections DROP COLUMN topics"))
    with opened(database_url, ONE) as crm:
        why = "its rows are of an earlier release, which did not keep what it had read"
        assert stands(crm) == ("rebuild needed", why)
        with pytest.raises(ProjectionStoppedError, match=why):
            crm.catch_up()
        assert counts(crm) == [1]
        crm.maintenance.rebuild("met")
        crm.maintenance.switch("met")
        assert stands(crm) == ("caught up", None)
