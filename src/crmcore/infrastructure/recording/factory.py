"""The factory that an ``eventsourcing`` application finds by its environment.

    PERSISTENCE_MODULE   crmcore.eventsourcing
    CRMCORE_URL          sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME
    CRMCORE_SCHEMA       on PostgreSQL, the schema of the log (a tenant); default: the user's own
    ORIGINATOR_ID_TYPE   uuid (default) or text
    CREATE_TABLE         no: whoever installs it has made the recorders' tables

Like every setting of the package, each can be given for one application alone, as in
``BILLING_CRMCORE_URL``.  All applications of one database and schema share one log, and with
it one sequence of ids.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    ProcessRecorder,
    ProgrammingError,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool
from sqlalchemy import Connection

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.recording.aggregate import CrmAggregateRecorder
from crmcore.infrastructure.recording.application import CrmApplicationRecorder
from crmcore.infrastructure.recording.errors import recorder_errors
from crmcore.infrastructure.recording.identity import ORIGINATOR_ID_TYPES, ReadOriginatorId
from crmcore.infrastructure.recording.process import CrmProcessRecorder
from crmcore.infrastructure.recording.recorder import DatabaseRecorder, joined
from crmcore.infrastructure.recording.tracking import CrmTrackingRecorder

R = TypeVar("R", bound=DatabaseRecorder)


class Factory(InfrastructureFactory[CrmTrackingRecorder]):
    """Makes recorders that share one database."""

    CRMCORE_URL = "CRMCORE_URL"
    CRMCORE_SCHEMA = "CRMCORE_SCHEMA"
    ORIGINATOR_ID_TYPE = "ORIGINATOR_ID_TYPE"
    CREATE_TABLE = "CREATE_TABLE"

    aggregate_recorder_class: ClassVar[type[CrmAggregateRecorder]] = CrmAggregateRecorder
    application_recorder_class: ClassVar[type[CrmApplicationRecorder]] = CrmApplicationRecorder
    tracking_recorder_class: ClassVar[type[CrmTrackingRecorder]] = CrmTrackingRecorder
    process_recorder_class: ClassVar[type[CrmProcessRecorder]] = CrmProcessRecorder

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Open the database, and make the log in it if there is none.

        Raises ``OSError`` for a missing or impossible setting, and the package's
        ``OperationalError`` if the database cannot be opened.
        """
        super().__init__(env)
        self._read_originator_id = self._originator_id_type()
        self.database = self._open_database()
        # Not everyone closes what they construct (the runner of a projection does not).
        self._finalizer = weakref.finalize(self.database, self.database.engine.dispose)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Streams beside the log, in a table named after *purpose* (snapshots)."""
        return self._made(self.aggregate_recorder_class, purpose=purpose)

    def application_recorder(self) -> ApplicationRecorder:
        """The log as an application's event store."""
        return self._made(
            self._class_named(self.APPLICATION_RECORDER_TOPIC, self.application_recorder_class)
        )

    def tracking_recorder(
        self, tracking_recorder_class: type[CrmTrackingRecorder] | None = None
    ) -> CrmTrackingRecorder:
        """How far a reader has come: the given class, usually a view that someone wrote."""
        return self._made(
            tracking_recorder_class
            or self._class_named(self.TRACKING_RECORDER_TOPIC, self.tracking_recorder_class)
        )

    def process_recorder(self) -> ProcessRecorder:
        """The log, and how far its writer has come in another one."""
        return self._made(
            self._class_named(self.PROCESS_RECORDER_TOPIC, self.process_recorder_class)
        )

    def close(self) -> None:
        """Give back the connections to the database."""
        self.database.close()

    def _class_named(self, setting: str, default: type[R]) -> type[R]:
        topic = self.env.get(setting)
        found = resolve_topic(topic) if topic else default
        if not (isinstance(found, type) and issubclass(found, default)):
            raise OSError(f"{setting}={topic} is not a subclass of {default.__name__}")
        return found

    def _made(self, recorder_class: type[R], **kwargs: Any) -> R:
        recorder = recorder_class(
            self.database, read_originator_id=self._read_originator_id, **kwargs
        )
        if strtobool(self.env.get(self.CREATE_TABLE) or "yes"):
            recorder.create_table()
        return recorder

    def _open_database(self) -> Database:
        url = self.env.get(self.CRMCORE_URL)
        if not url:
            keys = " or ".join(self.env.create_keys(self.CRMCORE_URL))
            raise OSError(
                f"the environment does not say which database: set {keys}, for example to"
                " sqlite:///crm.db"
            )
        schema = self.env.get(self.CRMCORE_SCHEMA) or None
        if schema and url.startswith("sqlite"):
            raise OSError(
                f"{self.CRMCORE_SCHEMA} is for PostgreSQL: on SQLite give each tenant its own file"
            )
        with recorder_errors():
            return Database.open(url, schema=schema)

    def _originator_id_type(self) -> ReadOriginatorId:
        name = self.env.get(self.ORIGINATOR_ID_TYPE) or "uuid"
        try:
            return ORIGINATOR_ID_TYPES[name.lower()]
        except KeyError:
            raise OSError(f"{self.ORIGINATOR_ID_TYPE}={name}: use uuid or text") from None


@contextmanager
def joining(application: Application[Any], connection: Connection) -> Iterator[None]:
    """Let *application* record, and read, in the host's own transaction until the end of the block.

    Its events, snapshots and trackings are there if the host commits, and none of them if it does
    not.  Raises the package's ``ProgrammingError`` where it does not record on this log's factory.
    """
    factory = application.factory
    if not isinstance(factory, Factory):
        raise ProgrammingError(
            f"{application.name} records by {type(factory).__module__}: set PERSISTENCE_MODULE to"
            " crmcore.eventsourcing"
        )
    with joined(factory.database, connection):
        yield
