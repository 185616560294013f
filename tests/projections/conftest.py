"""A log with a company in it, for the rules of the read models."""

from collections.abc import Callable

import pytest

import crmcore
from crmcore.domain.kernel import Command
from tests.histories import Clock

Tell = Callable[..., None]


@pytest.fixture
def clock() -> Clock:
    """A clock that is ahead of everything that the tests tell of; ``crm`` is opened with it."""
    return Clock()


@pytest.fixture
def tell(crm: crmcore.CRM) -> Tell:
    """Carry commands out, none of which may be refused, and bring the read models up to date."""

    def carry_out(*commands: Command) -> None:
        done = crm.execute_many(commands, by="somebody")
        assert not done.refused, [str(refused.error) for refused in done.refused]
        crm.catch_up()

    return carry_out
