"""Rules in tests: given events, when a command, then events or a refusal."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from crmcore.testing import Outcome as Outcome
from crmcore.testing import Scenario as Scenario
from crmcore.testing import refuse_out_of_order as refuse_out_of_order

START = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday


def at(**later: float) -> datetime:
    """The instant *later* than Monday 2026-01-05 09:00 UTC: ``at(days=1)``."""
    return START + timedelta(**later)


def uid(number: int) -> UUID:
    """A readable identity: ``uid(1)`` is 00000000-0000-4000-8000-000000000001."""
    return UUID(f"00000000-0000-4000-8000-{number:012d}")
