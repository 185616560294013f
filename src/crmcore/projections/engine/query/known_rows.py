"""Read models as they were known at an instant: their rows made anew of what was recorded by then.

Apart from the database, in one that lasts as long as the question.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, MetaData, create_engine, insert

from crmcore.application.log import Recorded
from crmcore.projections.engine.fold import fold
from crmcore.projections.engine.projection import Projection


@contextmanager
def rebuild_rows(events: Mapping[Projection, Iterable[Recorded]]) -> Iterator[Connection]:
    """A database with the rows that *events* alone make, under the names that projections declare."""
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            for projection, seen in events.items():
                rows = fold(projection, seen)
                for declared in projection.tables:
                    table = declared.to_metadata(MetaData())
                    table.create(connection)
                    if found := list(rows.rows(declared)):
                        connection.execute(insert(table), found)
            yield connection
    finally:
        engine.dispose()
