"""What may be a secret is never shown: passwords in URLs, values on their way to the database."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

import crmcore
from crmcore.errors import StoreError, StoreUnavailableError
from crmcore.infrastructure.database.database import Database, store_errors
from crmcore.infrastructure.database.engine import engine_for, parsed_url, shown_url
from crmcore.infrastructure.log.tables import log_tables

SECRET = "hunter2"
NOWHERE = "127.0.0.1:1"
"""An address at which no server answers."""

URLS = {
    "a plain password": f"postgresql://ann:{SECRET}@{NOWHERE}/crm",
    "an at sign in the password": f"postgresql://ann:x@{SECRET}@{NOWHERE}/crm",
    "a slash in the password": f"postgresql://ann:x/{SECRET}@{NOWHERE}/crm",
    "an at sign and a slash": f"postgresql://ann:x@y/{SECRET}@{NOWHERE}/crm",
    "a question mark in the password": f"postgresql://ann:x?{SECRET}@{NOWHERE}/crm",
    "a number sign in the password": f"postgresql://ann:x#{SECRET}@{NOWHERE}/crm",
    "a port that is no number": f"postgresql://ann:{SECRET}@127.0.0.1:port/crm",
    "a port that is the password": f"postgresql://ann:{SECRET}/127.0.0.1/crm",
    "a port out of range": f"postgresql://ann:{SECRET}@127.0.0.1:99999/crm",
    "a libpq string": f"host=127.0.0.1 user=ann password={SECRET}",
    "a libpq string after the scheme": f"postgresql://host=127.0.0.1 password={SECRET}",
    "password=": f"postgresql://{NOWHERE}/crm?password={SECRET}",
    "passwd=": f"postgresql://{NOWHERE}/crm?passwd={SECRET}",
    "sslpassword=": f"postgresql://{NOWHERE}/crm?sslpassword={SECRET}",
    "no scheme": f"ann:{SECRET}@{NOWHERE}/crm",
    "no colon after the scheme": f"postgresql//ann:{SECRET}@{NOWHERE}/crm",
    "a password alone": f":{SECRET}@{NOWHERE}",
    "another kind of database": f"mysql://ann:{SECRET}@{NOWHERE}/crm",
    "a slash after digits, and no host": f"postgresql://ann:12/{SECRET}",
    "a number sign after the database": f"postgresql://ann:x@{NOWHERE}/crm#{SECRET}",
    "service=": f"postgresql://{NOWHERE}/crm?service={SECRET}",
    "sslmode=": f"postgresql://ann@{NOWHERE}/crm?sslmode={SECRET}",
    "a setting of SQLite": f"sqlite:////nowhere/crm.db?key={SECRET}",
    "the value of a setting": f"sqlite:////nowhere/crm.db?mode={SECRET}",
    "a file with a user": f"sqlite:///ann:{SECRET}@host/crm.db",
    "a file with a user and a slash": f"sqlite:///ann:x/{SECRET}@host/crm.db",
    "a URI with a user": f"sqlite:///file:ann:{SECRET}@host/crm.db?uri=true",
    "a scheme": f"{SECRET}://{NOWHERE}/crm",
    "a driver": f"postgresql+{SECRET}://ann@{NOWHERE}/crm",
    "a driver of a file": f"sqlite+{SECRET}:////nowhere/crm.db",
    "a file with a host": f"sqlite://ann:{SECRET}@{NOWHERE}/crm.db",
}


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize("url", URLS.values(), ids=URLS.keys())
def test_no_error_shows_a_password(url: str, tenant: str | None) -> None:
    with pytest.raises(StoreError) as refused:
        crmcore.open(url, tenant=tenant)
    assert SECRET not in str(refused.value)
    assert SECRET not in "".join(traceback.format_exception(refused.value))


@settings(max_examples=300, deadline=None)
@given(st.text("aZ09:/@?#%&=+[] \\'\"", max_size=4), st.text("a0:/@?#%&=+[] ", max_size=4))
def test_a_password_written_as_it_is_is_never_shown(before: str, after: str) -> None:
    """Whatever letters it has that mean something in a URL, and are not written as they should be."""
    text = f"postgresql://ann:{before}{SECRET}{after}@localhost/crm"
    try:
        url = parsed_url(text)
    except StoreUnavailableError as error:
        shown = str(error)
    else:
        shown = shown_url(url) + repr(engine_for(url, create=False))
    assert SECRET not in shown


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{SECRET}@localhost/crm",
        f"postgresql://localhost/crm?password={SECRET}&passwd={SECRET}",
        f"postgresql://localhost/crm?options=-csecret={SECRET}",
    ],
)
def test_an_engine_shows_neither_password_nor_options_and_has_both(url: str) -> None:
    engine = engine_for(url, create=False)
    assert SECRET not in repr(engine) + str(engine.url.render_as_string())
    database = Database(engine, log_tables(), shown_url(engine.url), True, parsed_url(url))
    assert SECRET in database.address
    assert SECRET not in repr(database)
    engine.dispose()


def hosts_engine(url: str) -> sa.Engine:
    return sa.create_engine(url)


def our_engine(url: str) -> sa.Engine:
    return engine_for(url, create=True)


@pytest.mark.parametrize("made", [hosts_engine, our_engine])
def test_an_error_of_the_database_shows_no_parameters(
    sqlite_url: str, made: Callable[[str], sa.Engine]
) -> None:
    engine = made(sqlite_url)
    with pytest.raises(StoreError) as refused, store_errors("here"), engine.connect() as connection:
        connection.execute(sa.text("SELECT :name FROM nowhere"), {"name": SECRET})
    engine.dispose()
    assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_a_file_may_have_any_letter_in_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "ann@work"
    folder.mkdir()
    with crmcore.open(f"sqlite:///{folder}/crm.db") as crm:
        assert crm.position == 0
        assert crm.where.endswith("work/crm.db")
