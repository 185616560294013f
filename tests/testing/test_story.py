"""Rules of whole contexts: everything that a command records is told, whichever stream it is in."""

import attrs
import pytest

from crmcore.commands import (
    CaptureLead,
    CorrectCustomerName,
    CustomerKind,
    LeadSource,
    RegisterCustomer,
)
from crmcore.errors import ConcurrencyError, InvalidCommandError, NotFoundError
from crmcore.testing import Story
from tests.scenario import START, uid

ANN = RegisterCustomer(customer_id=uid(1), kind=CustomerKind.PERSON, name="Ann", at=START)
RENAMED = CorrectCustomerName(customer_id=uid(1), name="Anne", at=START)


def test_a_command_that_records_in_several_streams_tells_all(story: Story) -> None:
    lead = CaptureLead(
        lead_id=uid(7), source=LeadSource.EVENT, name="Bob", email="b@example.com", at=START
    )
    outcome = story.when(lead)
    assert len({type(event) for event in outcome.events}) > 1
    outcome.then(*outcome.events).when(lead).then_nothing()


def test_what_is_refused_is_told_and_the_story_goes_on(story: Story) -> None:
    story.when(RENAMED).then_refused(NotFoundError, field="customer_id")
    story.given(ANN).when(RENAMED, expected_version=7).then_refused(ConcurrencyError)
    story.when(RENAMED, by=" ").then_refused(InvalidCommandError, field="by")
    assert len(story.when(RENAMED).events) == 1


def test_what_is_given_cannot_be_refused(story: Story) -> None:
    with pytest.raises(AssertionError, match=r"given: command 2 \(correct-customer-name\)"):
        story.given(ANN, CorrectCustomerName(customer_id=uid(2), name="Ben", at=START))


def test_a_wrong_expectation_tells_the_field(story: Story) -> None:
    other = attrs.evolve(story.crm.preview(ANN, by="me").events[0].event, name="Ben")
    with pytest.raises(AssertionError, match="name: expected 'Ben', got 'Ann'"):
        story.when(ANN).then(other)
