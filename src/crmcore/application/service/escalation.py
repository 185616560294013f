"""A process manager: records the warnings and breaches of service levels that have come about.

It decides nothing: the read model says which cases to look at, and each case says for itself
what came about.  A scheduler calls it as often as somebody wants to be notified; verdicts do not
depend on it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from crmcore.application.envelope import Batch, Envelope, Refused
from crmcore.application.log import Recorded
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.messages.service_levels import ObserveServiceLevels

BY: Final = "service levels"
"""Who wants it recorded."""


@frozen
class Escalated:
    """What came due by an instant: the cases looked at, the events recorded, and what was refused."""

    until: datetime
    cases: int
    events: tuple[Recorded, ...]
    refused: tuple[Refused, ...] = ()


def escalate(
    until: datetime,
    due: Iterable[UUID],
    *,
    run: UUID,
    execute: Callable[[Iterator[Envelope]], Batch],
    recorded: Callable[[UUID], Iterable[Recorded]],
) -> Escalated:
    """Record what is *due* before *until*, each case once.

    *run* marks the events (as their correlation id); *recorded* finds those that it marks.  A
    case of which nothing is due any more, because another process came first, records nothing.
    """
    cases = list(due)
    if not cases:
        return Escalated(until, 0, ())
    done = execute(
        Envelope(command=ObserveServiceLevels(case_id=case, at=until), by=BY, correlation_id=run)
        for case in cases
    )
    events = tuple(recorded(run)) if done.events else ()
    return Escalated(until, len(cases), events, tuple(done.refused))
