"""Why a case refuses, and the guards that the decisions share."""

from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from crmcore.domain.kernel import NotAllowedError, shown
from crmcore.domain.service.case.messages.unions import CaseCommand
from crmcore.domain.service.case.state import Active, Closed, Merged, Opened, Solved, Spam


class CaseOutOfOrderError(NotAllowedError):
    """The command is dated before something that must have come first."""

    def __init__(self, command: CaseCommand, since: datetime, phase: str) -> None:
        super().__init__(
            f"{command.TOPIC} at {command.at.isoformat()}: case {command.case_id} is {phase} only"
            f" since {since.isoformat()}; expected an instant from then on"
        )


class CaseClosedError(NotAllowedError):
    """A closed case is final."""

    def __init__(self, case_id: UUID) -> None:
        super().__init__(
            f"case {case_id} is closed for good; open a new case that follows it"
            f" (open-case with follows {case_id})"
        )


class ReopenWindowPassedError(NotAllowedError):
    """The case was solved too long ago to be reopened."""

    def __init__(self, case_id: UUID, solved_at: datetime, window: timedelta) -> None:
        super().__init__(
            f"case {case_id} was solved at {solved_at.isoformat()} and could be reopened for"
            f" {shown(window)}; open a new case that follows it (open-case with follows {case_id})"
        )


class CaseMergedError(NotAllowedError):
    """The work on the case goes on in another."""

    def __init__(self, case_id: UUID, into: UUID) -> None:
        super().__init__(f"case {case_id} was merged into case {into}; use that one")


class CaseSpamError(NotAllowedError):
    """The case was marked as spam, which is final."""

    def __init__(self, case_id: UUID) -> None:
        super().__init__(f"case {case_id} was marked as spam; open a new case for a real concern")


class CaseSolvedError(NotAllowedError):
    """The command is for a case that is being worked on."""

    def __init__(
        self, command: CaseCommand, *, hint: str = "reopen it first (reopen-case)"
    ) -> None:
        super().__init__(f"{command.TOPIC}: case {command.case_id} is solved; {hint}")


class CaseNotSolvedError(NotAllowedError):
    """Only a solved case is closed, so that each closed case says how it ended."""

    def __init__(self, case_id: UUID, category: str) -> None:
        super().__init__(
            f"case {case_id} is {category}; solve it before closing it (solve-case, with a"
            " resolution code such as withdrawn or duplicate if nothing was done)"
        )


class CaseCustomerKnownError(NotAllowedError):
    """Whose case it is was said before, and differently."""

    def __init__(self, case_id: UUID, customer_id: UUID) -> None:
        super().__init__(f"case {case_id} is of customer {customer_id}, which cannot change")


class QueueChangeError(NotAllowedError):
    """The first queue is chosen by one command, each later one by another."""


class MergeCycleError(NotAllowedError):
    """The case would be merged into itself, directly or by way of others."""

    def __init__(self, case_id: UUID, into: UUID) -> None:
        way = "itself" if case_id == into else f"case {into}, which was merged into it"
        super().__init__(f"case {case_id} cannot be merged into {way}; name a case that lives on")


class MergeAcrossCustomersError(NotAllowedError):
    """A merge would show one customer's messages to another."""

    def __init__(self, case_id: UUID, into: UUID) -> None:
        super().__init__(
            f"cases {case_id} and {into} are of different customers; merging them shows the"
            " messages of one to the other (merge-case with forced true if that is meant)"
        )


def require_not_ended(case_id: UUID, state: Opened) -> Active | Solved:
    """*state*, if something can still happen in it; refuses a case that has ended."""
    match state:
        case Closed():
            raise CaseClosedError(case_id)
        case Merged():
            raise CaseMergedError(case_id, state.into)
        case Spam():
            raise CaseSpamError(case_id)
        case Active() | Solved():
            return state
        case _:
            assert_never(state)


def require_active(command: CaseCommand, state: Opened) -> Active:
    """*state*, if the case is being worked on; refuses one that is solved or has ended."""
    living = require_not_ended(command.case_id, state)
    if isinstance(living, Solved):
        raise CaseSolvedError(command)
    return living


def require_in_order(command: CaseCommand, state: Opened) -> None:
    """Refuse a change of status that is dated before the last one: intervals never run backwards."""
    if command.at < state.since:
        raise CaseOutOfOrderError(command, state.since, state.category.value)
