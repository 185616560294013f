"""The statements that every command runs, as text made once.

SQLAlchemy would take longer to find each compiled statement again than the database takes to run it.
"""

from functools import lru_cache

from sqlalchemy import Dialect

from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.log.tables import LogTables

AHEAD = 16
"""Records of a stream that are read ahead: most streams are shorter, and a long one may not be needed."""


@frozen
class LogStatements:
    """SQL for the driver of one database; parameters are positional, in the order of the text."""

    head: str
    """The log's last position and its link."""
    link: str
    """The link of the record at a position."""
    stream: str
    """Of a stream: version, position, topic, schema version and data of its records, in order."""
    ahead: str
    """Of the streams with the ids given: id and then as above, of their first records."""
    versions: str
    """Of the streams with the ids given, those that are not there included: id and version."""
    lock_head: str
    """Position, link and instant of recording; where there are several writers, for us alone."""
    move_head: str
    receipts: str
    """Of the commands with the ids given: id, digest, the first position and the last."""
    keep_receipts: str
    """PostgreSQL takes an array for each column, and gives the ids that had no receipt before."""
    notify: str | None
    """Tells followers that something was recorded; None where the database cannot."""


@lru_cache(maxsize=256)
def log_statements(tables: LogTables, dialect: Dialect) -> LogStatements:
    """The statements for a log's *tables* in a database."""
    quoted = dialect.identifier_preparer.format_table
    events, head, commands = quoted(tables.events), quoted(tables.head), quoted(tables.commands)
    postgres = dialect.name == "postgresql"
    mark = "%s" if postgres else "?"
    # Written so that no database, however little it knows of its tables, reads them as a whole.
    named = "unnest(%s::text[]) AS named(value)" if postgres else "json_each(?) AS named"
    records = "stream_id, stream_version, position, topic, schema_version, data"
    row = (
        "SELECT * FROM unnest(%s::text[], %s::bytea[], %s::bigint[], %s::bigint[])"
        " ON CONFLICT DO NOTHING RETURNING command_id"
        if postgres
        else "VALUES (?, ?, ?, ?)"
    )
    return LogStatements(
        head=f"SELECT position, chain FROM {head}",
        link=f"SELECT chain FROM {events} WHERE position = {mark}",
        stream="SELECT stream_version, position, topic, schema_version, data"
        f" FROM {events} WHERE stream_id = {mark} ORDER BY stream_version",
        ahead=f"SELECT ahead.* FROM {named} CROSS JOIN LATERAL (SELECT {records} FROM {events}"
        f" WHERE stream_id = named.value ORDER BY stream_version LIMIT {AHEAD}) AS ahead"
        " ORDER BY ahead.stream_id, ahead.stream_version"
        if postgres
        else f"SELECT {records} FROM {named} CROSS JOIN {events}"
        f" WHERE stream_id = named.value AND stream_version <= {AHEAD}"
        " ORDER BY stream_id, stream_version",
        versions="SELECT named.value, (SELECT max(stream_version)"
        f" FROM {events} WHERE stream_id = named.value) FROM {named}",
        lock_head=f"SELECT position, chain, recorded_at FROM {head}"
        f"{' FOR UPDATE' if postgres else ''}",
        move_head=f"UPDATE {head} SET position = {mark}, chain = {mark}, recorded_at = {mark}",
        receipts="SELECT command_id, digest, first_position, last_position"
        f" FROM {named} CROSS JOIN {commands} WHERE command_id = named.value",
        keep_receipts=f"INSERT INTO {commands} (command_id, digest, first_position, last_position)"
        f" {row}",
        notify=f"NOTIFY {channel(tables)}" if postgres else None,
    )


def channel(tables: LogTables) -> str:
    """The quoted name of PostgreSQL's notification channel for this log."""
    return f'"crm_events:{tables.events.schema or ""}"'
