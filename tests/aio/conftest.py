"""A core for the tests of this folder."""

from collections.abc import Iterator

import pytest

import crmcore
from tests.histories import Clock


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A core, once on each kind of database."""
    with crmcore.open(database_url, clock=Clock()) as opened:
        yield opened
