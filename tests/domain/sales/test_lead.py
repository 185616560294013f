"""Leads: captured, known better, scored, assigned, worked on, qualified, given up, converted."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import (
    AlreadyExistsError,
    DomainError,
    InvalidValueError,
    NotFoundError,
)
from crmcore.domain.sales.lead.decisions import AGGREGATE, decide, repeat_inquiry
from crmcore.domain.sales.lead.messages.assignment import (
    AcceptLead,
    AssignLead,
    ContactLead,
    DeclineLead,
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadContactAttempted,
    LeadContacted,
    LeadFirstResponseRecorded,
    LeadSalesAccepted,
)
from crmcore.domain.sales.lead.messages.capture import (
    CaptureLead,
    EnrichLead,
    LeadAttribute,
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
    LeadDisqualified,
    LeadMarketingQualified,
    LeadNurtured,
    LeadRecycled,
    LeadSalesQualified,
    NurtureLead,
    QualificationStage,
    QualifyLead,
    RecycleLead,
)
from crmcore.domain.sales.lead.messages.scoring import (
    AdjustLeadScore,
    LeadActivityScored,
    LeadScoreAdjusted,
    RecordLeadActivity,
)
from crmcore.domain.sales.lead.phases import (
    ConvertedLead,
    DisqualifiedLead,
    LeadStatus,
    OpenLead,
    State,
)
from crmcore.domain.sales.lead.qualification import score_of
from crmcore.domain.sales.lead.refusals import (
    LeadConvertedError,
    LeadDisqualifiedError,
    LeadScoreTooLowError,
    LeadStatusError,
    OwnerAddressError,
)
from crmcore.domain.sales.lead.scoring_model import STANDARD_MODEL
from tests.scenario import START, Scenario, at, uid

LEAD, CUSTOMER, DEAL = uid(1), uid(2), uid(3)
MARKETING, SALES = QualificationStage.MARKETING, QualificationStage.SALES
leads = Scenario(AGGREGATE, decide)


def capture(**changes: Any) -> CaptureLead:
    plain: dict[str, Any] = {
        "lead_id": LEAD,
        "source": LeadSource.WEBSITE,
        "name": "Ann Lee",
        "email": "ann@acme.io",
        "at": START,
    }
    return CaptureLead(**plain | changes)


def captured(**changes: Any) -> LeadCaptured:
    plain: dict[str, Any] = {
        "lead_id": LEAD,
        "source": LeadSource.WEBSITE,
        "campaign_id": None,
        "utm": None,
        "first_touch": None,
        "name": "Ann Lee",
        "company": None,
        "email": "ann@acme.io",
        "phone": None,
        "interests": (),
        "attributes": (),
        "at": START,
    }
    return LeadCaptured(**plain | changes)


def assigned(who: str = "bob", email: str | None = None, hours: int = 1) -> LeadAssigned:
    return LeadAssigned(
        lead_id=LEAD,
        assignee=who,
        assignee_email=email,
        policy_id=None,
        rule=None,
        at=at(hours=hours),
    )


ACCEPTED = LeadSalesAccepted(lead_id=LEAD, assignee="bob", at=at(hours=2))
QUALIFIED = LeadSalesQualified(lead_id=LEAD, at=at(hours=3))
NURTURED = LeadNurtured(lead_id=LEAD, until=None, at=at(hours=4))
GIVEN_UP = LeadDisqualified(
    lead_id=LEAD, reason=DisqualificationReason.SPAM, note=None, at=at(hours=5)
)
CONVERTED = LeadConverted(lead_id=LEAD, customer_id=CUSTOMER, opportunity_id=None, at=at(hours=6))

new = leads.given(captured())
owned = new.given(assigned())
accepted = owned.given(ACCEPTED)
qualified = accepted.given(QUALIFIED)
nurtured = accepted.given(NURTURED)
given_up = new.given(GIVEN_UP)
converted = qualified.given(CONVERTED)


def status(scenario: Scenario) -> LeadStatus:
    state = AGGREGATE.fold(scenario.history)
    assert isinstance(state, OpenLead)
    return state.status


def test_captured_once() -> None:
    known = leads.when(capture()).then(captured())
    known.when(capture()).then()
    known.when(capture(at=at(days=3))).then()
    known.when(capture(name="Anne")).then_refused(AlreadyExistsError, "enrich")


def test_a_lead_needs_somebody_to_turn_to() -> None:
    leads.when(capture(name=None, email=None)).then_refused(InvalidValueError, "a name, a company")
    twice = (LeadAttribute(key="a", value="1"), LeadAttribute(key="a", value="2"))
    leads.when(capture(attributes=twice)).then_refused(InvalidValueError, "each key once")


def test_enriched_by_what_is_new() -> None:
    size = LeadAttribute(key="size", value="50")
    more = EnrichLead(
        lead_id=LEAD,
        name="Ann Lee",
        company="Acme",
        interests=("boats", "boats"),
        attributes=(size,),
        at=at(hours=1),
    )
    told = LeadEnriched(
        lead_id=LEAD,
        name=None,
        company="Acme",
        email=None,
        phone=None,
        interests=("boats",),
        attributes=(size,),
        at=at(hours=1),
    )
    known = new.when(more).then(told)
    known.when(more).then()
    state = AGGREGATE.fold(known.history)
    assert isinstance(state, OpenLead)
    assert (state.company, state.interests, state.attributes) == (
        "Acme",
        ("boats",),
        {"size": "50"},
    )


def test_INV_L7_the_owners_address_is_not_the_leads() -> None:
    mine = AssignLead(lead_id=LEAD, assignee="ann", assignee_email="Ann@Acme.io", at=at(hours=1))
    new.when(mine).then_refused(OwnerAddressError, "ann")
    handle = AssignLead(lead_id=LEAD, assignee="ann@acme.io", at=at(hours=1))
    new.when(handle).then_refused(OwnerAddressError)
    known = new.given(assigned(email="bob@us.io"))
    known.when(EnrichLead(lead_id=LEAD, email="bob@us.io", at=at(hours=2))).then_refused(
        OwnerAddressError, "bob"
    )


def scored(points: int, activity: str, hours: int, group: str) -> LeadActivityScored:
    return LeadActivityScored(
        lead_id=LEAD,
        activity=activity,
        group=group,
        points=points,
        model_version="standard-1",
        at=at(hours=hours),
    )


def did(activity: str, hours: int) -> RecordLeadActivity:
    return RecordLeadActivity(lead_id=LEAD, activity=activity, at=at(hours=hours))


def test_activities_are_scored_by_the_model_once_each() -> None:
    known = new.when(did("demo-requested", 1)).then(scored(40, "demo-requested", 1, "engagement"))
    known.when(did("demo-requested", 1)).then()
    known = known.when(did("demo-requested", 2)).then(scored(0, "demo-requested", 2, "engagement"))
    known.when(did("email-clicked", 2)).then(scored(5, "email-clicked", 2, "email"))
    known.when(did("moon-landing", 2)).then_refused(InvalidValueError, "standard-1 knows")


def test_points_by_hand() -> None:
    give = AdjustLeadScore(lead_id=LEAD, points=7, reason="met", at=at(hours=1))
    known = new.when(give).then(
        LeadScoreAdjusted(lead_id=LEAD, points=7, reason="met", at=at(hours=1))
    )
    known.when(give).then()
    state = AGGREGATE.fold(known.history)
    assert isinstance(state, OpenLead)
    assert score_of(state, at(days=900), STANDARD_MODEL).total == Decimal(12)  # 5 for the e-mail


def test_qualified_for_marketing_by_score_or_by_judgement() -> None:
    by_score = QualifyLead(lead_id=LEAD, stage=MARKETING, at=at(hours=1))
    new.when(by_score).then_refused(LeadScoreTooLowError, "scores 5.00, and 50 are needed")
    eager = new.given(
        scored(40, "demo-requested", 1, "engagement"), scored(15, "form-submitted", 1, "website")
    )

    def fact(score: str, *, explicit: bool) -> LeadMarketingQualified:
        return LeadMarketingQualified(
            lead_id=LEAD,
            score=Decimal(score),
            model_version="standard-1",
            explicit=explicit,
            at=at(hours=1),
        )

    eager.when(by_score).then(fact("60.00", explicit=False)).when(by_score).then()
    judged = QualifyLead(lead_id=LEAD, stage=MARKETING, explicit=True, at=at(hours=1))
    new.when(judged).then(fact("5.00", explicit=True))
    later = QualifyLead(lead_id=LEAD, stage=MARKETING, at=at(days=300))
    eager.when(later).then_refused(LeadScoreTooLowError)


def test_assigned_accepted_qualified_converted() -> None:
    known = new.when(AssignLead(lead_id=LEAD, assignee="bob", at=at(hours=1))).then(assigned())
    known.when(AssignLead(lead_id=LEAD, assignee="bob", at=at(hours=2))).then()
    assert status(known) is LeadStatus.ASSIGNED
    known = known.when(AcceptLead(lead_id=LEAD, at=at(hours=2))).then(ACCEPTED)
    known.when(AcceptLead(lead_id=LEAD, at=at(hours=9))).then()
    assert status(known) is LeadStatus.WORKING
    known = known.when(QualifyLead(lead_id=LEAD, stage=SALES, at=at(hours=3))).then(QUALIFIED)
    known.when(QualifyLead(lead_id=LEAD, stage=SALES, at=at(hours=9))).then()
    assert status(known) is LeadStatus.QUALIFIED
    convert = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER, at=at(hours=6))
    known.when(convert).then(CONVERTED).when(convert).then()


def test_assigned_to_a_name_or_by_a_policy() -> None:
    new.when(AssignLead(lead_id=LEAD, at=START)).then_refused(InvalidValueError, "policy_id")
    both = AssignLead(lead_id=LEAD, assignee="bob", policy_id=uid(8), at=START)
    new.when(both).then_refused(InvalidValueError)


def test_declined_before_the_work_began() -> None:
    decline = DeclineLead(lead_id=LEAD, reason="on leave", at=at(hours=2))
    known = owned.when(decline).then(
        LeadAcceptanceDeclined(lead_id=LEAD, assignee="bob", reason="on leave", at=at(hours=2))
    )
    assert status(known) is LeadStatus.NEW
    known.when(decline).then()
    accepted.when(decline).then_refused(LeadStatusError, "is working, so decline-lead")


def test_the_first_answer_is_timed() -> None:
    attempt = ContactLead(lead_id=LEAD, channel="phone", reached=False, at=at(hours=3))
    tried = LeadContactAttempted(lead_id=LEAD, channel="phone", at=at(hours=3))
    first = LeadFirstResponseRecorded(lead_id=LEAD, elapsed=timedelta(hours=3), at=at(hours=3))
    known = owned.when(attempt).then(tried, first)
    known.when(attempt).then()
    assert status(known) is LeadStatus.WORKING
    reach = ContactLead(lead_id=LEAD, channel="phone", reached=True, at=at(hours=4))
    known.when(reach).then(LeadContacted(lead_id=LEAD, channel="phone", at=at(hours=4)))
    early = ContactLead(lead_id=LEAD, channel="phone", reached=True, at=at(minutes=-3))
    assert owned.when(early).events[1].elapsed == timedelta(0), "clocks differ"
    new.when(attempt).then_refused(LeadStatusError, "assign it first")


def test_nurtured_and_recycled_into_the_next_cycle() -> None:
    nurture = NurtureLead(lead_id=LEAD, at=at(hours=4))
    known = accepted.when(nurture).then(NURTURED)
    known.when(nurture).then()
    later = NurtureLead(lead_id=LEAD, until=date(2026, 6, 1), at=at(days=5))
    put_off = LeadNurtured(lead_id=LEAD, until=date(2026, 6, 1), at=at(days=5))
    known.when(later).then(put_off).when(later).then()
    recycle = RecycleLead(lead_id=LEAD, at=at(days=9))
    fresh = known.when(recycle).then(LeadRecycled(lead_id=LEAD, cycle=2, at=at(days=9)))
    fresh.when(recycle).then()
    assert status(fresh) is LeadStatus.NEW
    again = fresh.given(assigned()).when(
        ContactLead(lead_id=LEAD, channel="email", reached=True, at=at(days=10))
    )
    assert again.events[1].elapsed == timedelta(days=1)
    given_up.when(recycle).then(LeadRecycled(lead_id=LEAD, cycle=2, at=at(days=9)))
    accepted.when(recycle).then_refused(LeadStatusError, "only a nurtured or disqualified")
    qualify = QualifyLead(lead_id=LEAD, stage=SALES, at=at(days=1))
    assert status(nurtured.when(qualify).then(LeadSalesQualified(lead_id=LEAD, at=at(days=1))))


def test_INV_L3_disqualified_for_a_reason_and_other_with_a_note() -> None:
    def give_up(reason: str, note: str | None = None) -> DisqualifyLead:
        return DisqualifyLead(lead_id=LEAD, reason=reason, note=note, at=at(hours=5))  # type: ignore[arg-type]

    new.when(give_up("spam")).then(GIVEN_UP).when(give_up("spam")).then()
    new.when(give_up("other")).then_refused(InvalidValueError, "note")
    assert new.when(give_up("other", "moved to the moon")).events[0].note == "moved to the moon"
    given_up.when(give_up("no_need")).then_refused(LeadDisqualifiedError, "spam.*recycle it first")
    with pytest.raises(InvalidValueError, match="no_budget"):
        give_up("because")


COMMANDS = (
    EnrichLead(lead_id=LEAD, name="New", at=at(days=2)),
    did("email-opened", 50),
    AdjustLeadScore(lead_id=LEAD, points=1, reason="x", at=at(days=2)),
    AssignLead(lead_id=LEAD, assignee="eve", at=at(days=2)),
    AcceptLead(lead_id=LEAD, at=at(days=2)),
    DeclineLead(lead_id=LEAD, reason="x", at=at(days=2)),
    ContactLead(lead_id=LEAD, channel="phone", reached=True, at=at(days=2)),
    QualifyLead(lead_id=LEAD, stage=MARKETING, at=at(days=2)),
    QualifyLead(lead_id=LEAD, stage=SALES, at=at(days=2)),
    NurtureLead(lead_id=LEAD, at=at(days=2)),
    DisqualifyLead(lead_id=LEAD, reason=DisqualificationReason.NO_NEED, at=at(days=2)),
    RecycleLead(lead_id=LEAD, at=at(days=2)),
    ConvertLead(lead_id=LEAD, customer_id=uid(77), at=at(days=2)),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_INV_L2_a_converted_lead_is_read_only(command: Any) -> None:
    converted.when(command).then_refused(LeadConvertedError, "work with the customer")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: type(command).__name__)
def test_an_unknown_lead_is_refused(command: Any) -> None:
    leads.when(command).then_refused(NotFoundError, "there is no lead")


@pytest.mark.parametrize(
    "command",
    [one for one in COMMANDS if not isinstance(one, RecycleLead)],
    ids=lambda command: type(command).__name__,
)
def test_a_lead_given_up_is_recycled_before_anything_else(command: Any) -> None:
    given_up.when(command).then_refused(LeadDisqualifiedError)


@pytest.mark.parametrize(
    "lead", [new, owned, accepted, nurtured], ids=["new", "owned", "accepted", "nurtured"]
)
def test_only_a_qualified_lead_is_converted(lead: Scenario) -> None:
    convert = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER, at=at(days=2))
    lead.when(convert).then_refused(LeadStatusError, "let sales qualify it first")


@pytest.mark.parametrize("lead", [new, owned, owned.given(NURTURED)], ids=["new", "owned", "aside"])
def test_sales_qualifies_what_sales_accepted(lead: Scenario) -> None:
    lead.when(QualifyLead(lead_id=LEAD, stage=SALES, at=at(days=2))).then_refused(LeadStatusError)


def test_INV_L1_converted_at_most_once() -> None:
    deal = ConversionOpportunity(opportunity_id=DEAL, name="Boats")
    other = ConvertLead(lead_id=LEAD, customer_id=CUSTOMER, opportunity=deal, at=at(days=2))
    converted.when(other).then_refused(LeadConvertedError)


def test_the_lead_is_about_itself_until_it_is_about_its_customer() -> None:
    assert AGGREGATE.subject(AGGREGATE.initial) is None
    about = [AGGREGATE.subject(AGGREGATE.fold(one.history)) for one in (new, given_up, converted)]
    assert about == [LEAD, LEAD, CUSTOMER]


@pytest.mark.parametrize(
    ("known", "customer_id"),
    [(new, None), (given_up, None), (converted, CUSTOMER)],
    ids=["open", "given up", "converted"],
)
def test_an_inquiry_is_noted_once_on_the_lead_it_belongs_to(
    known: Scenario, customer_id: Any
) -> None:
    asked = capture(lead_id=uid(5), company="Acme", at=at(days=1))
    scenario = Scenario(AGGREGATE, repeat_inquiry, known.history)
    event = LeadInquiryRepeated(
        lead_id=LEAD,
        inquiry_id=uid(5),
        customer_id=customer_id,
        source=LeadSource.WEBSITE,
        campaign_id=None,
        utm=None,
        first_touch=None,
        name="Ann Lee",
        company="Acme",
        phone=None,
        interests=(),
        attributes=(),
        at=at(days=1),
    )
    noted = scenario.when(asked).then(event)
    noted.when(asked).then()
    noted.when(capture(lead_id=uid(5))).then_refused(AlreadyExistsError)
    Scenario(AGGREGATE, repeat_inquiry).when(asked).then_refused(NotFoundError)


class Leads(machine.RuleBasedStateMachine):
    """Whatever is asked of a few leads, a dictionary of words says the same of each."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[Any, list[Any]] = {}
        self.phase: dict[Any, str] = {}
        self.owner: dict[Any, str | None] = {}
        self.accepted: set[Any] = set()
        self.cycle: Counter[Any] = Counter()
        self.clock = 0

    def now(self) -> datetime:
        self.clock += 1
        return at(hours=self.clock)

    def ask(self, command: Any, *, allowed: bool) -> bool:
        stream = self.streams.setdefault(command.lead_id, [])
        state = AGGREGATE.fold(stream)
        try:
            events = decide(command, state)
        except DomainError:
            assert not allowed, f"{command} refused in {state}"
            return False
        assert allowed, f"{command} gave {events} in {state}"
        stream += events
        assert list(decide(command, AGGREGATE.fold(stream))) == []
        return True

    def is_in(self, lead_id: Any, *phases: str) -> bool:
        return self.phase.get(lead_id) in phases

    def is_open(self, lead_id: Any) -> bool:
        return self.is_in(lead_id, "new", "assigned", "working", "nurturing", "qualified")

    ids = st.sampled_from([uid(11), uid(12), uid(13)])

    @machine.rule(lead_id=ids)
    def capture(self, lead_id: Any) -> None:
        self.ask(capture(lead_id=lead_id), allowed=True)
        self.phase.setdefault(lead_id, "new")

    @machine.rule(lead_id=ids, who=st.sampled_from(["bob", "eve"]))
    def assign(self, lead_id: Any, who: str) -> None:
        command = AssignLead(lead_id=lead_id, assignee=who, at=self.now())
        if self.ask(command, allowed=self.is_open(lead_id)):
            self.owner[lead_id] = who
            if self.is_in(lead_id, "new"):
                self.phase[lead_id] = "assigned"

    @machine.rule(lead_id=ids)
    def accept(self, lead_id: Any) -> None:
        known = lead_id in self.accepted or self.owner.get(lead_id) is not None
        allowed = self.is_open(lead_id) and known
        if self.ask(AcceptLead(lead_id=lead_id, at=self.now()), allowed=allowed):
            self.accepted.add(lead_id)
            if self.is_in(lead_id, "assigned"):
                self.phase[lead_id] = "working"

    @machine.rule(lead_id=ids)
    def decline(self, lead_id: Any) -> None:
        ownerless = self.owner.get(lead_id) is None
        early = self.is_in(lead_id, "assigned", "nurturing") and lead_id not in self.accepted
        allowed = self.is_open(lead_id) and (ownerless or early)
        command = DeclineLead(lead_id=lead_id, reason="busy", at=self.now())
        if self.ask(command, allowed=allowed) and not ownerless:
            self.owner[lead_id] = None
            if self.is_in(lead_id, "assigned"):
                self.phase[lead_id] = "new"

    @machine.rule(lead_id=ids, reached=st.booleans())
    def contact(self, lead_id: Any, reached: bool) -> None:
        command = ContactLead(lead_id=lead_id, channel="phone", reached=reached, at=self.now())
        allowed = self.is_open(lead_id) and not self.is_in(lead_id, "new")
        if self.ask(command, allowed=allowed) and self.is_in(lead_id, "assigned"):
            self.phase[lead_id] = "working"

    @machine.rule(lead_id=ids)
    def qualify(self, lead_id: Any) -> None:
        ready = lead_id in self.accepted and self.owner.get(lead_id) is not None
        allowed = self.is_open(lead_id) and (ready or self.is_in(lead_id, "qualified"))
        command = QualifyLead(lead_id=lead_id, stage=SALES, at=self.now())
        if self.ask(command, allowed=allowed):
            self.phase[lead_id] = "qualified"

    @machine.rule(lead_id=ids)
    def nurture(self, lead_id: Any) -> None:
        command = NurtureLead(lead_id=lead_id, at=self.now())
        if self.ask(command, allowed=self.is_open(lead_id)):
            self.phase[lead_id] = "nurturing"

    @machine.rule(lead_id=ids)
    def disqualify(self, lead_id: Any) -> None:
        reason = DisqualificationReason.NO_BUDGET
        allowed = self.is_open(lead_id) or self.is_in(lead_id, "disqualified")
        command = DisqualifyLead(lead_id=lead_id, reason=reason, at=self.now())
        if self.ask(command, allowed=allowed):
            self.phase[lead_id] = "disqualified"

    @machine.rule(lead_id=ids)
    def recycle(self, lead_id: Any) -> None:
        idle = self.is_in(lead_id, "nurturing", "disqualified")
        fresh = self.is_in(lead_id, "new") and self.cycle[lead_id] > 0
        command = RecycleLead(lead_id=lead_id, at=self.now())
        if self.ask(command, allowed=idle or fresh) and idle:
            self.cycle[lead_id] += 1
            self.phase[lead_id], self.owner[lead_id] = "new", None
            self.accepted.discard(lead_id)

    @machine.rule(lead_id=ids)
    def convert(self, lead_id: Any) -> None:
        command = ConvertLead(lead_id=lead_id, customer_id=CUSTOMER, at=self.now())
        allowed = self.is_in(lead_id, "qualified", "converted")
        if self.ask(command, allowed=allowed):
            self.phase[lead_id] = "converted"

    @machine.invariant()
    def INV_L8_counts_reconcile(self) -> None:
        states = [AGGREGATE.fold(stream) for stream in self.streams.values() if stream]
        captured = sum(isinstance(one[0], LeadCaptured) for one in self.streams.values() if one)
        kinds = Counter(type(state) for state in states)
        assert captured == kinds[OpenLead] + kinds[ConvertedLead] + kinds[DisqualifiedLead]
        assert set(kinds) <= {OpenLead, ConvertedLead, DisqualifiedLead}

    @machine.invariant()
    def the_dictionary_agrees(self) -> None:
        for lead_id, phase in self.phase.items():
            state: State = AGGREGATE.fold(self.streams[lead_id])
            match state:
                case OpenLead():
                    assert (state.status, state.assignee) == (phase, self.owner.get(lead_id))
                    assert state.cycle == self.cycle[lead_id] + 1
                case DisqualifiedLead():
                    assert phase == "disqualified"
                case _:
                    assert phase == "converted"


TestLeads = Leads.TestCase
TestLeads.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
