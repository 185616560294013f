"""Applications, views and projections of ``eventsourcing`` pass its suites for them on our factory."""

import gc
from collections.abc import Sequence
from typing import ClassVar
from unittest import TestCase

import pytest
import sqlalchemy as sa
from eventsourcing.persistence import Tracking
from eventsourcing.tests import application as applications
from eventsourcing.tests import projection as projections

from crmcore.eventsourcing import CrmTrackingRecorder, Factory

SETTINGS = {"PERSISTENCE_MODULE": "crmcore.eventsourcing"}


class CountersView(CrmTrackingRecorder, projections.EventCountersView):
    """How many events there were, of two kinds."""

    counters = sa.Table(
        "counters",
        sa.MetaData(),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
    )

    def tables(self) -> Sequence[sa.Table]:
        return (*super().tables(), self.counters)

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _count(self, kind: str) -> int:
        query = sa.select(self.counters.c.n).where(self.counters.c.kind == kind)
        with self.reading() as connection:
            return connection.execute(query).scalar() or 0

    def _increment(self, kind: str, tracking: Tracking) -> None:
        counters = self.counters
        more = sa.update(counters).where(counters.c.kind == kind).values(n=counters.c.n + 1)
        with self.transaction() as connection:
            self.insert_tracking(tracking, connection=connection)
            if connection.execute(more).rowcount == 0:
                connection.execute(sa.insert(counters).values(kind=kind, n=1))


class OnDatabase(TestCase):
    """A database per test; a projection that records events has a log of its own beside it."""

    __test__ = False  # the classes that name their database are collected
    fixture: ClassVar[str]
    env: dict[str, str]

    @pytest.fixture(autouse=True)
    def _give_database(
        self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = request.getfixturevalue(self.fixture)
        beside = (
            {"COUNTERS_CRMCORE_URL": url.replace(".db", "-counters.db")}
            if url.startswith("sqlite")
            else {"COUNTERS_CRMCORE_SCHEMA": "counters"}
        )
        self.env = {**SETTINGS, "CRMCORE_URL": url, **beside}
        for key, value in self.env.items():  # one suite reads the environment of the process
            monkeypatch.setenv(key, value)
        self.addCleanup(gc.collect)  # another leaves its application to the collector


class SQLite:
    __test__ = True
    fixture = "sqlite_url"


class PostgreSQL:
    __test__ = True
    fixture = "postgres_url"


class ApplicationSuite(OnDatabase, applications.ExampleApplicationTestCase):
    expected_factory_topic = "crmcore.infrastructure.recording.factory:Factory"


class ViewSuite(OnDatabase, projections.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> CountersView:
        factory = Factory(self.env)
        self.addCleanup(factory.close)
        view = factory.tracking_recorder(CountersView)
        assert isinstance(view, CountersView)
        return view


class ProjectionSuite(OnDatabase, projections.AggregateEventCountersProjectionTestCase):
    view_class = CountersView
    env: dict[str, str]  # type: ignore[misc]  # there, the same for the whole class


class EventSourcedProjectionSuite(OnDatabase, projections.EventSourcedProjectionTestCase):
    env: dict[str, str]  # type: ignore[misc]  # there, the same for the whole class


class TestApplicationOnSQLite(SQLite, ApplicationSuite): ...


class TestApplicationOnPostgreSQL(PostgreSQL, ApplicationSuite): ...


class TestViewOnSQLite(SQLite, ViewSuite): ...


class TestViewOnPostgreSQL(PostgreSQL, ViewSuite): ...


class TestProjectionOnSQLite(SQLite, ProjectionSuite): ...


class TestProjectionOnPostgreSQL(PostgreSQL, ProjectionSuite): ...


class TestEventSourcedProjectionOnSQLite(SQLite, EventSourcedProjectionSuite): ...


class TestEventSourcedProjectionOnPostgreSQL(PostgreSQL, EventSourcedProjectionSuite): ...
