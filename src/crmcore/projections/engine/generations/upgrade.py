"""Tables beside the log that an earlier release made, brought to what this one keeps in them.

The log itself never changed: its head says its format.  The registry of generations did, and tells it
by its columns: first it had no states, then no links, then no topics.  Each step is a transaction and
sees by the columns whether it is due, so that what was killed goes on where it was.

What an earlier release did not keep is not guessed.  Rows whose links and topics are not known stay
shown, and ask for a rebuild.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, MetaData, Table, inspect, text

from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.locking import lock
from crmcore.projections.engine.generations.tables import numbered_name
from crmcore.projections.engine.generations.views import drop
from crmcore.projections.engine.source import LogSource

REGISTRY: Final = "crm_projections"
PARTS: Final = "crm_rebuild_parts"
PATIENCE: Final = "5s"
"""How long it waits on PostgreSQL for whoever follows or rebuilds."""

Columns = Mapping[str, Collection[str]]
"""The columns of the registry and of the parts of rebuilds, by table; no table, no columns."""


@frozen
class Step:
    """What a release changed in a table: *is_due* sees it by the columns, *take* makes it so."""

    what: str
    table: str
    is_due: Callable[[Collection[str]], bool]
    take: Callable[["Place", Connection], None]


@frozen
class Place:
    """Where the tables are, and what they are called in statements there."""

    schema: str | None

    def quoted(self, connection: Connection, name: str) -> str:
        """The table or view of this name."""
        table = Table(name, MetaData(schema=self.schema))
        return connection.dialect.identifier_preparer.format_table(table)


def _make_anew(place: Place, connection: Connection) -> None:
    """Drop the generations of a registry that did not name their tables: each had a view on it."""
    quoted, there = place.quoted, inspect(connection)
    registry = quoted(connection, REGISTRY)
    numbered = text(f"SELECT DISTINCT generation FROM {registry}")
    numbers = connection.execute(numbered).scalars().all()
    tables = set(there.get_table_names(place.schema))
    for view in there.get_view_names(place.schema):
        generations = [numbered_name(view, number) for number in numbers]
        ours = [name for name in generations if name in tables]
        for kind, name in [*(("VIEW", view) for _ in ours[:1]), *(("TABLE", one) for one in ours)]:
            drop(connection, kind, quoted(connection, name))
    drop(connection, "TABLE", registry)


def _add_link(name: str) -> Callable[[Place, Connection], None]:
    def add(place: Place, connection: Connection) -> None:
        table, unknown = place.quoted(connection, name), "00" * 32
        if connection.dialect.name != "postgresql":
            kind = f"BLOB NOT NULL DEFAULT x'{unknown}'"
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN link {kind}"))
            return
        kind = f"BYTEA NOT NULL DEFAULT decode('{unknown}', 'hex')"
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN link {kind}"))
        connection.execute(text(f"ALTER TABLE {table} ALTER COLUMN link DROP DEFAULT"))

    return add


def _add_topics(place: Place, connection: Connection) -> None:
    table = place.quoted(connection, REGISTRY)
    connection.execute(text(f"ALTER TABLE {table} ADD COLUMN topics JSON"))


STEPS: Final = (
    Step(
        "read models are made anew: what kept them did not tell their tables",
        REGISTRY,
        lambda columns: bool(columns) and "state" not in columns,
        _make_anew,
    ),
    Step(
        "read models keep the link of their position in the log",
        REGISTRY,
        lambda columns: bool(columns) and "link" not in columns,
        _add_link(REGISTRY),
    ),
    Step(
        "rebuilds under way keep the link of the position that they fill up to",
        PARTS,
        lambda columns: bool(columns) and "link" not in columns,
        _add_link(PARTS),
    ),
    Step(
        "read models keep the topics that they have read",
        REGISTRY,
        lambda columns: bool(columns) and "topics" not in columns,
        _add_topics,
    ),
)

Report = Callable[[str, int, int], None]
"""Called with what a step does, how many steps are done, and how many there are."""


@frozen
class Upgrade:
    """Brings the tables of one log's read models forward."""

    _source: LogSource
    _schema: str | None
    _steps: Sequence[Step] = STEPS

    def due(self) -> list[str]:
        """What is to be done, in order."""
        with self._source.read() as connection:
            return [step.what for step in self._due(connection)]

    def run(self, report: Report | None = None) -> list[str]:
        """Do what is due, a transaction each; return what was done."""
        with self._source.read() as connection:
            steps = self._due(connection)
        done = list[str]()
        for step in steps:
            if report is not None:
                report(step.what, len(done), len(steps))
            if self._take(step):
                done.append(step.what)
        if report is not None and steps:
            report(steps[-1].what, len(steps), len(steps))
        return done

    def _take(self, step: Step) -> bool:
        """Take a step, unless another has taken it meanwhile."""
        place = Place(self._schema)
        with self._source.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            lock(connection, self._schema, REGISTRY)
            if not step.is_due(self._columns(connection)[step.table]):
                return False
            if connection.dialect.name == "postgresql":  # nobody follows or rebuilds meanwhile
                table = place.quoted(connection, step.table)
                connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
            step.take(place, connection)
        return True

    def _due(self, connection: Connection) -> list[Step]:
        """What is due by now; a step that makes a table anew leaves nothing due to that table."""
        columns, due = dict(self._columns(connection)), list[Step]()
        for step in self._steps:
            if step.is_due(columns[step.table]):
                due.append(step)
                if step.take is _make_anew:
                    columns[step.table] = ()
        return due

    def _columns(self, connection: Connection) -> Columns:
        found = inspect(connection).get_multi_columns(
            schema=self._schema, filter_names=[REGISTRY, PARTS]
        )
        by_name = {name: {one["name"] for one in columns} for (_, name), columns in found.items()}
        return {name: by_name.get(name, set()) for name in (REGISTRY, PARTS)}
