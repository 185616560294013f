"""Customer history: everything about a customer, in the order in which it was true."""

import copy
import json
import pickle
from datetime import timedelta
from operator import attrgetter
from typing import Any

import attrs
import pytest
from fastapi.encoders import jsonable_encoder
from hypothesis import given, settings
from hypothesis import strategies as st

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.domain.sales.lead.messages.capture import LeadSource
from tests.histories import AFTERWARDS, CUSTOMERS, histories, send
from tests.projections.conftest import Tell
from tests.projections.contract import fresh
from tests.projections.examples import ANN, BEN, START, at, case, known, named, order, running
from tests.scenario import uid


def topics(crm: crmcore.CRM, **moments: Any) -> list[str]:
    return [entry.topic for entry in crm.read.customers.history(ANN, **moments)]


def renamed(name: str, when: str) -> ask.CorrectCustomerName:
    return ask.CorrectCustomerName(customer_id=ANN, name=name, at=at(when))


def test_INV_Q1_entries_come_in_the_order_of_what_was_true(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann", at=at("2025-01-01")), order(1, "5", at("2025-06-01")))
    tell(renamed("Anna", "2025-03-01"))  # told later, true earlier
    tell(renamed("Anne", "2025-06-01"))  # at the same instant as the order, recorded after it
    assert topics(crm) == [
        "customer-registered",
        "customer-name-corrected",
        "order-placed",
        "customer-name-corrected",
    ]


@settings(max_examples=12, deadline=None)
@given(histories())
def test_INV_Q1_every_event_about_a_customer_is_there_once_and_in_order(
    history: list[Command],
) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        log = list(crm.events())
        for customer in CUSTOMERS:
            entries = crm.read.customers.history(customer)
            keys = [(one.occurred_at, one.recorded_at, one.position) for one in entries]
            assert keys == sorted(set(keys))
            about = {one.position for one in log if one.subject_id == customer}
            assert about <= {one.position for one in entries}


def test_an_entry_says_who_when_why_and_what(crm: crmcore.CRM) -> None:
    command = named("Ann", at=at("2025-01-01"))
    ids = {"command_id": uid(1), "correlation_id": uid(2), "causation_id": uid(3)}
    crm.execute(command, by="kim", source="import", **ids)  # type: ignore[arg-type]
    crm.catch_up()
    (entry,) = crm.read.customers.history(ANN)
    assert (entry.actor, entry.source, entry.position) == ("kim", "import", 1)
    assert (entry.command_id, entry.correlation_id, entry.causation_id) == tuple(ids.values())
    assert entry.occurred_at == at("2025-01-01")
    assert entry.recorded_at > AFTERWARDS
    assert entry.details["name"] == "Ann"


def test_an_entry_says_in_a_sentence_what_happened_by_names_where_they_are_known(
    crm: crmcore.CRM, tell: Tell
) -> None:
    spring = uid(50)
    tell(
        *known(ANN),
        *running(spring),
        ask.TargetMember(campaign_id=spring, customer_id=ANN, list_name="all", at=START),
        ask.AddContactPoint(
            customer_id=ANN,
            point_id=uid(60),
            kind=ask.ContactKind.EMAIL,
            value="ann@example.com",
            at=START,
        ),
        ask.VerifyContactPoint(customer_id=ANN, point_id=uid(60), at=START),
        case(41, customer_id=ANN),
        case(42, customer_id=ANN),
        ask.MergeCase(case_id=uid(42), into_case_id=uid(41), at=START),
    )
    said = {one.topic: one.sentence for one in crm.read.customers.history(ANN)}
    assert said["customer-registered"].startswith("became a customer: Customer")
    assert "Spring" in said["member-targeted"]
    assert "ann@example.com" in said["contact-point-verified"]
    assert "C-41" in said["case-merged"]


def test_an_entry_is_plain_data(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), order(1, "5", START))
    for entry in crm.read.customers.history(ANN):
        assert json.loads(json.dumps(entry.details)) == entry.details
        assert jsonable_encoder(entry)["details"] == entry.details
        assert hash(entry) == hash(attrs.evolve(entry))
        assert entry.sentence


def test_an_event_says_the_same_without_a_history(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), order(1, "5", START))
    (entry, *_) = crm.read.customers.history(ANN)
    assert crm.sentence(next(crm.events())) == entry.sentence


def test_a_leads_history_becomes_that_of_the_customer(crm: crmcore.CRM, tell: Tell) -> None:
    lead = uid(31)
    tell(
        ask.CaptureLead(
            lead_id=lead, source=LeadSource.EVENT, name="Ann", email="a@example.com", at=START
        ),
        ask.AssignLead(lead_id=lead, assignee="kim", at=START),
        ask.AcceptLead(lead_id=lead, at=START),
        ask.QualifyLead(lead_id=lead, stage=ask.QualificationStage.SALES, at=START),
    )
    before = [entry.topic for entry in crm.read.customers.history(lead)]
    assert before[0] == "lead-captured"
    assert topics(crm) == []
    tell(ask.ConvertLead(lead_id=lead, customer_id=ANN, at=START + timedelta(days=1)))
    assert topics(crm)[: len(before)] == before
    assert {"lead-converted", "customer-registered", "contact-point-added"} <= set(topics(crm))


def test_a_case_of_somebody_unknown_joins_the_history_of_whoever_it_was(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(named("Ann"), case(41), ask.StartCase(case_id=uid(41), at=START))
    assert topics(crm) == ["customer-registered"]
    tell(ask.IdentifyCaseCustomer(case_id=uid(41), customer_id=ANN, at=START))
    assert topics(crm) == [
        "customer-registered",
        "case-opened",
        "case-started",
        "case-customer-identified",
    ]


def test_nobody_elses_entries_are_shown(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), named("Ben", BEN), order(1, "5", START, customer=BEN))
    assert topics(crm) == ["customer-registered"]
    assert crm.read.customers.history(uid(77)) == []


def test_as_of_is_what_was_true_and_known_at_what_was_recorded(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(named("Ann", at=at("2025-01-01")), renamed("Anna", "2025-06-01"))
    known_then = crm.now()
    tell(renamed("Anne", "2025-03-01"))
    assert len(topics(crm)) == 3
    assert len(topics(crm, as_of=at("2025-03-01"))) == 2  # the instant itself is included
    assert len(topics(crm, as_of=at("2025-02-28T23:59:59"))) == 1
    assert len(topics(crm, known_at=known_then)) == 2
    assert len(topics(crm, as_of=at("2025-03-01"), known_at=known_then)) == 1
    assert topics(crm, known_at=at("2025-03-01")) == []


@settings(max_examples=10, deadline=None)
@given(histories(), st.integers(0, 1_500))
def test_a_filtered_history_is_a_part_of_the_whole(history: list[Command], days: int) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        moment = history[0].at + timedelta(days=days)
        whole = crm.read.customers.history(CUSTOMERS[0])
        assert sorted(whole, key=attrgetter("occurred_at")) == whole
        expected = [entry for entry in whole if entry.occurred_at <= moment]
        assert crm.read.customers.history(CUSTOMERS[0], as_of=moment) == expected


def test_an_entry_is_a_value_whether_or_not_it_was_looked_into(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(named("Ann"), order(1, "5", at("2025-06-01")))
    seen, unseen = crm.read.customers.history(ANN), crm.read.customers.history(ANN)
    assert [entry.sentence for entry in seen]
    assert seen == unseen
    for made in (
        copy.copy,
        copy.deepcopy,
        lambda one: pickle.loads(pickle.dumps(one)),
        attrs.evolve,
    ):
        fresh = crm.read.customers.history(ANN)
        assert [made(entry) for entry in fresh] == seen
        assert [hash(made(entry)) for entry in fresh] == [hash(entry) for entry in seen]
    with pytest.raises(AttributeError, match="no attribute 'words'"):
        _ = getattr(seen[0], "words")  # noqa: B009  # which no type checker would let pass
