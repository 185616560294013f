"""Another service level policy may hold whenever what its condition asks has changed, whatever said so."""

from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.decisions.service_levels import assign_after
from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.messages.opening import PrioritiseCase
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelReplaced,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.state import Active, State
from crmcore.domain.service.levels.policy import CaseFacts, Condition, ServiceLevelPolicy
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.terms import CaseChannel, CaseKind
from crmcore.testing.strategies import events
from tests.domain.service.case_examples import CASE_ID, CUSTOMER, opened
from tests.domain.service_levels.examples import OFFICE, SOLUTION, hours, target, within_the_case
from tests.scenario import START, at

HOUR = at(hours=1)


def version(name: str, *policies: ServiceLevelPolicy) -> ServiceLevelVersion:
    return ServiceLevelVersion(START, name, policies, (OFFICE,))


def policy_for(facts: CaseFacts) -> ServiceLevelPolicy:
    """A policy for cases that are just like this one, in everything that a condition can ask."""
    asked = {
        "priorities": facts.priority,
        "kinds": facts.kind,
        "channels": facts.channel,
        "queues": facts.queue,
        "categories": facts.category,
        "request_types": facts.request_type,
        "customers": facts.customer,
    }
    when = Condition(**{name: (one,) for name, one in asked.items() if one is not None})  # type: ignore[arg-type]  # the fields are of several types
    return ServiceLevelPolicy(name="just so", when=when, targets=(target(SOLUTION, hours(8)),))


def assigned(before: State, after: State) -> list[Any]:
    """What a change brings, where a policy is made for the case as it is after it."""
    assert isinstance(after, Active)
    levels = version("1", policy_for(after.facts.condition))
    return list(assign_after(before, after, HOUR, CasePolicy(), lambda _at: levels))


def changed(facts: Facts, field: str, value: Any) -> Facts:
    if field == "channel":
        return attrs.evolve(facts, opening=opened(customer_id=None, channel=value))
    return attrs.evolve(facts, **{"customer_id" if field == "customer" else field: value})


OTHERWISE = {
    "priority": Priority.CRITICAL,
    "kind": CaseKind.COMPLAINT,
    "channel": CaseChannel.POST,
    "queue": "elsewhere",
    "category": "other",
    "request_type": "other",
    "customer": CUSTOMER,
}


@pytest.mark.parametrize("field", [field.name for field in attrs.fields(CaseFacts)])
def test_each_fact_that_a_condition_asks_brings_another_policy(field: str) -> None:
    before = AGGREGATE.fold([opened(customer_id=None)])
    assert isinstance(before, Active)
    after = attrs.evolve(before, facts=changed(before.facts, field, OTHERWISE[field]))
    (found,) = assigned(before, after)
    assert (type(found), found.policy, found.at) == (ServiceLevelAttached, "just so", HOUR)
    assert assigned(after, after) == []


@pytest.mark.parametrize("kind", AGGREGATE.events, ids=lambda kind: kind.TOPIC)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_no_event_changes_what_a_condition_asks_and_attaches_nothing(
    kind: type[Any], data: st.DataObject
) -> None:
    """Of whatever kinds there come to be: nobody has to list those after which another may hold."""
    before = AGGREGATE.fold([opened(customer_id=None)])
    after = AGGREGATE.evolve(before, data.draw(events(kind, hints=within_the_case)))
    assert isinstance(before, Active)
    if isinstance(after, Active) and after.facts.condition != before.facts.condition:
        assert [type(one) for one in assigned(before, after)] == [ServiceLevelAttached]


def test_nothing_is_asked_of_the_service_levels_where_nothing_of_that_changed() -> None:
    def never(_at: datetime) -> ServiceLevelVersion:
        raise AssertionError("no other policy can hold")

    before = AGGREGATE.fold([opened()])
    assert isinstance(before, Active)
    after = attrs.evolve(before, facts=attrs.evolve(before.facts, agent="ann", impact=Impact.LOW))
    assert assign_after(before, after, HOUR, CasePolicy(), never) == []


def test_a_case_assessed_anew_follows_the_version_in_force_though_its_priority_stays() -> None:
    when = Condition(priorities=(Priority.HIGH,))
    high = ServiceLevelPolicy(name="high", when=when, targets=(target(SOLUTION, hours(8)),))
    events: list[Any] = [opened()]
    for name, impact, urgency, at_ in (
        ("1", Impact.HIGH, Urgency.MEDIUM, START),
        ("2", Impact.MEDIUM, Urgency.HIGH, HOUR),
    ):
        command = PrioritiseCase(case_id=CASE_ID, impact=impact, urgency=urgency, at=at_)
        policy = CasePolicy(service_levels=version(name, high))
        events += decide(command, AGGREGATE.fold(events), policy)
    found = events[-1]
    assert (type(found), found.version) == (ServiceLevelReplaced, "2")
