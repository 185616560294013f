"""Contact points in normal form, by the libraries that know how the world writes them.

An e-mail address keeps its local part as entered; its domain is lower-cased and, where it is
an internationalised one, in Unicode.  A telephone number becomes E.164, and an
extension follows it as in RFC 3966 (``+493023125000;ext=12``).  Of other addresses, blanks are
made single.

The libraries are large and are imported with the first address of their kind.
"""

from crmcore.domain.customers.customer.messages.contact_point import ContactKind
from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen


@frozen
class LibraryContactNormaliser:
    """A ``ContactNormaliser``; *home* is the region of numbers that come without any."""

    home: str | None = None

    def normalise(self, kind: ContactKind, value: str, region: str | None) -> str:
        """The normal form of *value*; ``InvalidValueError`` where it is no such address."""
        if kind is ContactKind.EMAIL:
            return _email(value)
        if kind is ContactKind.PHONE:
            return _phone(value, _region(region or self.home))
        return " ".join(value.split())


def _email(value: str) -> str:
    """No look-up is made: whether an address is delivered to is for its mail server to say."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(value.strip(), check_deliverability=False, strict=True).normalized
    except (EmailNotValidError, ValueError) as error:
        expected = "an e-mail address such as ann@example.com"
        raise InvalidValueError("value", value, f"{expected} ({_line(error)})") from None


def _region(region: str | None) -> str | None:
    import phonenumbers

    if region is None or region.upper() in phonenumbers.SUPPORTED_REGIONS:
        return region and region.upper()
    raise InvalidValueError("region", region, "two letters (ISO 3166) such as US")


def _phone(value: str, region: str | None) -> str:
    import phonenumbers

    expected = (
        "a telephone number with country code, such as +49 30 23125000, or one with its region"
        if region is None
        else f"a telephone number of {region}, or one with country code, such as +49 30 23125000"
    )
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise InvalidValueError("value", value, expected) from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidValueError("value", value, expected)
    normal = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not number.extension:
        return normal
    return f"{normal};ext={phonenumbers.normalize_digits_only(number.extension)}"


def _line(error: Exception) -> str:
    """What the library found wrong, on one line of bounded length and without the address."""
    return " ".join(str(error).split())[:120].rstrip(".")
