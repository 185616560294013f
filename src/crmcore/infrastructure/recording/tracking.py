"""How far a reader has come in somebody's log, kept in the transaction of what it wrote."""

from collections.abc import Sequence
from functools import cache

from eventsourcing.persistence import Tracking, TrackingRecorder
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, insert, select, update

from crmcore.infrastructure.recording.recorder import DatabaseRecorder


@cache
def tracking_table(schema: str | None) -> Table:
    """One row per application that is read from."""
    return Table(
        "crm_tracking",
        MetaData(schema=schema),
        Column("application_name", Text, primary_key=True),
        Column("notification_id", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


class CrmTrackingRecorder(DatabaseRecorder, TrackingRecorder):
    """The last id that was processed, per application; a base for views of one's own.

    A view extends it by tables, named by ``tables()``, and by methods that change them in
    ``with self.transaction() as connection:`` together with
    ``self.insert_tracking(tracking, connection=connection)``.
    """

    def tables(self) -> Sequence[Table]:
        """The tracking table; a view adds its own."""
        return (tracking_table(self.schema),)

    def insert_tracking(self, tracking: Tracking, *, connection: Connection | None = None) -> None:
        """Note that *tracking* was processed, in the transaction of *connection* if given.

        Raises the package's ``IntegrityError`` if this id, or a later one, was noted before.
        """
        table = tracking_table(self.schema)
        moved = (
            update(table)
            .where(
                table.c.application_name == tracking.application_name,
                table.c.notification_id < tracking.notification_id,
            )
            .values(notification_id=tracking.notification_id)
        )
        with self.transaction(connection) as own:
            if own.execute(moved).rowcount == 0:  # the first one, or not a later one
                own.execute(
                    insert(table).values(
                        application_name=tracking.application_name,
                        notification_id=tracking.notification_id,
                    )
                )

    def max_tracking_id(self, application_name: str) -> int | None:
        """The last id of *application_name* that was processed; None if there is none."""
        table = tracking_table(self.schema)
        query = select(table.c.notification_id).where(table.c.application_name == application_name)
        with self.reading() as connection:
            found: int | None = connection.execute(query).scalar()
        return found
