"""What all classes of questions have: the rows of read models, and the instant that is meant."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import Connection, Table, exc

from crmcore.application.clock import Clock
from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.query.live_rows import KnownRows, LiveRows


@frozen(kw_only=True)
class Questions:
    """Questions that read models answer, as a class of their own under ``crm.read``.

    Further fields of a subclass are found by their types (see ``Context.provides``).
    """

    rows: LiveRows | KnownRows = attrs.field(repr=False)
    clock: Clock = attrs.field(repr=False)
    """Tells the moment that a question means which names none."""

    @contextmanager
    def reading(self, *tables: Table) -> Iterator[Connection]:
        """A connection that sees one moment, on which the declared *tables* hold the live rows.

        Raises ``MisuseError`` for tables of no read model, ``ProjectionStoppedError`` where their read
        models have no rows to answer with, ``NotReachedError`` where the log has not come to the position that was asked for.
        """
        for table in tables:
            if not isinstance(table, Table):
                raise MisuseError(f"reading: expected tables of read models, got {table!r}")
            if not self.rows.owners([table]):
                raise MisuseError(f"no read model that is kept declares {table.name}")
        with self.rows.of(*self.rows.owners(tables)) as connection:
            try:
                yield connection.execution_options(schema_translate_map={None: self.rows.schema})
            except exc.StatementError as error:
                if isinstance(error.orig, InvalidValueError):  # of a value in the statement
                    raise error.orig from None
                raise
