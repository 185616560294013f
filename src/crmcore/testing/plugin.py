"""Fixtures for pytest: ``pytest_plugins = ["crmcore.testing.plugin"]`` in the topmost ``conftest.py``.

``crm`` is an empty log, with the parts that the fixture ``crm_parts`` of your own names:

    @pytest.fixture
    def crm_parts() -> dict[str, Any]:
        return {"contexts": [WORKSHOP]}

``clock`` is its clock; ``story`` tests rules on it; ``sqlite_url`` is the URL of a file that is not there yet.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crmcore.crm import CRM
from crmcore.testing.clock import Clock
from crmcore.testing.logs import throwaway
from crmcore.testing.missing import needed
from crmcore.testing.story import Story

with needed("pytest"):
    import pytest

__all__ = ["clock", "crm", "crm_parts", "sqlite_url", "story"]


@pytest.fixture
def clock() -> Clock:
    """The clock of ``crm``: it stands still until the test moves it."""
    return Clock()


@pytest.fixture
def crm_parts() -> dict[str, Any]:
    """What ``crm`` is opened with: arguments of ``throwaway``, to be given by a fixture of your own."""
    return {}


@pytest.fixture
def crm(crm_parts: dict[str, Any], clock: Clock) -> Iterator[CRM]:
    """An empty log, thrown away after the test."""
    with throwaway(**{"clock": clock, **crm_parts}) as opened:
        yield opened


@pytest.fixture
def story(crm: CRM) -> Story:
    """Rules on ``crm``: ``story.given(*commands).when(command).then(*events)``."""
    return Story(crm)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'crm.db'}"
