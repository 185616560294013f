"""Decisions on who handles a case, and on what is said about it."""

from collections.abc import Sequence

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.service.case.commands import (
    AddCaseNote,
    AssignCase,
    QueueCase,
    ReplyToCase,
    TransferCase,
)
from crmcore.domain.service.case.events import (
    CaseAssigned,
    CaseEvent,
    CaseNoteAdded,
    CaseQueued,
    CaseReplied,
    CaseResumed,
    CaseStarted,
    CaseTransferred,
)
from crmcore.domain.service.case.life_cycle import CUSTOMER_REPLIED, reopening
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import QueueChangeError, not_ended
from crmcore.domain.service.case.state import Facts, Merged, Opened
from crmcore.domain.service.terms import AuthorRole, StatusCategory


def assign(command: AssignCase, state: Opened) -> Sequence[CaseEvent]:
    """Give the case to an agent; a new case is thereby started."""
    if state.facts.as_of(command.at).agent == command.agent:
        return []
    living = not_ended(command.case_id, state)
    assigned = CaseAssigned(case_id=command.case_id, agent=command.agent, at=command.at)
    if living.facts.timeline.category_at(command.at) is StatusCategory.NEW:
        return [assigned, CaseStarted(case_id=command.case_id, agent=command.agent, at=command.at)]
    return [assigned]


def queue(command: QueueCase, state: Opened) -> Sequence[CaseEvent]:
    """Put the case into its first queue."""
    if state.facts.as_of(command.at).queue == command.queue:
        return []
    not_ended(command.case_id, state)
    if state.facts.queue is not None:
        raise QueueChangeError(
            f"case {command.case_id} is in the queue {state.facts.queue}; use transfer-case"
        )
    return [CaseQueued(case_id=command.case_id, queue=command.queue, at=command.at)]


def transfer(command: TransferCase, state: Opened) -> Sequence[CaseEvent]:
    """Move the case to another queue, where it has no agent yet."""
    facts = state.facts.as_of(command.at)
    if facts.queue == command.queue:
        return []
    not_ended(command.case_id, state)
    if facts.queue is None:
        raise QueueChangeError(f"case {command.case_id} is in no queue yet; use queue-case")
    return [
        CaseTransferred(
            case_id=command.case_id,
            from_queue=facts.queue,
            queue=command.queue,
            released_agent=facts.agent,
            reason=command.reason,
            at=command.at,
        )
    ]


def add_note(command: AddCaseNote, state: Opened) -> Sequence[CaseEvent]:
    """Write a remark, in any phase; the same note again changes nothing."""
    if command.note_id in state.facts.notes:
        return []
    return [
        CaseNoteAdded(
            case_id=command.case_id,
            note_id=command.note_id,
            agent=command.agent,
            text=command.text,
            at=command.at,
        )
    ]


def reply(command: ReplyToCase, state: Opened, policy: CasePolicy) -> Sequence[CaseEvent]:
    """Record a message and what follows from it; the same message again changes nothing.

    Sent to a case that was merged into this one, it is recorded here and says so; one that is
    older than the merge belongs to that case.  The first public message of an agent is the first
    response, by the instants at which they were written; an automatic one never is.
    """
    facts = state.facts
    if command.message_id in facts.messages:
        return []
    if not (isinstance(state, Merged) and command.at < state.since):
        not_ended(facts.case_id, state)
    if command.author_role is AuthorRole.CUSTOMER and not command.public:
        raise InvalidValueError("public", False, "true: what a customer writes is public")
    if command.author_role is not AuthorRole.AGENT and command.agent is not None:
        raise InvalidValueError("agent", command.agent, f"none for a {command.author_role} message")
    answered = command.author_role is AuthorRole.AGENT and command.public
    first = facts.first_response_at
    replied = CaseReplied(
        case_id=facts.case_id,
        message_id=command.message_id,
        author_role=command.author_role,
        agent=command.agent,
        author=command.author,
        channel=command.channel,
        public=command.public,
        text=command.text,
        first_response=answered and (first is None or command.at < first),
        addressed_to=None if command.case_id == facts.case_id else command.case_id,
        at=command.at,
    )
    return [replied, *_consequence(command, facts, policy)]


def _consequence(command: ReplyToCase, facts: Facts, policy: CasePolicy) -> Sequence[CaseEvent]:
    """How a message moves the case, by the status in which it found it.

    An agent's answer starts a new case.  A customer's message ends a wait for the customer (not
    one for a third party) and reopens a solved case.  Delivered late it does the same: the case
    was started, resumed or reopened earlier than was known.
    """
    found = facts.timeline.category_at(command.at)
    match command.author_role, found:
        case AuthorRole.AGENT, StatusCategory.NEW if command.public:
            return [CaseStarted(case_id=facts.case_id, agent=command.agent, at=command.at)]
        case AuthorRole.CUSTOMER, StatusCategory.PENDING:
            return [
                CaseResumed(case_id=facts.case_id, message_id=command.message_id, at=command.at)
            ]
        case AuthorRole.CUSTOMER, StatusCategory.SOLVED:
            return reopening(facts, command.at, CUSTOMER_REPLIED, command.message_id, policy)
        case _:
            return []
