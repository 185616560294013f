"""A control group: customers who are kept out of a campaign so that its effect can be measured.

Who is kept out follows from the salt and the customer's identity alone (INV-M6): the answer is
the same on every machine, in every order, and nobody moves when others join.
"""

from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from crmcore.domain.kernel import Between, Length, value

BUCKETS: Final = 2**64


@value
class Holdout:
    """*percent* (0 to 100) of the customers are kept out.

    Campaigns with the same *salt* keep out the same customers; without one, a campaign takes
    its own identity as salt and so has a control group of its own.
    """

    percent: Annotated[Decimal, Between(0, 100)]
    salt: Annotated[str, Length(100)] | None = None

    def keeps_out(self, subject_id: UUID) -> bool:
        """Whether *subject_id* belongs to the control group."""
        return bucket(self.salt or "", subject_id) * 100 < Fraction(self.percent) * BUCKETS


def bucket(salt: str, subject_id: UUID) -> int:
    """Where *subject_id* falls under *salt*: evenly spread over 0 to 2**64 - 1.

    The first 8 bytes of SHA-256 over the salt (UTF-8, after its length) and the identity;
    divided by 2**64 it lies in [0, 1).
    """
    text = salt.encode()
    digest = sha256(len(text).to_bytes(4, "big") + text + subject_id.bytes).digest()
    return int.from_bytes(digest[:8], "big")
