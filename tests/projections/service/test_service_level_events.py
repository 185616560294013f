"""The read model of service levels reads every event that changes what it shows of a case."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.state import Active, Unopened
from crmcore.infrastructure.service.packing import JsonPacking
from crmcore.projections.service.service_levels.projection import service_levels
from crmcore.testing.strategies import events
from tests.domain.service.case_examples import opened
from tests.domain.service_levels.examples import attach, target, within_the_case
from tests.scenario import START

READ = set(service_levels(JsonPacking()).handlers)


def shown(facts: Facts) -> object:
    """What the read model shows of a case: what it is held to be, and its clocks."""
    return facts.condition, facts.agent, facts.held, facts.timeline


@pytest.mark.parametrize("kind", AGGREGATE.events, ids=lambda kind: kind.TOPIC)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_an_event_that_changes_what_is_shown_is_read(kind: type[Any], data: st.DataObject) -> None:
    """Of whatever kinds there come to be."""
    before = AGGREGATE.fold([opened(customer_id=None), attach(START, target())])
    after = AGGREGATE.evolve(before, data.draw(events(kind, hints=within_the_case)))
    assert isinstance(before, Active)
    assert not isinstance(after, Unopened)
    if shown(after.facts) != shown(before.facts):
        assert kind in READ
