"""Our recorders pass the suites that ship with ``eventsourcing``, on both databases."""

import threading
from typing import ClassVar
from unittest import TestCase

import pytest
from eventsourcing.persistence import AggregateRecorder, InfrastructureFactory
from eventsourcing.tests import persistence as suites
from eventsourcing.utils import Environment

from crmcore.eventsourcing import (
    CrmAggregateRecorder,
    CrmApplicationRecorder,
    CrmProcessRecorder,
    CrmTrackingRecorder,
    Factory,
)
from tests.patience import PATIENCE

MODULE = "crmcore.eventsourcing"


class View(CrmTrackingRecorder):
    """What someone's own view would be."""


class OnDatabase(TestCase):
    """A database per test, opened when the suite asks for a recorder and closed after it."""

    __test__ = False  # the classes that name their database are collected
    fixture: ClassVar[str]
    url: str

    @pytest.fixture(autouse=True)
    def _give_database(self, request: pytest.FixtureRequest) -> None:
        self.url = request.getfixturevalue(self.fixture)

    def make_factory(self) -> Factory:
        factory = Factory(Environment(env={Factory.CRMCORE_URL: self.url}))
        self.addCleanup(factory.close)
        self.addCleanup(self.join_readers, set(threading.enumerate()))
        return factory

    def join_readers(self, others: set[threading.Thread]) -> None:
        """The suites leave threads behind that still read when a test returns."""
        for thread in set(threading.enumerate()) - others:
            thread.join(timeout=PATIENCE)


class SQLite:
    __test__ = True
    fixture = "sqlite_url"


class PostgreSQL:
    __test__ = True
    fixture = "postgres_url"


class AggregateRecorderSuite(OnDatabase, suites.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.make_factory().aggregate_recorder("snapshots")


class ApplicationRecorderSuite(OnDatabase, suites.ApplicationRecorderTestCase):
    def create_recorder(self) -> CrmApplicationRecorder:
        return CrmApplicationRecorder(self.make_factory().database)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TrackingRecorderSuite(OnDatabase, suites.TrackingRecorderTestCase):
    def create_recorder(self) -> CrmTrackingRecorder:
        return self.make_factory().tracking_recorder()


class ProcessRecorderSuite(OnDatabase, suites.ProcessRecorderTestCase):
    def create_recorder(self) -> CrmProcessRecorder:
        recorder = self.make_factory().process_recorder()
        assert isinstance(recorder, CrmProcessRecorder)
        return recorder


class NonInterleavingSuite(OnDatabase, suites.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> CrmApplicationRecorder:
        return CrmApplicationRecorder(self.make_factory().database)


class FactorySuite(OnDatabase, suites.InfrastructureFactoryTestCase[Factory]):
    def setUp(self) -> None:
        settings = {InfrastructureFactory.PERSISTENCE_MODULE: MODULE, "CRMCORE_URL": self.url}
        self.env = Environment("TestCase", settings)
        super().setUp()

    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[CrmAggregateRecorder]:
        return CrmAggregateRecorder

    def expected_application_recorder_class(self) -> type[CrmApplicationRecorder]:
        return CrmApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[CrmTrackingRecorder]:
        return CrmTrackingRecorder

    def tracking_recorder_subclass(self) -> type[CrmTrackingRecorder]:
        return View

    def expected_process_recorder_class(self) -> type[CrmProcessRecorder]:
        return CrmProcessRecorder


class TestAggregateRecorderOnSQLite(SQLite, AggregateRecorderSuite): ...


class TestAggregateRecorderOnPostgreSQL(PostgreSQL, AggregateRecorderSuite): ...


class TestApplicationRecorderOnSQLite(SQLite, ApplicationRecorderSuite): ...


class TestApplicationRecorderOnPostgreSQL(PostgreSQL, ApplicationRecorderSuite): ...


class TestTrackingRecorderOnSQLite(SQLite, TrackingRecorderSuite): ...


class TestTrackingRecorderOnPostgreSQL(PostgreSQL, TrackingRecorderSuite): ...


class TestProcessRecorderOnSQLite(SQLite, ProcessRecorderSuite): ...


class TestProcessRecorderOnPostgreSQL(PostgreSQL, ProcessRecorderSuite): ...


class TestNonInterleavingOnSQLite(SQLite, NonInterleavingSuite): ...


class TestNonInterleavingOnPostgreSQL(PostgreSQL, NonInterleavingSuite): ...


class TestFactoryOnSQLite(SQLite, FactorySuite): ...


class TestFactoryOnPostgreSQL(PostgreSQL, FactorySuite): ...
