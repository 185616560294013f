"""Customers: taken on, named, reached, led through the lifecycle, put aside."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.contact_points import (
    ContactPointInvalidError,
    ContactPointKnownError,
    contact_key,
    primary_point,
)
from crmcore.domain.customers.customer.decisions import (
    CustomerDeactivatedError,
    LifecycleForwardError,
    is_later,
)
from crmcore.domain.customers.customer.messages.contact_point import (
    AddContactPoint,
    ChangePrimaryContactPoint,
    ContactKind,
    ContactPointAdded,
    ContactPointInvalidated,
    ContactPointRemoved,
    ContactPointVerified,
    InvalidateContactPoint,
    InvalidReason,
    PrimaryContactPointChanged,
    RemoveContactPoint,
    VerifyContactPoint,
)
from crmcore.domain.customers.customer.messages.lifecycle import (
    AdvanceLifecycle,
    CorrectLifecycle,
    LifecycleStage,
    LifecycleStageAdvanced,
    LifecycleStageCorrected,
)
from crmcore.domain.customers.customer.messages.preference import (
    ContactHours,
    ContactPauseLifted,
    ContactPauseSet,
    LiftContactPause,
    Preference,
    PreferenceSet,
    SetContactPause,
    SetPreference,
)
from crmcore.domain.customers.customer.messages.registration import (
    CorrectCustomerName,
    CustomerDeactivated,
    CustomerKind,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
    DeactivateCustomer,
    ReactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.customers.customer.preferences import Preferences, reason_to_defer
from crmcore.domain.customers.customer.state import Active, Deactivated, Unregistered
from crmcore.domain.kernel import (
    AlreadyExistsError,
    Channel,
    DomainError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
)
from tests.scenario import Scenario, at, uid

ANN = uid(1)
EMAIL, PHONE = ContactKind.EMAIL, ContactKind.PHONE
customers = Scenario(customer.AGGREGATE, customer.decide)


def register(**fields: Any) -> RegisterCustomer:
    told: dict[str, Any] = {"customer_id": ANN, "kind": "person", "name": "Ann Lee", "at": at()}
    return RegisterCustomer(**{**told, **fields})


def registered(**fields: Any) -> CustomerRegistered:
    told: dict[str, Any] = {
        "customer_id": ANN,
        "kind": CustomerKind.PERSON,
        "name": "Ann Lee",
        "stage": None,
        "legal_name": None,
        "registration_number": None,
        "country": None,
        "at": at(),
    }
    return CustomerRegistered(**{**told, **fields})


def add(number: int, value: str = "", kind: ContactKind = EMAIL, **fields: Any) -> AddContactPoint:
    told: dict[str, Any] = {
        "customer_id": ANN,
        "point_id": uid(number),
        "kind": kind,
        "value": value or f"ann{number}@example.com",
        "at": at(hours=number),
    }
    return AddContactPoint(**{**told, **fields})


def added(number: int, *, primary: bool = False, **fields: Any) -> ContactPointAdded:
    value = f"ann{number}@example.com"
    told: dict[str, Any] = {
        "customer_id": ANN,
        "point_id": uid(number),
        "kind": EMAIL,
        "value": value,
        "normalised": value,
        "label": None,
        "is_primary": primary,
        "at": at(hours=number),
    }
    return ContactPointAdded(**{**told, **fields})


def primary(number: int | None, **later: float) -> PrimaryContactPointChanged:
    point_id = None if number is None else uid(number)
    return PrimaryContactPointChanged(
        customer_id=ANN, kind=EMAIL, point_id=point_id, at=at(**later)
    )


ann = customers.given(registered())
deactivated = ann.given(CustomerDeactivated(customer_id=ANN, reason="moved", at=at(days=1)))


# Registration


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Ann Lee", id="latin"),
        pytest.param("Σωκράτης Παπαδόπουλος", id="greek"),
        pytest.param("محمد العربي", id="arabic, right to left"),
        pytest.param("王小明", id="han"),
        pytest.param("अनन्या शर्मा", id="devanagari"),
        pytest.param("Nguyễn Thị Minh Khai", id="vietnamese"),
        pytest.param("O'Brien-Smith 3rd, née d'Été", id="marks"),
        pytest.param("\U00020b9f野家", id="beyond the basic plane"),
        pytest.param("X", id="one letter"),
    ],
)
def test_a_name_is_kept_in_every_script(name: str) -> None:
    customers.when(register(name=name)).then(registered(name=name))


def test_the_facts_of_a_register_are_kept() -> None:
    facts = {"legal_name": "Lee GmbH", "registration_number": "HRB 1", "country": "DE"}
    customers.when(register(kind="organisation", stage="lead", **{**facts, "country": "de"})).then(
        registered(kind=CustomerKind.ORGANISATION, stage=LifecycleStage.LEAD, **facts)
    )


def test_a_country_is_two_letters() -> None:
    customers.when(register(country="1É")).then_refused(
        InvalidValueError, "country: expected two lett"
    )


def test_registering_again_changes_nothing_even_at_another_time_or_after_a_correction() -> None:
    corrected = CustomerNameCorrected(customer_id=ANN, name="Anna Lee", at=at(hours=1))
    ann.given(corrected).when(register(at=at(days=9))).then()
    deactivated.when(register()).then()


def test_registering_with_other_particulars_is_refused() -> None:
    ann.when(register(name="Bob")).then_refused(AlreadyExistsError, "customer .* exists already")
    deactivated.when(register(name="Bob")).then_refused(AlreadyExistsError)


def test_a_name_is_corrected_once() -> None:
    command = CorrectCustomerName(customer_id=ANN, name="Anna Lee", at=at(hours=1))
    corrected = CustomerNameCorrected(customer_id=ANN, name="Anna Lee", at=at(hours=1))
    ann.when(command).then(corrected).when(command).then()


def test_deactivated_and_reactivated_with_everything_as_it_was() -> None:
    stop = DeactivateCustomer(customer_id=ANN, reason="moved", at=at(days=1))
    go_on = ReactivateCustomer(customer_id=ANN, at=at(days=2))
    gone = ann.when(stop).then(CustomerDeactivated(customer_id=ANN, reason="moved", at=at(days=1)))
    gone.when(stop).then()
    back = gone.when(go_on).then(CustomerReactivated(customer_id=ANN, at=at(days=2)))
    back.when(go_on).then()
    as_it_was = customer.AGGREGATE.fold(ann.history)
    assert isinstance(as_it_was, Active)
    assert customer.AGGREGATE.fold(back.history) == attrs.evolve(
        as_it_was, reactivated_at=at(days=2)
    )


COMMANDS: list[Any] = [
    CorrectCustomerName(customer_id=ANN, name="Anna", at=at(days=2)),
    add(2),
    AdvanceLifecycle(customer_id=ANN, stage=LifecycleStage.LEAD, at=at(days=2)),
    SetPreference(customer_id=ANN, language="de", at=at(days=2)),
    SetContactPause(customer_id=ANN, channel=Channel.EMAIL, at=at(days=2)),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.TOPIC)
def test_nothing_changes_for_an_unknown_or_a_deactivated_customer(command: Any) -> None:
    customers.when(command).then_refused(NotFoundError, f"there is no customer {ANN}")
    deactivated.when(command).then_refused(
        CustomerDeactivatedError, "is deactivated: reactivate-customer comes first"
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.TOPIC)
def test_deciding_twice_gives_nothing_the_second_time(command: Any) -> None:
    once = ann.when(command)
    once.then(*once.events).when(command).then()


def test_what_holds_already_is_not_refused_for_a_deactivated_customer() -> None:
    known = ann.given(added(1, primary=True))
    gone = known.given(CustomerDeactivated(customer_id=ANN, reason="x", at=at(days=1)))
    gone.when(add(1)).then()


def test_a_fold_takes_any_event_in_any_phase() -> None:
    named = CustomerNameCorrected(customer_id=ANN, name="Anna", at=at())
    gone = CustomerDeactivated(customer_id=ANN, reason="x", at=at())
    fold = customer.AGGREGATE.fold
    assert fold([named]) == Unregistered()
    assert fold([registered(), gone, named, gone]) == Deactivated(
        Active(registered=registered(), name="Anna"), since=at()
    )
    assert fold([registered(), registered()]) == fold([registered()])


def test_the_events_are_about_the_customer() -> None:
    assert customer.AGGREGATE.subject(customer.AGGREGATE.initial) is None
    assert customer.AGGREGATE.subject(customer.AGGREGATE.fold(ann.history)) == ANN
    assert customer.AGGREGATE.subject(customer.AGGREGATE.fold(deactivated.history)) == ANN


# Contact points


def test_the_value_is_kept_as_entered_beside_its_normal_form() -> None:
    ann.when(add(2, "ANN@Example.COM", label="home"), "ANN@example.com").then(
        added(
            2,
            primary=True,
            value="ANN@Example.COM",
            normalised="ANN@example.com",
            label="home",
        )
    )


def test_the_first_of_a_kind_is_primary_and_a_later_one_on_request() -> None:
    (
        ann.when(add(2))
        .then(added(2, primary=True))
        .when(add(3))
        .then(added(3))
        .when(add(4, primary=True))
        .then(added(4), primary(4, hours=4))
        .when(add(5, "+4930123456", PHONE))
        .then(added(5, primary=True, kind=PHONE, value="+4930123456", normalised="+4930123456"))
    )


def test_EC_C7_the_same_address_in_other_case_is_no_second_contact_point() -> None:
    known = ann.given(added(2, primary=True))
    known.when(add(3, "ANN2@EXAMPLE.com ")).then_refused(
        ContactPointKnownError, f"the same email already, as contact point {uid(2)}"
    )


def test_an_address_that_went_out_of_use_can_be_added_under_a_new_id() -> None:
    invalid = ContactPointInvalidated(
        customer_id=ANN, point_id=uid(2), reason=InvalidReason.HARD, at=at(hours=3)
    )
    known = ann.given(added(2, primary=True), invalid, primary(None, hours=3))
    address = "ann2@example.com"
    known.when(add(4, address)).then(added(4, primary=True, value=address, normalised=address))


def test_adding_again_changes_nothing_and_other_particulars_are_refused() -> None:
    known = ann.given(added(2, primary=True))
    known.when(add(2, at=at(days=3))).then()
    known.when(add(2), "written-otherwise-by-a-later-release@example.com").then()
    known.when(add(2, "bob@example.com")).then_refused(AlreadyExistsError, "contact point")
    removed = ContactPointRemoved(customer_id=ANN, point_id=uid(2), at=at(hours=3))
    known.given(removed).when(add(2)).then_refused(NotAllowedError, "add it again under a new id")


def remove(number: int) -> RemoveContactPoint:
    return RemoveContactPoint(customer_id=ANN, point_id=uid(number), at=at(days=1))


def invalidate(number: int, reason: str = "bounce") -> InvalidateContactPoint:
    return InvalidateContactPoint(
        customer_id=ANN, point_id=uid(number), reason=InvalidReason(reason), at=at(days=1)
    )


def test_INV_C1_the_oldest_of_the_others_takes_the_place_of_a_removed_primary() -> None:
    removed = ContactPointRemoved(customer_id=ANN, point_id=uid(9), at=at(days=1))
    known = ann.given(added(9, primary=True), added(3), added(2), added(4, kind=PHONE))
    known.when(remove(9)).then(removed, primary(2, days=1)).when(remove(9)).then()


def test_INV_C1_the_last_one_leaves_no_primary() -> None:
    gone = ContactPointInvalidated(
        customer_id=ANN, point_id=uid(2), reason=InvalidReason.BOUNCE, at=at(days=1)
    )
    ann.given(added(2, primary=True)).when(invalidate(2)).then(gone, primary(None, days=1))


def test_one_that_is_not_primary_goes_without_a_trace_on_the_primary() -> None:
    removed = ContactPointRemoved(customer_id=ANN, point_id=uid(3), at=at(days=1))
    ann.given(added(2, primary=True), added(3)).when(remove(3)).then(removed)


def test_EC_X1_a_bounce_does_not_change_the_reason_that_a_person_gave() -> None:
    known = ann.given(added(2, primary=True))
    outcome = known.when(invalidate(2, "user"))
    later = known.given(*outcome.events)
    later.when(invalidate(2, "bounce")).then()
    state = customer.AGGREGATE.fold(later.history)
    assert isinstance(state, Active)
    assert state.points[0].invalid_reason is InvalidReason.USER


def test_a_contact_point_is_verified_once_and_only_in_use() -> None:
    verify = VerifyContactPoint(customer_id=ANN, point_id=uid(2), at=at(days=2))
    known = ann.given(added(2, primary=True))
    verified = ContactPointVerified(customer_id=ANN, point_id=uid(2), at=at(days=2))
    known.when(verify).then(verified).when(verify).then()
    gone = known.given(*known.when(invalidate(2)).events)
    gone.when(verify).then_refused(
        ContactPointInvalidError, r"is invalid \(bounce\): add the address"
    )


def test_the_primary_is_changed_among_those_in_use() -> None:
    change = ChangePrimaryContactPoint(customer_id=ANN, point_id=uid(3), at=at(days=2))
    known = ann.given(added(2, primary=True), added(3))
    known.when(change).then(primary(3, days=2)).when(change).then()
    gone = known.given(ContactPointRemoved(customer_id=ANN, point_id=uid(3), at=at(days=1)))
    gone.when(change).then_refused(ContactPointInvalidError, "is removed")


@pytest.mark.parametrize("command", [remove(7), invalidate(7)], ids=["remove", "invalidate"])
def test_an_unknown_contact_point_is_named(command: Any) -> None:
    ann.when(command).then_refused(NotFoundError, f"there is no contact point {uid(7)}")


SOCIAL = ContactKind.SOCIAL


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        pytest.param(EMAIL, "Ann@x.de", "aNN@x.de", id="case of an address"),
        pytest.param(EMAIL, "JÖRG@x.de", "jörg@x.de", id="case of an accented letter"),
        pytest.param(EMAIL, "ОЛЬГА@x.de", "ольга@x.de", id="case of another script"),
        pytest.param(EMAIL, "jo\u0308rg@x.de", "jörg@x.de", id="composition"),
        pytest.param(SOCIAL, "@Ann", "@ann", id="case of a handle"),
    ],
)
def test_two_spellings_of_one_address_have_one_key(kind: ContactKind, one: str, other: str) -> None:
    assert contact_key(kind, one) == contact_key(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        pytest.param(EMAIL, "info@strasse.de", "info@straße.de", id="sharp s in a domain"),
        pytest.param(EMAIL, "info@βόλος.gr", "info@βόλοσ.gr", id="final sigma in a domain"),
        pytest.param(EMAIL, "strasse@x.de", "straße@x.de", id="sharp s"),
        pytest.param(EMAIL, "info@x.de", "ınfo@x.de", id="dotless i"),
        pytest.param(EMAIL, "info@x.de", "İnfo@x.de", id="dotted capital I"),
        pytest.param(EMAIL, "sam@x.de", "ſam@x.de", id="long s"),
        pytest.param(EMAIL, "fin@x.de", "ﬁn@x.de", id="ligature"),
        pytest.param(EMAIL, "ann@x.de", "ａｎｎ@x.de", id="width"),
        pytest.param(EMAIL, "rene@x.de", "rené@x.de", id="accent"),
        pytest.param(SOCIAL, "@strasse", "@straße", id="handle"),
        pytest.param(ContactKind.PUSH, "aB", "ab", id="case of a push token"),
        pytest.param(PHONE, "+4930231250", "+4930231250;ext=1", id="extension"),
    ],
)
def test_two_addresses_are_two_keys(kind: ContactKind, one: str, other: str) -> None:
    assert contact_key(kind, one) != contact_key(kind, other)


# Lifecycle

STAGES = list(LifecycleStage)


@given(st.lists(st.tuples(st.sampled_from(STAGES), st.booleans()), max_size=20))
def test_the_lifecycle_goes_forward_by_advancing_and_backward_by_correction(
    wishes: list[tuple[LifecycleStage, bool]],
) -> None:
    history = ann
    for stage, forward in wishes:
        state = customer.AGGREGATE.fold(history.history)
        assert isinstance(state, Active)
        if forward:
            outcome = history.when(AdvanceLifecycle(customer_id=ANN, stage=stage, at=at()))
            assert bool(outcome.events) == is_later(stage, state.stage)
        else:
            outcome = history.when(
                CorrectLifecycle(customer_id=ANN, stage=stage, reason="a typing error", at=at())
            )
            assert (outcome.refusal is not None) == is_later(stage, state.stage)
        history = history.given(*outcome.events)


def test_advancing_and_correcting() -> None:
    advance = AdvanceLifecycle(customer_id=ANN, stage=LifecycleStage.SQL, at=at(days=1))
    lower = AdvanceLifecycle(customer_id=ANN, stage=LifecycleStage.LEAD, at=at(days=2))
    correct = CorrectLifecycle(
        customer_id=ANN, stage=LifecycleStage.LEAD, reason="not yet", at=at(days=3)
    )
    told: dict[str, Any] = {"customer_id": ANN, "stage": LifecycleStage.LEAD, "at": at(days=3)}
    (
        ann.when(advance)
        .then(LifecycleStageAdvanced(customer_id=ANN, stage=LifecycleStage.SQL, at=at(days=1)))
        .when(lower)
        .then()
        .when(correct)
        .then(LifecycleStageCorrected(**told, reason="not yet"))
        .when(correct)
        .then()
    )


def test_a_correction_forward_is_refused_and_says_what_does_it() -> None:
    correct = CorrectLifecycle(customer_id=ANN, stage=LifecycleStage.LEAD, reason="x", at=at())
    ann.when(correct).then_refused(
        LifecycleForwardError, "from no stage, and lead is forward: advance"
    )


# Preferences

ALWAYS = (ContactHours(weekday=1, from_minute=540, to_minute=1020),)


def preferred(**fields: Any) -> PreferenceSet:
    told: dict[str, Any] = {
        "customer_id": ANN,
        "language": None,
        "time_zone": None,
        "preferred_channel": None,
        "contact_hours": None,
        "cleared": (),
        "at": at(),
    }
    return PreferenceSet(**{**told, **fields})


def prefer(**fields: Any) -> SetPreference:
    return SetPreference(customer_id=ANN, at=at(), **fields)


def test_a_preference_is_recorded_where_it_is_new_and_cleared_where_it_was_held() -> None:
    (
        ann.when(prefer(language="pt-BR", time_zone="America/Sao_Paulo"))
        .then(preferred(language="pt-BR", time_zone="America/Sao_Paulo"))
        .when(prefer(language="pt-BR", preferred_channel="sms", contact_hours=ALWAYS))
        .then(preferred(preferred_channel=Channel.SMS, contact_hours=ALWAYS))
        .when(prefer(clear=("language", "contact_hours")))
        .then(preferred(cleared=(Preference.LANGUAGE, Preference.CONTACT_HOURS)))
        .when(prefer(clear=("language",)))
        .then()
        .when(prefer(contact_hours=()))
        .then()
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"language": "Deutsch!"}, "BCP 47", id="language"),
        pytest.param({"time_zone": "Berlin"}, "an IANA name", id="no such zone"),
        pytest.param({"time_zone": "../../etc/passwd"}, "an IANA name", id="a path"),
        pytest.param({"time_zone": "Europe"}, "an IANA name", id="a folder"),
        pytest.param({"time_zone": "localtime"}, "an IANA name", id="a machine's own"),
        pytest.param(
            {"contact_hours": (ContactHours(weekday=1, from_minute=9, to_minute=9),)},
            "an end later",
            id="no hours",
        ),
        pytest.param({"language": "de", "clear": ("language",)}, "not both", id="set and clear"),
    ],
)
def test_a_preference_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    ann.when(prefer(**fields)).then_refused(InvalidValueError, message)


def test_a_channel_is_paused_and_the_pause_lifted() -> None:
    pause = SetContactPause(customer_id=ANN, channel=Channel.SMS, at=at(), ends_at=at(days=7))
    lift = LiftContactPause(customer_id=ANN, channel=Channel.SMS, at=at(days=1))
    (
        ann.when(lift)
        .then()
        .when(pause)
        .then(
            ContactPauseSet(
                customer_id=ANN,
                channel=Channel.SMS,
                starts_at=at(),
                ends_at=at(days=7),
                at=at(),
            )
        )
        .when(pause)
        .then()
        .when(lift)
        .then(ContactPauseLifted(customer_id=ANN, channel=Channel.SMS, at=at(days=1)))
        .when(lift)
        .then()
    )
    backward = SetContactPause(customer_id=ANN, channel=Channel.SMS, at=at(), ends_at=at())
    ann.when(backward).then_refused(InvalidValueError, "after the pause begins")


def test_a_pause_and_the_hours_are_half_open_and_the_hours_are_those_of_the_customers_zone() -> (
    None
):
    paused = ann.given(
        *ann.when(
            SetContactPause(customer_id=ANN, channel=Channel.SMS, at=at(), ends_at=at(days=1))
        ).events
    )
    state = customer.AGGREGATE.fold(paused.history)
    assert isinstance(state, Active)
    instant = timedelta(microseconds=1)
    said = [reason_to_defer(state.preferences, Channel.SMS, when) is not None
            for when in (at() - instant, at(), at(days=1) - instant, at(days=1))]  # fmt: skip
    assert said == [False, True, True, False]
    assert reason_to_defer(state.preferences, Channel.PHONE, at()) is None
    new_york = Preferences(time_zone="America/New_York", contact_hours=ALWAYS)
    said = [reason_to_defer(new_york, Channel.PHONE, at(hours=hours)) is not None
            for hours in (4, 5, 12.99, 13)]  # fmt: skip
    assert said == [True, False, False, True], "09:00 in New York is 14:00 UTC in January"
    assert reason_to_defer(Preferences(contact_hours=ALWAYS), Channel.PHONE, at()) is None


# The whole, against a naive model


class Points(machine.RuleBasedStateMachine):
    """Whatever is sent, INV-C1 holds and the points in use are those of a plain dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = ann
        self.live: dict[UUID, tuple[ContactKind, str]] = {}
        self.dead: set[UUID] = set()
        self.later = 0

    def send(self, command: Any) -> bool:
        outcome = self.scenario.when(command)
        self.scenario = self.scenario.given(*outcome.events)
        again = self.scenario.when(command)
        assert again.events == ()
        return outcome.refusal is None

    @machine.rule(
        number=st.integers(1, 6),
        kind=st.sampled_from([EMAIL, PHONE]),
        name=st.sampled_from("aAbc"),
        first=st.booleans(),
    )
    def add(self, number: int, kind: ContactKind, name: str, first: bool) -> None:
        self.later += 1
        point = uid(number)
        known = point in self.live or point in self.dead
        twin = (kind, contact_key(kind, name)) in self.live.values()
        command = add(number, name, kind, primary=first, at=at(hours=-self.later))
        accepted = self.send(command)
        if not known:
            assert accepted != twin
            if accepted:
                self.live[point] = (kind, contact_key(kind, name))

    @machine.rule(number=st.integers(1, 6), way=st.sampled_from(["remove", "bounce"]))
    def lose(self, number: int, way: str) -> None:
        point = uid(number)
        known = point in self.live or point in self.dead
        accepted = self.send(remove(number) if way == "remove" else invalidate(number))
        assert accepted == known
        if self.live.pop(point, None):
            self.dead.add(point)

    @machine.rule(number=st.integers(1, 6))
    def prefer(self, number: int) -> None:
        command = ChangePrimaryContactPoint(customer_id=ANN, point_id=uid(number), at=at())
        assert self.send(command) == (uid(number) in self.live)

    @machine.invariant()
    def INV_C1_one_primary_per_kind_while_any_is_in_use(self) -> None:
        state = customer.AGGREGATE.fold(self.scenario.history)
        assert isinstance(state, Active)
        active = {one.point_id: one for one in state.points if one.active}
        assert set(active) == set(self.live)
        for kind in ContactKind:
            firsts = [one for one in state.points if one.is_primary and one.kind is kind]
            assert len(firsts) == any(key == kind for key, _ in self.live.values())
            assert primary_point(state.points, kind) == (firsts[0] if firsts else None)
            assert all(one.active for one in firsts)


TestPoints = Points.TestCase
TestPoints.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


class Customers(machine.RuleBasedStateMachine):
    """A customer against a record of five plain fields."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = customers
        self.model: dict[str, Any] | None = None

    def send(self, command: Any, changes: dict[str, Any]) -> None:
        """Send *command*, which sets *changes* where the customer is active."""
        outcome = self.scenario.when(command)
        self.scenario = self.scenario.given(*outcome.events)
        if self.model is None:
            assert isinstance(outcome.refusal, NotFoundError)
            return
        changed = any(self.model[name] != told for name, told in changes.items())
        if not self.model["active"] and changed:
            assert isinstance(outcome.refusal, DomainError)
            return
        assert outcome.refusal is None
        assert bool(outcome.events) == changed
        self.model.update(changes)

    @machine.rule(name=st.sampled_from(["Ann", "Bob"]))
    def register(self, name: str) -> None:
        outcome = self.scenario.when(register(name=name))
        self.scenario = self.scenario.given(*outcome.events)
        if self.model is None:
            self.model = {"first": name, "name": name, "language": None, "active": True}
        else:
            assert (outcome.refusal is None) == (name == self.model["first"])
            assert not outcome.events

    @machine.rule(name=st.sampled_from(["Ann", "Bob", "Cy"]))
    def rename(self, name: str) -> None:
        command = CorrectCustomerName(customer_id=ANN, name=name, at=at())
        self.send(command, {"name": name})

    @machine.rule(language=st.sampled_from(["de", "en", None]))
    def speak(self, language: str | None) -> None:
        command = prefer(language=language) if language else prefer(clear=["language"])
        self.send(command, {"language": language})

    @machine.rule(active=st.booleans())
    def switch(self, active: bool) -> None:
        command: Any = ReactivateCustomer(customer_id=ANN, at=at())
        if not active:
            command = DeactivateCustomer(customer_id=ANN, reason="x", at=at())
        outcome = self.scenario.when(command)
        self.scenario = self.scenario.given(*outcome.events)
        if self.model is not None:
            assert bool(outcome.events) == (self.model["active"] != active)
            self.model["active"] = active

    @machine.invariant()
    def replay_agrees(self) -> None:
        state = customer.AGGREGATE.fold(self.scenario.history)
        match state:
            case Unregistered():
                assert self.model is None
            case Active() | Deactivated():
                active = isinstance(state, Active)
                now = state if isinstance(state, Active) else state.was
                assert self.model == {
                    "first": now.registered.name,
                    "name": now.name,
                    "language": now.preferences.language,
                    "active": active,
                }


TestCustomers = Customers.TestCase
TestCustomers.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
