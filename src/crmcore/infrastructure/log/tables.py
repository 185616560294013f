"""The tables of the log: events, the head that orders them, and the commands carried out.

Instants are microseconds since 1970-01-01T00:00Z, identities canonical UUID text, so
that the rows read the same in every database and the bytes under the chain are plain.
"""

from functools import cache

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from crmcore.domain.kernel.frozen import frozen

FORMAT = 1
"""The version of these tables; a database of another format is refused."""

_Position = BigInteger().with_variant(Integer, "sqlite")  # there, an alias of the row id


@frozen(eq=False)  # there is one for each schema
class LogTables:
    """The log's tables in one schema (None: the database's default one)."""

    metadata: MetaData
    events: Table
    head: Table
    commands: Table


@cache
def log_tables(schema: str | None = None) -> LogTables:
    """The log's tables in *schema*."""
    metadata = MetaData(schema=schema)
    events = Table(
        "crm_events",
        metadata,
        Column("position", _Position, primary_key=True, autoincrement=False),
        Column("stream_id", Text, nullable=False),
        Column("stream_version", BigInteger, nullable=False),
        Column("topic", Text, nullable=False),
        Column("schema_version", Integer, nullable=False),
        Column("subject_id", Text),
        Column("occurred_at", BigInteger, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
        Column("actor", Text),
        Column("command_id", Text),
        Column("correlation_id", Text),
        Column("causation_id", Text),
        Column("source", Text),
        Column("data", Text, nullable=False),
        Column("chain", LargeBinary(32), nullable=False),
        UniqueConstraint("stream_id", "stream_version", name="crm_events_stream"),
        Index("crm_events_subject", "subject_id", "position"),
    )
    head = Table(
        "crm_head",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("format", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("chain", LargeBinary(32), nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
        Column("pseudonym_key", LargeBinary(32), nullable=False),
    )
    commands = Table(
        "crm_commands",
        metadata,
        Column("command_id", Text, primary_key=True),
        Column("digest", LargeBinary(32), nullable=False),
        Column("first_position", BigInteger, nullable=False),
        Column("last_position", BigInteger, nullable=False),
    )
    return LogTables(metadata, events, head, commands)


EVENT_COLUMNS = tuple(column.name for column in log_tables().events.columns)
