"""The number of a case: the name by which people call it, and so that of one case alone.

A stream of its own for each number, so that two cases opened at once cannot both have it.
A number stays with its case for good, whatever becomes of that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from crmcore.domain.kernel import (
    Aggregate,
    NotAllowedError,
    derived_id,
    event,
    nobody,
    shape,
)
from crmcore.domain.service.terms import Label

__all__ = ["CaseNumberClaimed"]


_in_shape = shape(Label)


def normal_case_number(given: str) -> str:
    """*given* in the normal form of case numbers; ``InvalidValueError`` if it cannot be one."""
    number: str = _in_shape("number", given)
    return number


def case_number_id(number: str) -> UUID:
    """The stream of the case number *number*."""
    return derived_id("case-number", number)


@event
class CaseNumberClaimed:
    """The number is that of this case."""

    TOPIC: ClassVar[str] = "case-number-claimed"
    SENTENCE: ClassVar[str] = "case number {number} given"
    number_id: UUID
    case_id: UUID
    number: str
    at: datetime


class CaseNumberTakenError(NotAllowedError):
    """Another case has the number."""

    def __init__(self, number: str, holder: UUID) -> None:
        text = (
            f"case {holder} has the number {number}: give the new one a number of its own,"
            " or go on with that case"
        )
        super().__init__(text)
        self.about("number")
        self.holder = holder


State = UUID | None
"""The case that has the number."""


def evolve(_state: State, event: CaseNumberClaimed) -> State:
    """The state after *event*."""
    return event.case_id


def claim(number: str, case_id: UUID, at: datetime, state: State) -> Sequence[CaseNumberClaimed]:
    """Give a case its number; ``CaseNumberTakenError`` where another has it."""
    if state == case_id:
        return []
    if state is not None:
        raise CaseNumberTakenError(number, state)
    return [
        CaseNumberClaimed(number_id=case_number_id(number), case_id=case_id, number=number, at=at)
    ]


AGGREGATE: Final = Aggregate[State, CaseNumberClaimed](
    kind="case number",
    initial=None,
    evolve=evolve,
    events=(CaseNumberClaimed,),
    subject=nobody,
)
