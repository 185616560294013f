"""A log with a company in it, for the rules of the read models."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import crmcore
from crmcore.domain.kernel import Command
from tests.histories import Clock

Tell = Callable[..., None]


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[crmcore.CRM]:
    """An empty log in a file; its clock is ahead of everything that the tests tell of."""
    with crmcore.open(f"sqlite:///{tmp_path / 'rules.db'}", clock=Clock()) as opened:
        yield opened


@pytest.fixture
def tell(crm: crmcore.CRM) -> Tell:
    """Carry commands out, none of which may be refused, and bring the read models up to date."""

    def carry_out(*commands: Command) -> None:
        done = crm.execute_many(commands, by="somebody")
        assert not done.refused, [str(refused.error) for refused in done.refused]
        crm.catch_up()

    return carry_out
