"""The customer directory: who is found by what, and in which order."""

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import crmcore
from crmcore import commands as ask
from crmcore.projections.customers.search_terms import searchable
from tests.histories import Clock, send
from tests.projections.conftest import Tell
from tests.projections.examples import ANN, BEN, CARLA, START, at, named
from tests.scenario import uid


def found(crm: crmcore.CRM, text: str, **how: Any) -> Sequence[str]:
    return [one.name for one in crm.read.customers.find(text, **how).items]


def point(
    number: int, kind: ask.ContactKind, value: str, customer: UUID = ANN, *, primary: bool = False
) -> ask.AddContactPoint:
    return ask.AddContactPoint(
        customer_id=customer,
        point_id=uid(number),
        kind=kind,
        value=value,
        primary=primary,
        at=START,
    )


EMAIL, PHONE = ask.ContactKind.EMAIL, ask.ContactKind.PHONE


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Ann Lee", "ann lee"),
        ("Ann Lee", "ANN  LEE"),
        ("Ann Lee", "nn L"),
        ("Straße", "STRASSE"),
        ("Zoë", "zoe\u0308"),
        ("Zoe\u0308", "ZOË"),
        ("Ａｎｎ", "ann"),
        ("Ann", "ＡＮＮ"),
        ("Ольга Ким", "ольга ким"),
        ("Ольга Ким", "КИМ"),
        ("ليلى محمد", "محمد"),
        ("ﻟﻴﻠﻰ", "ليلى"),
        ("山田 太郎", "太郎"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("Σωκράτης", "ΣΩΚΡΆΤΗΣ"),
        ("Florist 🌻", "🌻"),
        ("Love ❤\ufe0f Ltd", "love ❤"),
        ("Soft\u00adware", "software"),
        ("İzmir Gıda", "izmir gıda"),
        ("İzmir Gıda", "IZMIR GIDA"),
        ("IŞIK", "ışık"),
        ("IŞIK", "isik"),
        ("İnşaat", "inşaat"),
        ("İnşaat", "INSAAT"),
        ("Zoë", "zoe"),
        ("Zoe", "Zoë"),
        ("Łódź", "lodz"),
        ("Ægir Brønd", "aegir brond"),
        ("Œuvre", "oeuvre"),
        ("Oﬃce", "office"),
        ("STRAẞE", "strasse"),
        ("Σωκράτης", "σωκρατησ"),
        ("ΟΔΟΣ", "οδος"),
        ("Ёлкин", "елкин"),
        ("თბილისი", "ᲗᲑᲘᲚᲘᲡᲘ"),
        ("𐐔𐐇", "𐐼𐐯"),
        ("ꭰꭱ", "ᎠᎡ"),
        ("שָׁלוֹם", "שלום"),
        ("Nguyễn Đức", "nguyen duc"),
        ("\u200fليلى\u200f", "ليلى"),
        ("O'Brien", "o’brien"),
        ("O’Brien", "O'BRIEN"),
        ("O`Brien", "o´brien"),
        ("Jean‐Luc", "jean-luc"),
        ("Jean-Luc", "Jean–Luc"),
        ("Jean\u2011Luc", "jean—luc"),
    ],
)
def test_case_width_composition_and_script_do_not_matter(
    crm: crmcore.CRM, tell: Tell, name: str, text: str
) -> None:
    tell(named(name), named("Somebody Else", BEN))
    assert found(crm, text) == [unicodedata.normalize("NFC", name.strip())]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("100%", ["100% Tea"]),
        ("%", ["100% Tea"]),
        ("_", ["a_b"]),
        ("a_b", ["a_b"]),
        ("/", ["x/y"]),
        ("\\", ["back\\slash"]),
        ("*", []),
        ("'", ["O'Neil"]),
        ('"', []),
        ("", []),
        ("   ", []),
        ("\x00", []),
        ("\ud800", []),
        ("a\x00b", []),
        ("x" * 100_000, []),
        ("%" * 2_000, []),
    ],
)
def test_whatever_is_typed_is_taken_literally(
    database_url: str, text: str, names: Sequence[str]
) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        all_names = ("100% Tea", "a_b", "axb", "x/y", "back\\slash", "O'Neil")
        send(crm, [named(name, uid(n)) for n, name in enumerate(all_names)])
        crm.catch_up()
        assert found(crm, text) == names


@pytest.mark.parametrize(
    ("text", "exactly"),
    [
        ("+49 30 23125000", True),
        ("+493023125000", True),
        ("+49 (30) 2312-5000", True),
        ("+49\u00a030\u202f2312–5000", True),
        ("030 23125000", False),
        ("0049 30 23125000", False),
        ("(030) 2312/5000", False),
        ("23125000", False),
        ("030.23.12.50.00", False),
        ("０３０２３１２５０００", False),
        ("٠٣٠٢٣١٢٥٠٠٠", False),
        ("+49 (0)30 23125000", True),
        ("+49 (0) 30/23125000", True),
        ("tel:+493023125000", True),
        ("tel:+49-30-23125000", True),
    ],
)
def test_a_phone_number_is_found_however_it_is_written(
    crm: crmcore.CRM, tell: Tell, text: str, exactly: bool
) -> None:
    tell(named("Ann"), point(1, PHONE, "+49 30 23125000"), named("Ben", BEN))
    (one,) = crm.read.customers.find(text).items
    assert (one.name, one.phone, one.exactly) == ("Ann", "+49 30 23125000", exactly)


@pytest.mark.parametrize(
    ("value", "region"),
    [
        ("+49 (0)30 23125000", None),
        ("+39 (0)6 69812345", None),
        ("tel:+493023125001;ext=12", None),
        ("tel:+49-30-23125001", None),
        ("tel:030-23125000;phone-context=+49", None),
        ("030 23125000", "DE"),
        ("0049 (0)30 23125000", "DE"),
        ("011 49 30 23125000", "US"),
        ("1-800-FLOWERS", "US"),
        (" 1-800-FLOWERS ", "US"),
        ("0２０ 7183 8750", "GB"),
        ("+٤٩ ٣٠ ٢٣١٢٥٠٠٠", None),
    ],
)
def test_a_number_is_found_by_the_text_that_it_was_entered_with(
    crm: crmcore.CRM, tell: Tell, value: str, region: str | None
) -> None:
    entered = ask.AddContactPoint(
        customer_id=ANN, point_id=uid(1), kind=PHONE, value=value, region=region, at=START
    )
    tell(named("Ann"), entered, named("Ben", BEN))
    assert [one.exactly for one in crm.read.customers.find(value).items] == [True]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_was_entered_finds_its_customer(crm: crmcore.CRM, data: st.DataObject) -> None:
    """A number is written with any marks between its digits; many customers may share it."""
    blanks = st.sampled_from(["", " ", "-", ".", "/", " (0)", " (0) ", "\u00a0"])
    marks = data.draw(st.lists(blanks, min_size=4, max_size=4))
    start = data.draw(st.sampled_from(["+", "tel:+", "tel: +", "＋"]))
    end = data.draw(st.sampled_from(["", ";ext=12", " ext. 12", " x12", "#12"]))
    number = "".join(f"{mark}{part}" for mark, part in zip(marks, WRITTEN, strict=True))
    value = f"{start}{number}{end}"
    customer = uuid4()
    crm.execute(named("Ann", customer), by="test")
    with suppress(crmcore.errors.InvalidValueError):
        added = ask.AddContactPoint(
            customer_id=customer, point_id=uuid4(), kind=PHONE, value=value, at=START
        )
        crm.execute(added, by="test")
        crm.catch_up()
        assert customer in {
            one.customer_id for one in crm.read.customers.find(value, limit=1_000).items
        }


WRITTEN = ("49", "30", "2312", "5000")
DESKS = {"Ann": "+49 30 23125000 ext. 12", "Ben": "+49 30 23125000 ext. 13"}


@pytest.mark.parametrize(
    ("text", "exactly"),
    [
        ("+49 30 23125000 ext. 12", True),
        ("+493023125000;ext=12", True),
        ("+49 (30) 2312-5000 x12", True),
        ("+49 30 23125000 DOB. 12", True),
        ("+49 30 23125000 Nebenstelle 12", True),
        ("+49 30 23125000-12", False),
        ("030 23125000 ext 12", False),
        ("030 23125000 доб. 12", False),
        ("23125000 #12", False),
        ("٠٣٠ ٢٣١٢٥٠٠٠ x١٢", False),
    ],
)
def test_two_desks_of_one_office_are_two_numbers(
    crm: crmcore.CRM, tell: Tell, text: str, exactly: bool
) -> None:
    for number, (name, value) in enumerate(DESKS.items()):
        tell(named(name, uid(90 + number)), point(number, PHONE, value, uid(90 + number)))
    (one,) = crm.read.customers.find(text).items
    assert (one.name, one.phone, one.exactly) == ("Ann", DESKS["Ann"], exactly)
    assert found(crm, DESKS["Ben"]) == ["Ben"]
    assert found(crm, "+49 30 23125000") == ["Ann", "Ben"]


def test_a_second_desk_is_another_contact_point_of_the_same_customer(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(named("Ann"), *(point(n, PHONE, value) for n, value in enumerate(DESKS.values())))
    assert found(crm, DESKS["Ann"]) == found(crm, DESKS["Ben"]) == ["Ann"]


def test_an_external_id_of_letters_and_digits_is_no_phone_number(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(named("Ann"), point(1, PHONE, "+49 30 23125000"))
    assert found(crm, "K-23125000") == found(crm, "shop23125000") == []


@pytest.mark.parametrize("text", ["00000", "000000000", "0-0-0-0-0-0", "++++++", "7777", "---"])
def test_too_few_digits_are_no_phone_number(crm: crmcore.CRM, tell: Tell, text: str) -> None:
    tell(named("Ann"), point(1, PHONE, "+49 30 23125000"))
    assert found(crm, text) == []


def test_INV_C7_a_shared_phone_finds_everybody_who_has_it(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ben", BEN), named("Ann"), named("Carla", CARLA))
    tell(point(1, PHONE, "+49 30 23125000"), point(2, PHONE, "+49 30 23125000", BEN))
    assert found(crm, "+49 30 23125000") == ["Ann", "Ben"]


def test_an_address_is_found_in_any_case_and_in_part(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), point(1, EMAIL, "Ann.Lee@Example.COM"))
    assert found(crm, "ann.lee@example.com") == found(crm, "LEE@EXAMPLE") == ["Ann"]
    assert crm.read.customers.find("ann.lee@example.com").items[0].exactly


def test_an_external_id_is_found_exactly_as_long_as_it_is_linked(
    crm: crmcore.CRM, tell: Tell
) -> None:
    link = {"customer_id": ANN, "source": "shop", "external_id": "K-4711", "at": START}
    tell(named("Ann"), ask.LinkExternalIdentity(**link))  # type: ignore[arg-type]
    (one,) = crm.read.customers.find("k-4711").items
    assert (one.name, one.matched, one.exactly) == ("Ann", "K-4711", True)
    tell(ask.UnlinkExternalIdentity(**link))  # type: ignore[arg-type]
    assert found(crm, "K-4711") == []


def test_sources_and_ids_are_never_run_together(crm: crmcore.CRM, tell: Tell) -> None:
    def keyed(source: str, key: str) -> dict[str, Any]:
        return {"customer_id": ANN, "source": source, "external_id": key, "at": START}

    tell(named("Ann"), ask.LinkExternalIdentity(**keyed("shop:1", "2")))
    tell(ask.LinkExternalIdentity(**keyed("shop", "1:2")))
    tell(ask.UnlinkExternalIdentity(**keyed("shop:1", "2")))
    assert found(crm, "1:2") == ["Ann"]


def test_removed_points_are_not_found_and_the_next_is_shown(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), point(1, EMAIL, "one@example.com"), point(2, EMAIL, "two@example.com"))
    assert crm.read.customers.find("Ann").items[0].email == "one@example.com"
    tell(ask.RemoveContactPoint(customer_id=ANN, point_id=uid(1), at=START))
    assert found(crm, "one@example") == []
    assert crm.read.customers.find("Ann").items[0].email == "two@example.com"
    tell(ask.RemoveContactPoint(customer_id=ANN, point_id=uid(2), at=START))
    assert crm.read.customers.find("Ann").items[0].email is None


def test_a_bounced_address_is_shown_no_more_and_still_tells_who_it_was(
    crm: crmcore.CRM, tell: Tell
) -> None:
    bounce = ask.InvalidReason.BOUNCE
    tell(named("Ann"), point(1, EMAIL, "one@example.com"))
    tell(ask.InvalidateContactPoint(customer_id=ANN, point_id=uid(1), reason=bounce, at=START))
    (one,) = crm.read.customers.find("one@example.com").items
    assert (one.name, one.email) == ("Ann", None)


def test_an_old_name_is_not_found(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann Lee"), ask.CorrectCustomerName(customer_id=ANN, name="Ann Kim", at=START))
    assert (found(crm, "lee"), found(crm, "kim")) == ([], ["Ann Kim"])


def test_exact_matches_come_first_then_names_in_order(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Leeds", ANN), named("Lee", BEN), named("Ashlee", CARLA))
    assert found(crm, "lee") == ["Lee", "Ashlee", "Leeds"]


def test_a_customer_comes_once_with_the_best_match(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann Lee"), point(1, EMAIL, "ann@example.com"), point(2, EMAIL, "ann@example.org"))
    (one,) = crm.read.customers.find("ann@example.org").items
    assert (one.matched, one.exactly) == ("ann@example.org", True)
    (one,) = crm.read.customers.find("ann").items
    assert (one.matched, one.exactly) == ("ann@example.com", False)


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_the_limit_counts_customers(crm: crmcore.CRM, tell: Tell, limit: int) -> None:
    many = [point(n, EMAIL, f"ann{n}@example.com") for n in range(20)]
    tell(named("Ann"), *many, named("Ben", BEN), named("Carla", CARLA))
    tell(point(40, EMAIL, "b@example.com", BEN), point(41, EMAIL, "c@example.com", CARLA))
    expected = ["Ann", "Ben", "Carla"][:limit]
    assert found(crm, "@example.com", limit=limit) == expected


@pytest.mark.parametrize("limit", [-1, 0, 1_001])
def test_a_limit_is_a_number_of_customers(crm: crmcore.CRM, tell: Tell, limit: int) -> None:
    tell(named("Ann"))
    with pytest.raises(crmcore.errors.InvalidValueError, match="limit: expected a whole number"):
        crm.read.customers.find("ann", limit=limit)


def test_pages_go_on_after_each_other_while_customers_come_and_go(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*(named(f"Customer {number:02}", uid(100 + number)) for number in range(12)))
    seen, after = [], None
    for turn in range(9):
        page = crm.read.customers.find("customer", limit=5, after=after)
        seen += [one.name for one in page.items]
        after = page.next
        tell(named(f"Customer 00 of turn {turn}", uid(200 + turn)))  # before what was shown
        if after is None:
            break
    assert seen == [f"Customer {number:02}" for number in range(12)]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, ["Acme", "Ann", "Ben"]),
        ({"kind": ask.CustomerKind.ORGANISATION}, ["Acme"]),
        ({"stage": ask.LifecycleStage.LEAD}, ["Ben"]),
        ({"active": False}, ["Ann"]),
        ({"active": True}, ["Acme", "Ben"]),
        ({"order_by": "-registered_at"}, ["Ben", "Ann", "Acme"]),
        ({"order_by": "registered_at"}, ["Acme", "Ann", "Ben"]),
        ({"text": "a", "order_by": "name"}, ["Acme", "Ann"]),
        ({"text": "ann", "active": True}, []),
    ],
    ids=str,
)
def test_customers_are_found_by_what_they_are(
    crm: crmcore.CRM, tell: Tell, criteria: dict[str, Any], expected: list[str]
) -> None:
    tell(
        ask.RegisterCustomer(
            customer_id=CARLA, kind=ask.CustomerKind.ORGANISATION, name="Acme", at=START
        ),
        named("Ann", at=START + timedelta(days=1)),
        named("Ben", BEN, at=START + timedelta(days=2)),
        ask.AdvanceLifecycle(
            customer_id=BEN, stage=ask.LifecycleStage.LEAD, at=START + timedelta(days=2)
        ),
        ask.DeactivateCustomer(customer_id=ANN, reason="moved", at=START + timedelta(days=3)),
    )
    assert [one.name for one in crm.read.customers.find(**criteria).items] == expected


def test_one_customers_card_is_had_by_id(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), point(1, ask.ContactKind.EMAIL, "ann@example.com"))
    card: Any = crm.read.customers.get(ANN)
    assert (card.name, card.kind, card.email) == ("Ann", "person", "ann@example.com")
    assert (card.phone, card.stage, card.active, card.registered_at) == (
        None,
        None,
        True,
        at("2020-01-01"),
    )
    assert crm.read.customers.get(BEN) is None


def test_stage_and_activity_are_shown(crm: crmcore.CRM, tell: Tell) -> None:
    stage = ask.LifecycleStage.CUSTOMER
    tell(named("Ann"), ask.AdvanceLifecycle(customer_id=ANN, stage=stage, at=START))
    tell(ask.DeactivateCustomer(customer_id=ANN, reason="moved", at=START))
    (one,) = crm.read.customers.find("ann").items
    assert (one.stage, one.active, one.kind) == ("customer", False, "person")
    tell(ask.ReactivateCustomer(customer_id=ANN, at=START))
    assert crm.read.customers.find("ann").items[0].active


@given(st.text() | st.text("iIıİsSßẞσςΣᾳᾼǅﬁŉ\u0307\u0345", max_size=8))
@example("\u0345")
def test_searchable_text_stays_as_it_is_and_case_and_form_do_not_change_it(text: str) -> None:
    wanted = searchable(text)
    assert searchable(wanted) == wanted
    for changed in (text.upper(), text.lower(), text.title(), text.casefold()):
        assert searchable(changed) == wanted
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert searchable(unicodedata.normalize(form, text)) == wanted


@given(st.text("abcçgğıiIİoöşuüß ", max_size=12))
def test_a_name_is_found_in_capitals_and_small_letters_as_turkish_writes_them(name: str) -> None:
    capitals = name.replace("i", "İ").replace("ı", "I").upper()
    small = name.replace("I", "ı").replace("İ", "i").lower()
    assert searchable(capitals) == searchable(small) == searchable(name)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(max_size=40)
    | st.text("0123456789+-()/ .%_@", max_size=20)
    | st.text("annä%_\\iIıİßsS", max_size=6)
)
def test_any_search_finds_what_contains_it_and_nothing_else(crm: crmcore.CRM, text: str) -> None:
    names = ("Ann", "Änn_a", "100%", "naïve\\", "안나", "İzmir Işık", "groß", "한び")
    if not crm.position:
        send(crm, [named(name, uid(n)) for n, name in enumerate(names)])
        crm.catch_up()
    wanted = searchable(text)
    expected = {name for name in names if wanted and wanted in searchable(name)}
    assert set(found(crm, text)) == expected
