"""The subscriptions of a log, put together."""

from crmcore.application.at_once import KeepDeadLetter
from crmcore.application.catalogue import Catalogue
from crmcore.application.telemetry import Telemetry
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.notification import LogNotifier
from crmcore.infrastructure.log.projection_source import ProjectionSource
from crmcore.infrastructure.log.read import LogReader
from crmcore.subscriptions.dead_letters import DeadLetters
from crmcore.subscriptions.feed import Feed
from crmcore.subscriptions.places import Places
from crmcore.subscriptions.processes import dead_letters_at_once
from crmcore.subscriptions.subscription import Desk
from crmcore.subscriptions.subscriptions import Subscriptions


def subscriptions_of(
    database: Database,
    source: ProjectionSource,
    reader: LogReader,
    catalogue: Catalogue,
    notifier: LogNotifier,
    telemetry: Telemetry,
) -> Subscriptions:
    """The subscriptions of the log in *database*."""
    schema = database.tables.events.schema
    desk = Desk(
        Feed(source, reader, catalogue.events),
        Places(schema),
        DeadLetters(schema),
        notifier,
        0.2 if database.is_sqlite else 2.0,
        telemetry=telemetry,
    )
    return Subscriptions(desk, catalogue)


def keep_dead_letters_in(database: Database) -> KeepDeadLetter:
    """What lists, in the transaction of a command, what a process that acts at once was refused."""
    schema = database.tables.events.schema
    return dead_letters_at_once(Places(schema), DeadLetters(schema))
