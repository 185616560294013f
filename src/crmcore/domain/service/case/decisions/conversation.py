"""Decisions on what is said about a case, and on how a message moves it."""

from collections.abc import Sequence
from typing import assert_never

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.service.case.decisions.life_cycle import CUSTOMER_REPLIED, reopen
from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.messages.conversation import (
    AddCaseNote,
    CaseNoteAdded,
    CaseReplied,
    ConversationCommand,
    ReplyToCase,
)
from crmcore.domain.service.case.messages.life_cycle import CaseResumed, CaseStarted
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import require_not_ended
from crmcore.domain.service.case.state import Merged, Opened
from crmcore.domain.service.terms import AuthorRole, StatusCategory


def converse(
    command: ConversationCommand, state: Opened, policy: CasePolicy
) -> Sequence[CaseEvent]:
    """Record a message or a remark, once."""
    match command:
        case ReplyToCase():
            return _reply(command, state, policy)
        case AddCaseNote():
            return _add_note(command, state)
        case _:
            assert_never(command)


def _add_note(command: AddCaseNote, state: Opened) -> Sequence[CaseEvent]:
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


def _reply(command: ReplyToCase, state: Opened, policy: CasePolicy) -> Sequence[CaseEvent]:
    """Record a message and what follows from it; the same message again changes nothing.

    Sent to a case that was merged into this one, it is recorded here and says so; one that is
    older than the merge belongs to that case.  The first public message of an agent is the first
    response, by the instants at which they were written; an automatic one never is.
    """
    facts = state.facts
    if command.message_id in facts.messages:
        return []
    if not (isinstance(state, Merged) and command.at < state.since):
        require_not_ended(facts.case_id, state)
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
    return [replied, *_consequences(command, facts, policy)]


def _consequences(command: ReplyToCase, facts: Facts, policy: CasePolicy) -> Sequence[CaseEvent]:
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
            return reopen(facts, command.at, CUSTOMER_REPLIED, command.message_id, policy)
        case _:
            return []
