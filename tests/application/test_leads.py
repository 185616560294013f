"""Leads among other streams: one lead per address, policies, conversion all or nothing."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import attrs
import pytest
from hypothesis import settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.application.customers.public import Customers
from crmcore.application.customers.service import CustomerService
from crmcore.application.marketing.public import Campaigns
from crmcore.application.sales.leads import LeadService
from crmcore.application.sales.opportunities import OpportunityService
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.service.public import Cases
from crmcore.application.work import Work, derived_handlers
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.decisions import CustomerDeactivatedError
from crmcore.domain.customers.customer.messages.contact_point import AddContactPoint, ContactKind
from crmcore.domain.customers.customer.messages.lifecycle import LifecycleStage
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.customers.customer.state import Active, Unregistered
from crmcore.domain.kernel import (
    AlreadyExistsError,
    DomainError,
    InvalidValueError,
    Money,
    NotFoundError,
)
from crmcore.domain.sales import lead_address
from crmcore.domain.sales.assignment import decisions as assignment_policy
from crmcore.domain.sales.assignment.messages import (
    AssignmentRule,
    DefineAssignmentPolicy,
    LeadRouted,
    RosterMember,
)
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.lead.messages.assignment import (
    AcceptLead,
    AssignLead,
    DeclineLead,
    LeadAssigned,
    LeadLeftUnassigned,
)
from crmcore.domain.sales.lead.messages.capture import (
    CaptureLead,
    EnrichLead,
    LeadCaptured,
    LeadEnriched,
    LeadInquiryRepeated,
    LeadSource,
)
from crmcore.domain.sales.lead.messages.qualification import (
    ConversionOpportunity,
    ConvertLead,
    DisqualificationReason,
    DisqualifyLead,
    LeadConverted,
    LeadRecycled,
    QualificationStage,
    QualifyLead,
    RecycleLead,
)
from crmcore.domain.sales.lead.phases import ConvertedLead, DisqualifiedLead, OpenLead
from crmcore.domain.sales.lead.refusals import (
    LeadAddressTakenError,
    LeadConvertedError,
    OwnerAddressError,
)
from crmcore.domain.sales.lead_address import LeadAddressClaimed, LeadAddressReused
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import OpenOpportunity
from crmcore.domain.sales.opportunity.state import Open
from tests.memory_work import MemoryWork
from tests.scenario import START, at, uid

LEAD, OTHER, CUSTOMER, DEAL, CAMPAIGN, POLICY = (uid(number) for number in range(1, 7))
EUR = Money(amount=Decimal(900), currency="EUR")


class Normaliser:
    """As careless as a test may be: case for addresses, digits for numbers."""

    def normalise(self, kind: ContactKind, value: str, region: str | None) -> str:
        if kind is ContactKind.EMAIL:
            if "@" not in value:
                raise InvalidValueError("email", value, "an address")
            return value.lower()
        digits = "".join(filter(str.isdigit, value))
        return f"+1{digits}" if region == "US" else f"+{digits}"


def pseudonym(purpose: str, value: str) -> UUID:
    return uuid5(uid(99), f"{purpose}:{value}")


class OneCampaign(Campaigns):
    """There is one campaign."""

    def exists(self, work: Work, campaign_id: UUID) -> bool:  # noqa: ARG002  # named as in the class that it stands for
        return campaign_id == CAMPAIGN


@pytest.fixture
def log() -> MemoryWork:
    return new_log()


def new_log() -> MemoryWork:
    deals = OpportunityService(Customers(), OneCampaign(), Leads())
    people = CustomerService(Normaliser(), Customers(), Cases(), Leads(), Opportunities())
    leads = LeadService(Normaliser(), pseudonym, Customers(), OneCampaign(), deals)
    alone = derived_handlers([lead.AGGREGATE, opportunity.AGGREGATE, assignment_policy.AGGREGATE])
    return MemoryWork({**alone, **people.handlers, **deals.handlers, **leads.handlers})


def capture(lead_id: UUID = LEAD, **changes: Any) -> CaptureLead:
    plain: dict[str, Any] = {
        "source": LeadSource.WEBSITE,
        "name": "Ann Lee",
        "email": "Ann@Acme.io",
        "phone": "617 555 0101",
        "region": "US",
        "at": START,
    }
    return CaptureLead(lead_id=lead_id, **plain | changes)


def qualify(log: MemoryWork, lead_id: UUID = LEAD) -> None:
    log.execute(AssignLead(lead_id=lead_id, assignee="bob", at=at(hours=1)))
    log.execute(AcceptLead(lead_id=lead_id, at=at(hours=2)))
    log.execute(QualifyLead(lead_id=lead_id, stage=QualificationStage.SALES, at=at(hours=3)))


def convert(lead_id: UUID = LEAD, **changes: Any) -> ConvertLead:
    plain: dict[str, Any] = {"customer_id": CUSTOMER, "at": at(hours=4)}
    return ConvertLead(lead_id=lead_id, **plain | changes)


def refused(log: MemoryWork, command: Any, kind: type[DomainError]) -> None:
    """Refused, and nothing was recorded."""
    before = {key: list(events) for key, events in log.streams.items()}
    with pytest.raises(kind):
        log.execute(command)
    assert log.streams == before


def register(customer_id: UUID = CUSTOMER, **changes: Any) -> RegisterCustomer:
    plain: dict[str, Any] = {"kind": CustomerKind.PERSON, "name": "A. Lee", "at": START}
    return RegisterCustomer(customer_id=customer_id, **plain | changes)


def known(log: MemoryWork, customer_id: UUID = CUSTOMER) -> Active:
    state = log.state(customer.AGGREGATE, customer_id)
    assert isinstance(state, Active)
    return state


def kinds(events: list[Any]) -> list[type]:
    return [type(event) for event in events]


# One lead per address


def test_captured_in_normal_form_and_claimed(log: MemoryWork) -> None:
    captured, claimed = log.execute(capture())
    assert (captured.email, captured.phone) == ("ann@acme.io", "+16175550101")
    assert claimed.lead_id == LEAD
    assert "acme" not in str(claimed)
    assert log.execute(capture()) == []
    refused(log, capture(name="Anna"), AlreadyExistsError)
    refused(log, capture(OTHER, email="nonsense"), InvalidValueError)
    refused(log, capture(OTHER, campaign_id=uid(50)), NotFoundError)


def test_two_leads_may_share_a_telephone(log: MemoryWork) -> None:
    log.execute(capture(email=None))
    assert kinds(log.execute(capture(OTHER, email=None))) == [LeadCaptured]


def test_EC_L7_a_second_capture_of_an_address_is_an_inquiry_of_the_first_lead(
    log: MemoryWork,
) -> None:
    first, second = capture(), capture(OTHER, email="ANN@acme.io", source=LeadSource.EVENT)
    log.execute(first)
    noted, reused = log.execute(second)
    assert isinstance(noted, LeadInquiryRepeated)
    assert (noted.lead_id, noted.inquiry_id, noted.customer_id) == (LEAD, OTHER, None)
    assert isinstance(reused, LeadAddressReused)
    assert not Leads().exists(log, OTHER)
    assert log.execute(first) == log.execute(second) == []
    refused(log, capture(OTHER, name="Eve"), AlreadyExistsError)


def test_EC_L7_captures_of_one_address_meet_in_one_stream(log: MemoryWork) -> None:
    """Both read and write the address, so that of two at once one has to decide again."""
    read: list[set[UUID]] = []
    for lead_id in (LEAD, OTHER):
        before = {key: len(events) for key, events in log.streams.items()}
        log.execute(capture(lead_id))
        grown = {key for key, events in log.streams.items() if len(events) > before.get(key, 0)}
        read.append(grown)
    assert read[0] & read[1] >= {pseudonym("lead-address", "ann@acme.io")}


def test_EC_L6_captured_after_conversion_is_an_inquiry_of_the_customer(log: MemoryWork) -> None:
    log.execute(capture())
    qualify(log)
    log.execute(convert())
    noted, _ = log.execute(capture(OTHER, at=at(days=9)))
    assert isinstance(noted, LeadInquiryRepeated)
    assert (noted.lead_id, noted.customer_id) == (LEAD, CUSTOMER)
    assert lead.AGGREGATE.subject(log.state(lead.AGGREGATE, LEAD)) == CUSTOMER
    assert log.execute(capture(OTHER, at=at(days=9))) == []


def test_a_lead_given_up_leaves_its_address_to_the_next(log: MemoryWork) -> None:
    log.execute(capture())
    spam = DisqualificationReason.SPAM
    log.execute(DisqualifyLead(lead_id=LEAD, reason=spam, at=at(hours=1)))
    assert kinds(log.execute(capture(OTHER))) == [LeadCaptured, LeadAddressClaimed]
    refused(log, RecycleLead(lead_id=LEAD, at=at(hours=2)), LeadAddressTakenError)
    log.execute(DisqualifyLead(lead_id=OTHER, reason=spam, at=at(hours=3)))
    recycle = RecycleLead(lead_id=LEAD, at=at(hours=4))
    assert kinds(log.execute(recycle)) == [LeadRecycled, LeadAddressClaimed]
    assert log.execute(recycle) == []
    assert log.execute(capture(OTHER)) == []


def test_an_inquiry_stays_where_it_was_noted(log: MemoryWork) -> None:
    log.execute(capture())
    log.execute(capture(OTHER))
    spam = DisqualificationReason.SPAM
    log.execute(DisqualifyLead(lead_id=LEAD, reason=spam, at=at(hours=1)))
    assert log.execute(capture(OTHER)) == []
    assert not Leads().exists(log, OTHER)


def test_a_new_address_is_claimed_and_must_be_free(log: MemoryWork) -> None:
    log.execute(capture())
    log.execute(capture(OTHER, email="eve@acme.io"))
    taken = EnrichLead(lead_id=LEAD, email="EVE@acme.io", at=at(hours=1))
    refused(log, taken, LeadAddressTakenError)
    moved = EnrichLead(lead_id=LEAD, email="lee@acme.io", at=at(hours=1))
    assert kinds(log.execute(moved)) == [LeadEnriched, LeadAddressClaimed]
    assert log.execute(moved) == []
    assert kinds(log.execute(capture(uid(30)))) == [LeadCaptured, LeadAddressClaimed]


SHARP, PLAIN = "info@straße.example", "info@strasse.example"


def test_two_addresses_that_fold_alike_are_two_leads(log: MemoryWork) -> None:
    for lead_id, email in ((LEAD, SHARP), (OTHER, PLAIN)):
        assert kinds(log.execute(capture(lead_id, email=email))) == [
            LeadCaptured,
            LeadAddressClaimed,
        ]
    for inquiry, email, holder in ((uid(30), PLAIN, OTHER), (uid(31), SHARP, LEAD)):
        noted, _ = log.execute(capture(inquiry, email=email))
        assert (noted.lead_id, noted.inquiry_id) == (holder, inquiry)


@pytest.fixture
def earlier_log(log: MemoryWork) -> MemoryWork:
    """A log in which the lead claimed its address under full case folding, and was asked again."""
    (captured, claimed), (noted, reused) = (
        log.execute(capture(email=SHARP)),
        log.execute(capture(uid(30), email=SHARP)),
    )
    folded = pseudonym("lead-address", PLAIN)
    log.streams = {
        LEAD: [captured, noted],
        folded: [attrs.evolve(one, address_id=folded) for one in (claimed, reused)],
    }
    return log


def test_a_lead_whose_claim_is_under_an_earlier_key_is_found(earlier_log: MemoryWork) -> None:
    assert earlier_log.execute(capture(uid(30), email=SHARP)) == []
    noted, _ = earlier_log.execute(capture(uid(31), email=SHARP))
    assert noted.lead_id == LEAD
    earlier_log.execute(capture(OTHER, email="eve@acme.io"))
    refused(
        earlier_log, EnrichLead(lead_id=OTHER, email=SHARP, at=at(hours=1)), LeadAddressTakenError
    )


def test_who_gets_an_address_leaves_the_lead_of_an_earlier_key_its_own(
    earlier_log: MemoryWork,
) -> None:
    captured, *claims = earlier_log.execute(capture(OTHER, email=PLAIN))
    assert captured.email == PLAIN
    assert {one.lead_id: one.address_id for one in claims} == {
        LEAD: pseudonym("lead-address", SHARP),
        OTHER: pseudonym("lead-address", PLAIN),
    }
    for inquiry, email, holder in ((uid(40), PLAIN, OTHER), (uid(41), SHARP, LEAD)):
        noted, _ = earlier_log.execute(capture(inquiry, email=email))
        assert noted.lead_id == holder
    assert earlier_log.execute(capture(uid(30), email=SHARP)) == []


def test_an_owner_of_a_similar_address_may_own_the_lead(log: MemoryWork) -> None:
    log.execute(capture(email=SHARP))
    log.execute(AssignLead(lead_id=LEAD, assignee="bob", assignee_email=PLAIN, at=at(hours=1)))
    same = AssignLead(
        lead_id=LEAD, assignee="eve", assignee_email="Info@Straße.example", at=at(hours=2)
    )
    refused(log, same, OwnerAddressError)


class Captures(machine.RuleBasedStateMachine):
    """Whoever asks from three addresses: a dictionary says whose each inquiry is."""

    def __init__(self) -> None:
        super().__init__()
        self.log = new_log()
        self.leads: dict[UUID, str] = {}  # each lead's phase
        self.address: dict[UUID, str] = {}
        self.inquiries: dict[UUID, UUID] = {}
        self.asked: list[CaptureLead] = []

    def holder(self, address: str) -> UUID | None:
        """The one lead of the address that is open; or else the last, if it was converted."""
        own = [one for one in self.leads if self.address[one] == address]
        alive = [one for one in own if self.leads[one] == "open"]
        if alive:
            return alive[0]
        return next((one for one in own[-1:] if self.leads[one] == "converted"), None)

    @machine.rule(name=st.sampled_from(["ann", "strasse", "straße"]))
    def ask(self, name: str) -> None:
        key = uid(100 + len(self.asked))
        command = capture(key, email=f"{name}@acme.io")
        self.asked.append(command)
        self.log.execute(command)
        holder = self.holder(name)
        if holder is None:
            self.leads[key], self.address[key] = "open", name
        else:
            self.inquiries[key] = holder

    @machine.precondition(lambda self: self.leads)
    @machine.rule(data=st.data(), end=st.sampled_from(["converted", "disqualified"]))
    def end(self, data: st.DataObject, end: str) -> None:
        key = data.draw(st.sampled_from(list(self.leads)))
        if self.leads[key] != "open":
            return
        self.leads[key] = end
        if end == "converted":
            qualify(self.log, key)
            self.log.execute(convert(key, customer_id=CUSTOMER))
        else:
            spam = DisqualificationReason.SPAM
            self.log.execute(DisqualifyLead(lead_id=key, reason=spam, at=at(hours=1)))

    @machine.invariant()
    def INV_L8_every_capture_is_a_lead_or_an_inquiry(self) -> None:
        assert len(self.asked) == len(self.leads) + len(self.inquiries)
        states = {key: self.log.state(lead.AGGREGATE, key) for key in self.leads}
        phases = {"open": OpenLead, "converted": ConvertedLead}
        for key, phase in self.leads.items():
            assert type(states[key]) is phases.get(phase, DisqualifiedLead)
            known = states[key] if phase == "open" else states[key].lead
            noted = {one for one, holder in self.inquiries.items() if holder == key}
            assert set(known.inquiries) == noted

    @machine.invariant()
    def asked_again_nothing_is_new(self) -> None:
        assert not any(self.log.execute(command) for command in self.asked)


TestCaptures = Captures.TestCase
TestCaptures.settings = settings(max_examples=25, stateful_step_count=15, deadline=None)


# Assignment by policy


def define(log: MemoryWork, **changes: Any) -> None:
    plain: dict[str, Any] = {
        "rules": (AssignmentRule(key="web", source=LeadSource.WEBSITE, members=("bob", "eve")),),
        "roster": (
            RosterMember(assignee="bob", business_email="bob@us.io"),
            RosterMember(assignee="eve", most_per_month=1),
        ),
        "at": START,
    }
    log.execute(DefineAssignmentPolicy(policy_id=POLICY, name="web", **plain | changes))


def by_policy(lead_id: UUID = LEAD) -> AssignLead:
    return AssignLead(lead_id=lead_id, policy_id=POLICY, at=at(hours=1))


def test_INV_L5_assigned_in_turn_and_recorded_on_both_streams(log: MemoryWork) -> None:
    define(log)
    got = []
    for number in range(10, 15):
        log.execute(capture(uid(number), email=f"{number}@acme.io"))
        assigned, routed = log.execute(by_policy(uid(number)))
        assert isinstance(assigned, LeadAssigned)
        assert isinstance(routed, LeadRouted)
        assert assigned.assignee == routed.assignee
        assert log.execute(by_policy(uid(number))) == []
        got.append(assigned.assignee)
    assert got == ["bob", "eve", "bob", "bob", "bob"]


def test_EC_L4_a_lead_assigned_by_hand_or_given_back_does_not_move_the_turn(
    log: MemoryWork,
) -> None:
    define(log)
    for number in (10, 11, 12):
        log.execute(capture(uid(number), email=f"{number}@acme.io"))
    assert log.execute(by_policy(uid(10)))[0].assignee == "bob"
    log.execute(AssignLead(lead_id=uid(11), assignee="eve", at=at(hours=1)))
    assert log.execute(by_policy(uid(11))) == []
    log.execute(DeclineLead(lead_id=uid(11), reason="busy", at=at(hours=2)))
    assert log.execute(by_policy(uid(12)))[0].assignee == "eve"


def test_INV_L5_nobody_eligible_is_an_event(log: MemoryWork) -> None:
    define(log, roster=(RosterMember(assignee="bob", active=False), RosterMember(assignee="eve")))
    log.execute(capture(source=LeadSource.EVENT))
    (left,) = log.execute(by_policy())
    assert isinstance(left, LeadLeftUnassigned)
    assert left.reason == "no rule matches"
    assert log.execute(by_policy()) == []


def test_INV_L7_a_policy_passes_over_who_has_the_leads_address(log: MemoryWork) -> None:
    define(log)
    log.execute(capture(email="Bob@us.io"))
    assert log.execute(by_policy())[0].assignee == "eve"
    own = AssignLead(lead_id=LEAD, assignee="bob", assignee_email="bob@us.io", at=at(hours=1))
    refused(log, own, OwnerAddressError)


def test_assignment_needs_a_policy_and_an_open_lead(log: MemoryWork) -> None:
    refused(log, by_policy(), NotFoundError)
    log.execute(capture())
    refused(log, by_policy(), NotFoundError)
    refused(log, AssignLead(lead_id=LEAD, at=START), InvalidValueError)
    define(log)
    qualify(log)
    log.execute(convert())
    refused(log, by_policy(), LeadConvertedError)


# Conversion

BOATS = ConversionOpportunity(opportunity_id=DEAL, name="Boats", amount=EUR)


def test_INV_L1_conversion_makes_customer_and_opportunity_at_once(log: MemoryWork) -> None:
    log.execute(capture(campaign_id=CAMPAIGN))
    qualify(log)
    events = log.execute(convert(opportunity=BOATS))
    assert isinstance(events[0], LeadConverted)
    active = known(log)
    assert (active.name, active.stage) == ("Ann Lee", LifecycleStage.OPPORTUNITY)
    assert [point.added.normalised for point in active.points] == ["ann@acme.io", "+16175550101"]
    deal = log.state(opportunity.AGGREGATE, DEAL)
    assert isinstance(deal, Open)
    opened = deal.deal.opened
    assert (opened.customer_id, opened.lead_id, opened.campaign_id, opened.amount) == (
        CUSTOMER,
        LEAD,
        CAMPAIGN,
        EUR,
    )


def test_EC_L2_submitted_twice_converts_once(log: MemoryWork) -> None:
    log.execute(capture())
    qualify(log)
    log.execute(convert(opportunity=BOATS))
    assert log.execute(convert(opportunity=BOATS)) == []
    assert log.execute(convert(opportunity=BOATS, at=at(days=5))) == []
    refused(log, convert(), LeadConvertedError)
    refused(log, convert(customer_id=uid(60), opportunity=BOATS), LeadConvertedError)
    other = ConversionOpportunity(opportunity_id=DEAL, name="Ships")
    refused(log, convert(opportunity=other), AlreadyExistsError)


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        pytest.param({"name": "Boats", "stage": "no-such-stage"}, DomainError, id="no such stage"),
        pytest.param({"name": "Boats", "stage": "won"}, DomainError, id="a stage that closes"),
        pytest.param({"opportunity_id": uid(70), "name": "x"}, AlreadyExistsError, id="another's"),
        pytest.param({"opportunity_id": uid(70)}, DomainError, id="another's, to link"),
        pytest.param({"opportunity_id": uid(71)}, NotFoundError, id="none to link"),
        pytest.param({"amount": EUR}, InvalidValueError, id="new, without a name"),
    ],
)
def test_EC_L1_a_conversion_refused_half_way_leaves_nothing(
    log: MemoryWork, wanted: dict[str, Any], kind: type[DomainError]
) -> None:
    log.execute(register(uid(61)))
    log.execute(OpenOpportunity(opportunity_id=uid(70), customer_id=uid(61), name="x", at=START))
    log.execute(capture())
    qualify(log)
    asked = ConversionOpportunity(**{"opportunity_id": DEAL} | wanted)
    refused(log, convert(opportunity=asked), kind)
    assert isinstance(log.state(customer.AGGREGATE, CUSTOMER), Unregistered)
    assert isinstance(log.state(lead.AGGREGATE, LEAD), OpenLead)


def test_EC_L1_a_deactivated_customer_gets_no_lead(log: MemoryWork) -> None:
    log.execute(register())
    log.execute(DeactivateCustomer(customer_id=CUSTOMER, reason="gone", at=START))
    log.execute(capture())
    qualify(log)
    refused(log, convert(opportunity=BOATS), CustomerDeactivatedError)


def test_EC_L1_a_crash_half_way_leaves_nothing(log: MemoryWork) -> None:
    class Broken(OpportunityService):
        def open(self, command: OpenOpportunity, work: Work) -> None:  # noqa: ARG002  # named as in the class that it stands for
            raise RuntimeError

    log.execute(capture())
    qualify(log)
    deals = Broken(Customers(), OneCampaign(), Leads())
    leads = LeadService(Normaliser(), pseudonym, Customers(), OneCampaign(), deals)
    torn = MemoryWork(leads.handlers, log.streams)
    with pytest.raises(RuntimeError):
        torn.execute(convert(opportunity=BOATS))
    assert isinstance(log.state(customer.AGGREGATE, CUSTOMER), Unregistered)
    assert kinds(log.execute(convert(opportunity=BOATS)))[0] is LeadConverted


def test_EC_L3_converted_into_an_open_opportunity_of_the_customer(log: MemoryWork) -> None:
    log.execute(register())
    log.execute(OpenOpportunity(opportunity_id=DEAL, customer_id=CUSTOMER, name="Boats", at=START))
    log.execute(capture())
    qualify(log)
    linked = convert(opportunity=ConversionOpportunity(opportunity_id=DEAL))
    assert log.execute(linked)[0].opportunity_id == DEAL
    assert log.execute(linked) == []


def test_a_known_customer_keeps_what_is_known(log: MemoryWork) -> None:
    log.execute(register())
    log.execute(
        AddContactPoint(
            customer_id=CUSTOMER,
            point_id=uid(40),
            kind=ContactKind.EMAIL,
            value="lee@home.io",
            at=START,
        )
    )
    log.execute(capture())
    qualify(log)
    log.execute(convert())
    active = known(log)
    assert active.name == "A. Lee"
    points = [point.added.normalised for point in active.points]
    assert points == ["lee@home.io", "+16175550101"]


@pytest.mark.parametrize("stage", [None, *LifecycleStage])
@pytest.mark.parametrize("deal", [None, BOATS], ids=["plain", "with a deal"])
def test_INV_L6_conversion_never_moves_a_customer_back(
    log: MemoryWork, stage: LifecycleStage | None, deal: ConversionOpportunity | None
) -> None:
    order = list(LifecycleStage)
    log.execute(register(stage=stage))
    log.execute(capture())
    qualify(log)
    log.execute(convert(opportunity=deal))
    after = known(log).stage
    assert after is not None
    least = LifecycleStage.OPPORTUNITY if deal else LifecycleStage.SQL
    assert order.index(after) >= order.index(stage or least)
    assert order.index(after) >= order.index(least)


@pytest.mark.parametrize(
    ("told", "name", "kind"),
    [
        ({}, "Ann Lee", CustomerKind.PERSON),
        ({"company": "Acme"}, "Ann Lee", CustomerKind.PERSON),
        ({"name": None, "company": "Acme"}, "Acme", CustomerKind.ORGANISATION),
        ({"name": None}, "ann@acme.io", CustomerKind.PERSON),
        ({"name": None, "email": None}, "+16175550101", CustomerKind.PERSON),
    ],
)
def test_who_the_customer_is(
    log: MemoryWork, told: dict[str, Any], name: str, kind: CustomerKind
) -> None:
    log.execute(capture(**told))
    qualify(log)
    log.execute(convert())
    assert (known(log).name, known(log).registered.kind) == (name, kind)


def test_the_aggregates_of_leads_keep_their_kinds() -> None:
    kinds = [lead.AGGREGATE.kind, lead_address.AGGREGATE.kind, assignment_policy.AGGREGATE.kind]
    assert kinds == ["lead", "lead_address", "assignment_policy"]
