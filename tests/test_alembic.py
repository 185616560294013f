"""A host's migrations: Alembic's autogenerate sees the host's tables, and leaves the core's alone."""

import ast
import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from eventsourcing.utils import Environment
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    inspect,
    text,
)

import crmcore
from crmcore import alembic, commands, new_id
from crmcore.eventsourcing import Factory

SOURCE = Path(crmcore.__file__).parent

ENVIRONMENT = """
from alembic import context
from sqlalchemy import create_engine

import crmcore.alembic

config = context.config
engine = create_engine(config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=config.attributes["metadata"],
        include_object=crmcore.alembic.include_object,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
"""

RENAMES = """
def upgrade():
    op.rename_table("crm_contacts", "crm_people")
    with op.batch_alter_table("bikes") as bikes:
        bikes.alter_column("maker", new_column_name="brand", nullable=False)


def downgrade():
    with op.batch_alter_table("bikes") as bikes:
        bikes.alter_column("brand", new_column_name="maker", nullable=True)
    op.rename_table("crm_people", "crm_contacts")
"""


def host(*, contacts: bool = True) -> MetaData:
    """A host's own tables: one has a name as if it were the core's."""
    metadata = MetaData()
    key = Column("id", Integer, primary_key=True)
    Table("bikes", metadata, key, Column("maker", Text), Column("parts__g", Text))
    if contacts:
        bike = Column("bike", Integer, ForeignKey("bikes.id"))
        table = Table("crm_contacts", metadata, Column("id", Integer, primary_key=True), bike)
        Index("crm_contacts_bike", table.c.bike)
    return metadata


def use(url: str, tenant: str | None = None) -> None:
    """A core that was in use: generations of before, one that is built, places of other readers."""
    with crmcore.open(url, tenant=tenant) as crm:
        register(crm)
        crm.catch_up()
        crm.maintenance.rebuild_all(["customer_history", "loyalty_status"], parts=1)
        crm.maintenance.switch("customer_history")
    environment = {"CRMCORE_URL": url, **({"CRMCORE_TENANT": tenant} if tenant else {})}
    factory = Factory(Environment("shop", environment))
    factory.aggregate_recorder("snapshots")
    factory.tracking_recorder()
    factory.close()


def register(crm: crmcore.CRM) -> None:
    kind, at = commands.CustomerKind.PERSON, crm.now()
    crm.execute(
        commands.RegisterCustomer(customer_id=new_id(), kind=kind, name="Ann", at=at), by="test"
    )


@contextmanager
def connected(url: str) -> Iterator[tuple[Engine, Connection]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield engine, connection
    engine.dispose()


def proposed(connection: Connection, metadata: MetaData, **opts: Any) -> list[str]:
    """What Alembic proposes, a line each."""
    context = MigrationContext.configure(connection, opts=opts)
    return sorted(line for one in compare_metadata(context, metadata) for line in _lines(one))


def _lines(difference: Any) -> Iterator[str]:
    if isinstance(difference, list):
        for one in difference:
            yield from _lines(one)
    else:
        kind, *_, what = difference
        yield f"{kind} {what.name}"


def told(how: str, connection: Connection) -> dict[str, Any]:
    if how == "by names":
        return {"include_object": alembic.include_object}
    found = alembic.owned(connection)
    return {"include_object": found.include_object, "include_name": found.include_name}


HOWS = pytest.mark.parametrize("how", ["by names", "by the database"])


@pytest.fixture
def in_use(database_url: str) -> str:
    """A database with the host's tables and with a core in use."""
    with connected(database_url) as (engine, _):
        host().create_all(engine)
    use(database_url)
    return database_url


def test_alone_alembic_would_drop_the_log_and_every_read_model(in_use: str) -> None:
    with connected(in_use) as (_, connection):
        found = proposed(connection, host())
    for name in ("crm_events", "crm_head", "crm_projections", "crm_aggregate_snapshots"):
        assert f"remove_table {name}" in found
    for generation in ("customer_history__g1", "customer_history__g2", "loyalty_status__g2"):
        assert f"remove_table {generation}" in found


@HOWS
def test_it_proposes_nothing_where_the_host_changed_nothing(in_use: str, how: str) -> None:
    with connected(in_use) as (_, connection):
        assert proposed(connection, host(), **told(how, connection)) == []


@HOWS
def test_it_proposes_exactly_what_the_host_changed(in_use: str, how: str) -> None:
    metadata = host(contacts=False)
    metadata.tables["bikes"].append_column(Column("colour", Text))
    Table("crm_visits", metadata, Column("id", Integer, primary_key=True))
    with connected(in_use) as (_, connection):
        assert proposed(connection, metadata, **told(how, connection)) == [
            "add_column colour",
            "add_table crm_visits",
            "remove_index crm_contacts_bike",
            "remove_table crm_contacts",
        ]


@HOWS
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_tenants_are_left_alone_where_all_schemas_are_compared(in_use: str, how: str) -> None:
    use(in_use, "acme")
    with connected(in_use) as (_, connection):
        connection.execute(text("CREATE SCHEMA crm_reports"))
        connection.execute(text("CREATE TABLE crm_reports.pages (id INTEGER PRIMARY KEY)"))
        opts = told(how, connection)
        assert proposed(connection, host(), include_schemas=True, **opts) == ["remove_table pages"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_tenants_schema_is_read_where_it_holds_something_of_the_hosts(in_use: str) -> None:
    use(in_use, "acme")
    with connected(in_use) as (_, connection):
        before = alembic.owned(connection)
        connection.execute(text("CREATE TABLE crm_acme.pages (id INTEGER PRIMARY KEY)"))
        after = alembic.owned(connection)
        assert not before.include_name("crm_acme", "schema", {})
        assert after.include_name("crm_acme", "schema", {})
        opts = told("by the database", connection)
        assert proposed(connection, host(), include_schemas=True, **opts) == ["remove_table pages"]


def test_a_table_of_the_hosts_that_is_called_like_a_generation_is_told_apart(in_use: str) -> None:
    with connected(in_use) as (_, connection):
        connection.execute(text("CREATE TABLE bikes__g1 (id INTEGER PRIMARY KEY)"))
        opts = told("by the database", connection)
        assert proposed(connection, host(), **opts) == ["remove_table bikes__g1"]


def test_a_read_model_in_the_hosts_metadata_is_not_made_as_a_table(in_use: str) -> None:
    metadata = host()
    Table("loyalty_status", metadata, Column("customer_id", Text, primary_key=True))
    with connected(in_use) as (_, connection):
        assert proposed(connection, metadata, **told("by the database", connection)) == []


def test_without_a_log_the_database_is_all_the_hosts(database_url: str) -> None:
    with connected(database_url) as (engine, connection):
        Table("crm_head", metadata := MetaData(), Column("id", Integer, primary_key=True))
        metadata.create_all(engine)
        assert alembic.owned(connection).relations == {}
        opts = told("by the database", connection)
        assert proposed(connection, MetaData(), **opts) == ["remove_table crm_head"]


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("crm_events", True),
        ("crm_subscriptions", True),
        ("crm_subscription_dead_letters", True),
        ("crm_aggregate_snapshots", True),
        ("loyalty_status__g12", True),
        ("crm_contacts", False),
        ("crm_events_archive", False),
        ("crm_aggregates", False),
        ("loyalty_status__g", False),
        ("loyalty_status__g0", False),
        ("loyalty__g1_notes", False),
        ("__g1", False),
    ],
)
def test_by_names_only_what_the_core_names_so_is_the_cores(name: str, is_ours: bool) -> None:
    assert alembic.include_object(Table(name, MetaData()), name, "table", True, None) != is_ours
    mine = Table(name, MetaData())
    assert alembic.include_object(mine, name, "table", True, mine)
    assert alembic.include_object(mine, name, "table", False, None)
    assert alembic.include_object(mine, name, "index", True, None)


def test_every_table_that_the_core_makes_is_named() -> None:
    """A table that is added is to be added there, or a host's next migration drops it."""
    made = set[str]()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                first = node.args[0] if node.args else None
                if node.func.id == "Table" and isinstance(first, ast.Constant):
                    made.add(str(first.value))
    ours = {name for name in made if name.startswith("crm_")}
    assert ours >= {"crm_events", "crm_projections"}
    assert ours <= alembic.TABLES


@pytest.fixture
def migrations(in_use: str, tmp_path: Path) -> Config:
    """A host's folder of migrations."""
    config = Config(stdout=io.StringIO())
    config.config_file_name = str(tmp_path / "alembic.ini")
    config.set_main_option("script_location", str(tmp_path / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", in_use.replace("%", "%%"))
    command.init(config, str(tmp_path / "migrations"))
    (tmp_path / "migrations" / "env.py").write_text(ENVIRONMENT)
    config.attributes["metadata"] = host()
    command.stamp(config, "head")
    return config


def state(url: str) -> tuple[bool, int, list[str], set[str]]:
    """The log's verdict and end, where read models stand, and the tables that are there."""
    with crmcore.open(url, create=False) as crm, connected(url) as (engine, _):
        standing = sorted(f"{one.name} {one.state} {one.position}" for one in crm.status())
        return crm.verify().intact, crm.position, standing, set(inspect(engine).get_table_names())


def test_a_migration_that_renames_leaves_the_log_and_the_read_models(
    migrations: Config, in_use: str
) -> None:
    before = state(in_use)
    script = command.revision(migrations, "rename")
    assert not isinstance(script, list)
    assert script is not None
    head, _, _ = Path(script.path).read_text().partition("def upgrade")
    Path(script.path).write_text(head + RENAMES)
    command.upgrade(migrations, "head")
    intact, *rest, tables = state(in_use)
    assert intact
    assert rest == list(before[1:3])
    assert tables == before[3] - {"crm_contacts"} | {"crm_people", "alembic_version"}
    with crmcore.open(in_use) as crm:
        register(crm)
        crm.catch_up()
        assert crm.verify().intact
        assert crm.maintenance.rebuild("loyalty_status")
    command.downgrade(migrations, "base")
    assert "crm_contacts" in state(in_use)[3]


def test_a_migration_that_is_generated_has_the_hosts_changes_only(
    migrations: Config, in_use: str
) -> None:
    metadata = host(contacts=False)
    metadata.tables["bikes"].append_column(Column("colour", Text))
    migrations.attributes["metadata"] = metadata
    command.revision(migrations, "colours", autogenerate=True)
    [script] = ScriptDirectory.from_config(migrations).walk_revisions()
    written = Path(script.path).read_text()
    up, down = written.split("def upgrade")[1].split("def downgrade")
    assert "colour" in up
    assert "drop_table('crm_contacts')" in up
    assert up.count("drop_") == 2  # the table and its index
    assert down.count("create_table") == 1
    command.upgrade(migrations, "head")
    intact, _, _, tables = state(in_use)
    assert intact
    assert "crm_contacts" not in tables


def test_neither_alembic_nor_the_core_is_imported() -> None:
    program = (
        "import sys, crmcore.alembic;"
        " print(sorted(one for one in sys.modules if one.startswith(('crmcore', 'sqlalchemy',"
        " 'alembic', 'attr'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "['crmcore', 'crmcore.alembic']\n"
