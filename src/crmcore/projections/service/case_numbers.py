"""Which case somebody means who calls it by its number."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, Table, select

from crmcore.application.errors import AmbiguousNumberError
from crmcore.domain.kernel import InvalidValueError, NotFoundError

__all__ = ["case_name", "case_numbered", "one_of"]


def case_name(field: str, given: object) -> str:
    """What a case was called by, as text; ``InvalidValueError`` if it is neither an id nor a number."""
    if not isinstance(given, (str, UUID)):
        raise InvalidValueError(field, given, "a case's id or its number (a UUID or text)")
    return str(given)


def case_numbered(connection: Connection, cases: Table, number: str) -> UUID:
    """The case that was opened with a *number*.

    Raises ``NotFoundError``, and ``AmbiguousNumberError`` where several were: in a log of the
    time before a number was claimed.
    """
    query = select(cases.c.case_id).where(cases.c.number == number).order_by(cases.c.case_id)
    found = [UUID(one) for one in connection.execute(query).scalars()]
    if not found:
        raise NotFoundError("case", number)
    return one_of(number, found)


def one_of(number: str, found: Sequence[UUID]) -> UUID:
    """The only one *found*; ``AmbiguousNumberError`` where there are more."""
    if len(found) > 1:
        raise AmbiguousNumberError(number, found)
    return found[0]
