"""Decisions on what a case is about: opening, whose it is, its class and its priority."""

from collections.abc import Sequence
from typing import Any, assert_never

import attrs

from crmcore.domain.kernel import AlreadyExistsError, InvalidValueError
from crmcore.domain.service.case.messages.opening import (
    CaseClassified,
    CaseCustomerIdentified,
    CaseOpened,
    CasePrioritised,
    ClassifyCase,
    DescriptionCommand,
    IdentifyCaseCustomer,
    OpenCase,
    OpeningEvent,
    PrioritiseCase,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import CaseCustomerKnownError, require_not_ended
from crmcore.domain.service.case.state import Opened, State, Unopened
from crmcore.domain.service.priority import Impact, Priority, PriorityMatrix, Urgency


def open_case(command: OpenCase, state: State, policy: CasePolicy) -> Sequence[OpeningEvent]:
    """Open; the same opening again changes nothing."""
    opened = _opening_event(command)
    if not isinstance(state, Unopened):
        if state.facts.opening == opened:
            return []
        raise AlreadyExistsError(
            "case",
            command.case_id,
            "a new concern needs an id of its own",
            at=state.facts.opening.at,
        )
    if command.resolve_by is not None and command.resolve_by < command.at:
        raise InvalidValueError(
            "resolve_by", command.resolve_by.isoformat(), "an instant not before the opening"
        )
    prioritised = _first_priority(command, policy.matrix)
    return [opened, *([prioritised] if prioritised else [])]


def describe(
    command: DescriptionCommand, state: Opened, policy: CasePolicy
) -> Sequence[OpeningEvent]:
    """Say whose case it is, of which class, or how pressing."""
    match command:
        case IdentifyCaseCustomer():
            return _identify(command, state)
        case ClassifyCase():
            return _classify(command, state)
        case PrioritiseCase():
            return _prioritise(command, state, policy)
        case _:
            assert_never(command)


def _identify(command: IdentifyCaseCustomer, state: Opened) -> Sequence[OpeningEvent]:
    """Say whose case it is, in any phase, once."""
    known = state.facts.customer_id
    if known == command.customer_id:
        return []
    if known is not None:
        raise CaseCustomerKnownError(command.case_id, known)
    return [
        CaseCustomerIdentified(
            case_id=command.case_id, customer_id=command.customer_id, at=command.at
        )
    ]


def _classify(command: ClassifyCase, state: Opened) -> Sequence[OpeningEvent]:
    """Sort the case until it has ended; what the command leaves out stays."""
    facts = state.facts.as_of(command.at)
    kind = command.kind or facts.kind
    category = command.category or facts.category
    request_type = command.request_type or facts.request_type
    if (kind, category, request_type) == (facts.kind, facts.category, facts.request_type):
        return []
    require_not_ended(command.case_id, state)
    return [
        CaseClassified(
            case_id=command.case_id,
            kind=kind,
            category=category,
            request_type=request_type,
            at=command.at,
        )
    ]


def _prioritise(
    command: PrioritiseCase, state: Opened, policy: CasePolicy
) -> Sequence[OpeningEvent]:
    """Set the priority; another service level policy may hold then."""
    facts = state.facts.as_of(command.at)
    if command.priority is not None and command.impact is None and command.override_reason is None:
        raise InvalidValueError("override_reason", None, "why the priority is set by hand")
    assessed = _assess(command, policy.matrix, facts.impact, facts.urgency)
    before = (facts.impact, facts.urgency, facts.priority)
    if (assessed.impact, assessed.urgency, assessed.priority) == before:
        return []
    require_not_ended(command.case_id, state)
    return [assessed]


def _opening_event(command: OpenCase) -> CaseOpened:
    """The case with everything that came with it, as it came: both have the same fields."""
    kind: Any = CaseOpened  # the type checker does not see that events are attrs classes
    opened: CaseOpened = kind(
        **{field.name: getattr(command, field.name) for field in attrs.fields(kind)}
    )
    return opened


def _first_priority(command: OpenCase, matrix: PriorityMatrix) -> CasePrioritised | None:
    if command.priority is None and command.impact is None and command.urgency is None:
        return None
    return _assess(command, matrix)


def _assess(
    command: OpenCase | PrioritiseCase,
    matrix: PriorityMatrix,
    impact: Impact | None = None,
    urgency: Urgency | None = None,
) -> CasePrioritised:
    """The priority by the matrix, or the one given by hand; a difference needs a reason.

    An override without a new assessment keeps the *impact* and *urgency* assessed before.
    """
    computed = _compute(command.impact, command.urgency, matrix)
    priority = command.priority or computed
    if priority is None:
        raise InvalidValueError("priority", None, "impact and urgency, or a priority with a reason")
    if computed not in (None, priority) and command.override_reason is None:
        raise InvalidValueError(
            "override_reason",
            None,
            f"why the priority is {priority} where the matrix says {computed}",
        )
    return CasePrioritised(
        case_id=command.case_id,
        impact=command.impact or impact,
        urgency=command.urgency or urgency,
        priority=priority,
        matrix_version=matrix.version if priority == computed else None,
        override_reason=command.override_reason,
        at=command.at,
    )


def _compute(
    impact: Impact | None, urgency: Urgency | None, matrix: PriorityMatrix
) -> Priority | None:
    if impact is not None and urgency is not None:
        return matrix.priority(impact, urgency)
    if (impact is None) != (urgency is None):
        raise InvalidValueError(
            "urgency" if urgency is None else "impact", None, "impact and urgency together"
        )
    return None
