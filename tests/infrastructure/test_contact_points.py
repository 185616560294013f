"""The contract of a contact normaliser, over the libraries' adapter."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.application.customers.public import ContactNormaliser
from crmcore.domain.customers.customer.messages.contact_point import ContactKind
from crmcore.domain.kernel import InvalidValueError
from crmcore.infrastructure.customers.contact_points import LibraryContactNormaliser

EMAIL, PHONE = ContactKind.EMAIL, ContactKind.PHONE
normaliser: ContactNormaliser = LibraryContactNormaliser()


@pytest.mark.parametrize(
    ("kind", "value", "region", "expected"),
    [
        pytest.param(EMAIL, " Ann.Lee@EXAMPLE.Com ", None, "Ann.Lee@example.com", id="domain"),
        pytest.param(EMAIL, "jörg@münchen.de", None, "jörg@münchen.de", id="SMTPUTF8"),
        pytest.param(EMAIL, "a@xn--mnchen-3ya.de", None, "a@münchen.de", id="punycode"),
        pytest.param(EMAIL, "a@Straße.example", None, "a@straße.example", id="sharp s stays"),
        pytest.param(
            EMAIL, "a@xn--strae-oqa.example", None, "a@straße.example", id="its IDNA form"
        ),
        pytest.param(EMAIL, "a@MÜNCHEN。de", None, "a@münchen.de", id="ideographic full stop"),
        pytest.param(EMAIL, "用户@例え.jp", None, "用户@例え.jp", id="japanese"),
        pytest.param(EMAIL, "ann+shop@example.com", None, "ann+shop@example.com", id="subaddress"),
        pytest.param(PHONE, "+44 20 7946 0000", None, "+442079460000", id="with country code"),
        pytest.param(PHONE, "(617) 635-4500", "US", "+16176354500", id="with a region"),
        pytest.param(PHONE, "617.635.4500 ext. 12", "us", "+16176354500;ext=12", id="extension"),
        pytest.param(PHONE, "+49 30 23125000 доб. 0７", None, "+493023125000;ext=07", id="доб."),
        pytest.param(PHONE, "tel:+49-30-23125000;ext=12", None, "+493023125000;ext=12", id="URI"),
        pytest.param(PHONE, "+44 20 7946 0000", "US", "+442079460000", id="code before region"),
        pytest.param(PHONE, "٠٣٠ ٢٣١٢٥٠٠٠", "DE", "+493023125000", id="arabic digits"),
        pytest.param(
            ContactKind.POSTAL, " 1  Main St\n Boston ", None, "1 Main St Boston", id="post"
        ),
        pytest.param(ContactKind.SOCIAL, " @ann ", None, "@ann", id="handle"),
        pytest.param(ContactKind.PUSH, "t0K:en", None, "t0K:en", id="push token"),
    ],
)
def test_the_normal_form(kind: ContactKind, value: str, region: str | None, expected: str) -> None:
    assert normaliser.normalise(kind, value, region) == expected
    assert normaliser.normalise(kind, expected, region) == expected


@pytest.mark.parametrize(
    ("kind", "value", "region", "message"),
    [
        pytest.param(EMAIL, "ann", None, "value: expected an e-mail address such as", id="no @"),
        pytest.param(EMAIL, "ann@localhost", None, "e-mail address", id="no domain"),
        pytest.param(EMAIL, "ann@[127.0.0.1]", None, "e-mail address", id="a machine"),
        pytest.param(EMAIL, "a@b.c@d.com", None, "e-mail address", id="two @"),
        pytest.param(EMAIL, "x" * 65 + "@example.com", None, "too long", id="too long"),
        pytest.param(EMAIL, "ann\r\nbcc: bob@example.com", None, "e-mail address", id="injection"),
        pytest.param(EMAIL, "@" * 900, None, "e-mail address", id="many @"),
        pytest.param(
            PHONE, "617 635 4500", None, "with country code.*or one with its", id="region"
        ),
        pytest.param(PHONE, "12", "US", "a telephone number of US", id="too short"),
        pytest.param(PHONE, "+999 123456789", None, "a telephone number", id="no such country"),
        pytest.param(PHONE, "1" * 900, "US", "a telephone number of US", id="too long number"),
        pytest.param(PHONE, "call me", "US", "a telephone number of US", id="words"),
        pytest.param(PHONE, "617 635 4500", "ZZ", "region: expected two letters", id="no region"),
    ],
)
def test_what_is_no_such_address_is_refused_and_says_what_was_expected(
    kind: ContactKind, value: str, region: str | None, message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message) as refusal:
        normaliser.normalise(kind, value, region)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_a_home_region_reads_national_numbers() -> None:
    at_home = LibraryContactNormaliser(home="DE")
    assert at_home.normalise(PHONE, "030 23125000", None) == "+493023125000"
    assert at_home.normalise(PHONE, "617 635 4500", "US") == "+16176354500"


HOSTILE = st.text(max_size=80) | st.text("@.+-() \"'[]:;,\\0123456789a\u200d\u0130ßxn", max_size=80)


@given(st.sampled_from(ContactKind), HOSTILE, st.sampled_from([None, "US", "DE", "", "é"]))
@settings(max_examples=400, deadline=None)
def test_hostile_input_gives_a_refusal_or_a_stable_form(
    kind: ContactKind, value: str, region: str | None
) -> None:
    try:
        normal = normaliser.normalise(kind, value, region)
    except InvalidValueError:
        return
    assert normaliser.normalise(kind, normal, region) == normal


@given(HOSTILE.filter(bool), st.sampled_from(["münchen.de", "xn--a", "a..b", "-a.de", "a" * 70]))
@settings(max_examples=200, deadline=None)
def test_hostile_parts_of_an_email_address_give_only_refusals(local: str, domain: str) -> None:
    try:
        normal = normaliser.normalise(EMAIL, f"{local}@{domain}", None)
    except InvalidValueError:
        return
    assert normaliser.normalise(EMAIL, normal, None) == normal


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_an_example_of_every_region_is_read_alike_with_and_without_its_country_code(
    region: str,
) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    expected = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    assert normaliser.normalise(PHONE, national, region) == expected
    assert normaliser.normalise(PHONE, expected, None) == expected
