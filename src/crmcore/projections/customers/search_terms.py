"""Search terms: the form in which what is sought and what is found are compared.

They fold generously, so that a name is found by its own letters however they are typed.
They are for finding alone: who is the same is decided by other keys (``address_key``).
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from crmcore.domain.kernel.frozen import frozen

EXTENSION: Final = ";ext="
FEWEST_DIGITS: Final = 5

# Letters that no decomposition takes apart, in the spelling of those whose keyboards lack them.
_PLAIN: Final = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t"}
    | {"æ": "ae", "œ": "oe", "þ": "th"}
    | dict.fromkeys("‘’‛ʻʼ′`׳", "'")  # which one, a keyboard or an editor decides
    | dict.fromkeys("‐‑‒–—―−־", "-")
)
_ACUTE: Final = " \u0301"  # as an accent alone, which is typed for an apostrophe, is decomposed
_AT_HOME: Final = re.compile(r"\(\s*0\s*\)")
_WITH_EXTENSION: Final = re.compile(r"([\W\d]+)[^\W\d_]+\W*(\d+)\W*")


def searchable(text: str) -> str:
    """*text* as it is sought and found: without case, accents, ligatures, width, invisible marks.

    ß is ss, and the four Turkish i are one letter.  All apostrophes are one, and all hyphens and
    dashes.  Blanks are made single.
    """
    folded = unicodedata.normalize("NFKD", text).casefold()
    whole = unicodedata.normalize("NFKD", folded).replace(_ACUTE, "'")
    bare = "".join(filter(_is_kept, whole))
    return " ".join(unicodedata.normalize("NFKC", bare.translate(_PLAIN)).split())


def _is_kept(character: str) -> bool:
    """Whether it is neither an invisible mark nor an accent, a vowel point, a stroke over a letter.

    By combining class (Unicode 4.3): 10 to 36 are the points of Hebrew, Arabic and Syriac, from
    200 on the marks over and under letters.  Those between, and the voicing of kana, make
    another letter of it.
    """
    place = unicodedata.combining(character)
    return not (10 <= place <= 36 or place >= 200) and unicodedata.category(character) != "Cf"


@frozen
class Number:
    """The digits of what may be a telephone number, and of its extension, without leading zeros."""

    digits: str
    extension: str
    international: bool

    @property
    def dialled(self) -> str:
        """All the digits."""
        return self.digits + self.extension

    @property
    def normal(self) -> str | None:
        """The normal form; None without a country code."""
        if not self.international:
            return None
        return f"+{self.digits}{EXTENSION}{self.extension}" if self.extension else f"+{self.digits}"


def numbers_in(wanted: str) -> Sequence[Number]:
    """The telephone numbers that *wanted* may be, in any script, with whatever word for extension.

    Two where a 0 stands in brackets: it is dialled at home alone, as in +49 (0)30, or always.
    """
    if any(character in "@_%" for character in wanted):
        return []
    written = wanted.removeprefix("tel:").strip()
    spelled = dict.fromkeys((written, _AT_HOME.sub("", written)))
    numbers = (_number(one) for one in spelled)
    return [one for one in numbers if one is not None]


def _number(written: str) -> Number | None:
    parts = _WITH_EXTENSION.fullmatch(written)
    number, extension = parts.groups() if parts else (written, "")
    if any(character.isalpha() for character in number):
        return None
    digits = _digits(number).lstrip("0")
    if len(digits) < FEWEST_DIGITS:
        return None
    return Number(digits, _digits(extension), written.startswith("+"))


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(one)) for one in text if one.isdecimal())


def storable(text: str) -> bool:
    """Whether a term can hold *text*: no database takes control characters and halves of others."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
