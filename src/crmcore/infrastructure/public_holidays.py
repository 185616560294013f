"""Public holidays by country and subdivision, to be frozen into a version of a calendar.

They come from the ``holidays`` package (the extra ``calendars``), which corrects itself from
release to release: what a calendar has copied stays as it was, until a new version of that
calendar is made.
"""

import difflib
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.working_time import Holiday

ENGLISH: Final = "en_US"
MOST_SHOWN: Final = 20


class MissingExtraError(ImportError):
    """A part of crmcore needs a package that is not installed."""


def public_holidays(
    country: str,
    years: Iterable[int],
    *,
    subdivision: str | None = None,
    language: str | None = None,
) -> tuple[Holiday, ...]:
    """The public holidays of *country* in *years* (local), in the order of their dates.

    *country* is its ISO 3166 code, such as DE; *subdivision* a state of it, such as BY, whose own
    holidays are added.  Holidays that are moved to a weekday are on both dates.  Names are in
    *language*, else in English where the package has it.  Raises ``MissingExtraError`` without
    the package, ``InvalidValueError`` for a country, subdivision, language or year that it
    does not know.
    """
    library = _library()
    code = _known("country", country.upper(), library.list_supported_countries(), "a country code")
    kind = getattr(library, code)
    if subdivision is not None:
        subdivision = _known("subdivision", subdivision, _states(kind), f"a subdivision of {code}")
    wanted = sorted({_year(year, kind) for year in years})
    if not wanted:
        raise InvalidValueError("years", (), "at least one year")
    found = library.country_holidays(
        code, subdiv=subdivision, years=wanted, language=_language(language, kind), expand=False
    )
    return tuple(Holiday(day=day, name=name) for day, name in sorted(found.items()))


def _library() -> Any:
    try:
        return import_module("holidays")
    except ImportError:
        raise MissingExtraError(
            "public holidays need the package holidays: pip install 'crmcore[calendars]'"
        ) from None


def _states(kind: Any) -> Iterable[str]:
    """The codes of the subdivisions of a country, and their names."""
    aliases: Iterable[Iterable[str]] = kind.get_subdivision_aliases().values()
    return [*kind.subdivisions, *(name for names in aliases for name in names)]


def _known(field: str, given: str, known: Iterable[str], expected: str) -> str:
    by_key = {name.casefold(): name for name in known}
    if given.casefold() in by_key:
        return by_key[given.casefold()]
    near = difflib.get_close_matches(given.casefold(), by_key, n=3, cutoff=0.5)
    hint = "did you mean " + " or ".join(by_key[key] for key in near) + "?"
    if not near:
        hint = ", ".join(list(by_key.values())[:MOST_SHOWN]) or "there are none"
    raise InvalidValueError(field, given, f"{expected} ({hint})")


def _year(year: int, kind: Any) -> int:
    if not kind.start_year <= year <= kind.end_year:
        expected = f"a year from {kind.start_year} to {kind.end_year}"
        raise InvalidValueError("years", year, expected)
    return year


def _language(given: str | None, kind: Any) -> str | None:
    """Never that of the machine: a calendar is the same wherever it is made."""
    known = kind.supported_languages
    if given is not None:
        return _known("language", given, known, "a language of its names")
    return ENGLISH if ENGLISH in known else kind.default_language
