"""Engines for URLs: which databases there are, how they are set up, and what a URL must be."""

import re
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy import URL, Engine, create_engine, event, exc, make_url

from crmcore.application.errors import StoreFormatError, StoreMissingError, StoreUnavailableError

WAIT_SECONDS = 30
"""How long a writer waits for another before it gives up.

A URL may say otherwise: ``sqlite:///crm.db?timeout=5`` (seconds), or on PostgreSQL
``?options=-clock_timeout=5s``.
"""

URI_SETTINGS: Final = frozenset(("cache", "immutable", "mode", "nolock", "psow", "vfs"))
"""Settings that SQLite itself takes, and only where the file is named by a URI."""

DRIVER_SETTINGS: Final = frozenset(
    (
        "cached_statements",
        "check_same_thread",
        "detect_types",
        "isolation_level",
        "timeout",
        "uri",
    )
)
"""Settings that Python's driver takes."""

SMALLEST_FILE = 512
"""Bytes of the smallest SQLite database that holds anything."""

EXAMPLES = "sqlite:///crm.db for a file, or postgresql+psycopg://user@host/name for a server"

SHOWN_KINDS: Final = frozenset(
    ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg", "mysql", "mariadb", "oracle")
)
"""Names of databases and drivers: any other may be a secret that stands in the wrong place."""

SHOWN_MODES: Final = frozenset(("ro", "rw", "rwc"))

PASSWORD_IN_FILE = re.compile(r":.*@")

MISREAD = re.compile(r"[@=?#\s]")
"""What no host has, and no database: a password, or settings, of which the end was read as these."""


def parsed_url(target: str | URL) -> URL:
    """*target* as a URL; raises ``StoreUnavailableError`` if it is none.

    What cannot be read is not shown either: nobody knows which part of it is the password.
    """
    if hasattr(target, "sync_engine"):
        raise StoreUnavailableError(
            "an AsyncEngine is not supported: the core has an engine of its own on its database,"
            " crmcore.open(engine.url), and joins your transactions by crm.aio"
        )
    try:
        url = make_url(target)
    except (exc.ArgumentError, ValueError):  # the latter: a port that is no number
        url = None
    misread = url is not None and not _is_file(url) and str(target).count("@") > 1
    if url is None or misread or _odd(url):
        raise StoreUnavailableError(
            f"what names the database is not a database URL: write {EXAMPLES};"
            " within a user's name or password, write : / @ ? # and % as %3A %2F %40 %3F %23 %25"
        ) from None
    return url


def _is_file(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _odd(url: URL) -> list[str]:
    """Of a server's host and database, those that may be something else, read in the wrong place."""
    places = {} if _is_file(url) else {"host": url.host, "database": url.database}
    return [name for name, place in places.items() if MISREAD.search(place or "")]


def engine_for(target: str | URL, create: bool) -> Engine:
    """An engine on *target*, connected to nothing yet; *create* says whether a file may be made."""
    url = parsed_url(target)
    try:
        return _engine(url, create)
    except (exc.ArgumentError, TypeError, ValueError) as error:  # shown, it may tell a secret
        raise StoreUnavailableError(
            f"the URL has a setting that its driver does not take ({type(error).__name__})"
        ) from None


def _engine(url: URL, create: bool) -> Engine:
    if _is_file(url):
        return _sqlite_engine(url, create)
    if url.get_backend_name() != "postgresql":
        kind = _shown_kind(url).replace("***", "that kind of database")
        raise StoreUnavailableError(
            f"{kind} is not supported: use sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        )
    try:
        return _postgres_engine(url.set(drivername="postgresql+psycopg"))
    except ModuleNotFoundError:
        raise StoreUnavailableError(
            "PostgreSQL needs the package psycopg: pip install 'crmcore[postgres]'"
        ) from None


def require_supported(engine: Engine) -> None:
    """Raise ``StoreUnavailableError`` for a host's engine on which no log can be kept."""
    dialect = engine.dialect
    ours = dialect.name == "sqlite" or (dialect.name, dialect.driver) == ("postgresql", "psycopg")
    if dialect.is_async or not ours:
        raise StoreUnavailableError(
            f"an engine of {dialect.name}+{dialect.driver} is not supported: use sqlite, or"
            " postgresql+psycopg (psycopg 3)"
        )


def _postgres_engine(url: URL) -> Engine:
    # Options may be secrets: an engine shows its URL, less the password before the host.
    options = [name for name in url.query if name not in ("host", "port")]
    engine = create_engine(
        url.difference_update_query(options),
        connect_args={name: url.query[name] for name in options},
        pool_pre_ping=True,
        hide_parameters=True,
    )
    if options:
        _hide_options(engine, (str(url.query[name]) for name in options))
    if "options" not in url.query:

        @event.listens_for(engine, "connect")
        def configure(connection: object, _record: object) -> None:
            connection.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")  # type: ignore[attr-defined]  # a psycopg.Connection
            connection.commit()  # type: ignore[attr-defined]  # as above

    return engine


def _sqlite_engine(url: URL, create: bool) -> Engine:
    if url.host or url.username or url.password or url.port:
        raise StoreUnavailableError(f"a SQLite URL has no host and no user: write {EXAMPLES}")
    _require_known(url)
    is_uri = (url.database or "").startswith("file:")
    name, mode = _file_name(url) or ":memory:", url.query.get("mode")
    if ":memory:" in name or mode == "memory":
        raise StoreUnavailableError(
            "an in-memory SQLite database is lost with its connection: name a file,"
            " such as sqlite:///crm.db"
        )
    _check_file(shown_url(url), Path(name), create and mode in (None, "rwc"))
    if is_uri or not URI_SETTINGS.isdisjoint(url.query):
        url = url.set(database=f"file:{quote(name)}").update_query_dict({"uri": "true"})
    wait = {} if "timeout" in url.query else {"timeout": WAIT_SECONDS}
    engine = create_engine(url.set(drivername="sqlite"), connect_args=wait, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def configure(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a sqlite3.Connection
        try:
            if mode != "ro":
                _write_ahead(cursor)
            cursor.execute("PRAGMA synchronous = FULL")  # what was accepted survives a power cut
        finally:
            cursor.close()

    return engine


def _require_known(url: URL) -> None:
    """Raise ``StoreUnavailableError`` for a setting that would be passed over without a word."""
    known = URI_SETTINGS | DRIVER_SETTINGS
    if not known.issuperset(url.query):
        raise StoreUnavailableError(
            f"{shown_url(url)}: has a setting that SQLite does not know:"
            f" it knows {', '.join(sorted(known))}"
        )


def _file_name(url: URL) -> str:
    """The file that a SQLite URL names, be it by its name or by a URI of its own (``file:``)."""
    name = url.database or ""
    if not name.startswith("file:"):
        return name
    uri = urlsplit(name)
    if uri.netloc not in ("", "localhost") or uri.query or uri.fragment:
        raise StoreUnavailableError(
            "a file is named by a URI without a host, and with % ? and # written as %25 %3F %23:"
            " file:/folder/crm.db"
        )
    return unquote(uri.path)


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Let readers and a writer not block each other.

    Waits for others as any writer does: SQLite itself gives up at once here, without the time-out
    that it has for all else.
    """
    (milliseconds,) = cursor.execute("PRAGMA busy_timeout").fetchone()
    give_up = time.monotonic() + milliseconds / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # without its reason
            if not is_busy or time.monotonic() >= give_up:
                raise
            time.sleep(0.01)
        else:
            return


def _check_file(where: str, file: Path, create: bool) -> None:
    """See to it that SQLite opens what is meant: it makes missing files, and overwrites tiny ones.

    The file is not opened for that: closing it would take from this process all locks that
    SQLite holds on it for others who have it open, and another process might then damage it.
    """
    folder = "of the file" if "***" in where else file.parent
    if not file.parent.is_dir():
        raise StoreUnavailableError(f"{where}: the folder {folder} does not exist: create it first")
    if not create and not file.exists():
        raise StoreMissingError(f"{where}: there is no such file")
    if file.is_file() and 0 < file.stat().st_size < SMALLEST_FILE:
        raise StoreFormatError(f"{where}: the file is no SQLite database")


def _shown_kind(url: URL) -> str:
    kinds = (url.drivername, url.get_backend_name(), "***")
    return next(kind for kind in kinds if kind in {*SHOWN_KINDS, "***"})


def _hides_file(url: URL) -> bool:
    """Whether the name of the file may be a user, a password and a host."""
    return bool(PASSWORD_IN_FILE.search((url.database or "").removeprefix("file:")))


def shown_url(url: URL) -> str:
    """*url*, so far as nothing in it can be a secret: no password, no option, nothing misread.

    Where there is a port and no user, host, port and database may be a user and a password of which
    the host was forgotten.
    """
    kind = _shown_kind(url)
    if _is_file(url):
        if url.host or url.username or _hides_file(url):
            return f"{kind}:///***"
        mode = url.query.get("mode")
        said = {"mode": mode} if isinstance(mode, str) and mode in SHOWN_MODES else {}
        return URL.create(kind, database=url.database, query=said).render_as_string()
    if url.port is not None and not url.username:
        return f"{kind}://***"
    odd, bare = _odd(url), url.set(drivername=kind, query={})
    if "host" in odd:
        bare = bare.set(host="***")
    if "database" in odd:
        bare = bare.set(database="***")
    return bare.render_as_string(hide_password=True)


def _hide_options(engine: Engine, options: Iterable[str]) -> None:
    """Let what the driver says of a connection that failed not quote the *options* of the URL."""
    words = {word for option in options for word in (option, *re.split(r"[\s=,;:]+", option))}
    secret = sorted(filter(None, words), key=len, reverse=True)

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: object, given: Any, settings: Any) -> object:
        try:
            return dialect.connect(*given, **settings)
        except dialect.loaded_dbapi.Error as error:
            said = re.sub("|".join(map(re.escape, secret)), "***", str(error))
            hidden = type(error)(said)
        raise hidden
