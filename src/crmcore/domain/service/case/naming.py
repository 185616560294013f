"""How commands name cases: by an id, or by the number by which people call one."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.domain.kernel import InvalidValueError, NotFoundError
from crmcore.domain.service.case.messages.opening import OpenCase
from crmcore.domain.service.case_number import normal_case_number

NAMING: Final = ("case_id", "into_case_id", "follows")
"""The fields that name a case."""


def cases_by_id(
    kind: type | None, given: Mapping[str, Any], find: Callable[[str], UUID]
) -> Mapping[str, Any]:
    """The fields *given* for a command of a *kind*, its cases by their ids, which *find* tells by number.

    Raises ``InvalidValueError`` for what can be no number, and what *find* raises.
    """
    known = () if kind is None else attrs.fields_dict(kind)
    named = {
        name: _id(name, given[name], find)
        for name in NAMING
        if name in known and isinstance(given.get(name), str)
        if (kind, name) != (OpenCase, "case_id")  # that is an id to be
    }
    return {**given, **named} if named else given


def _id(field: str, case: str, find: Callable[[str], UUID]) -> str:
    try:
        return str(UUID(case))
    except ValueError:
        pass
    try:
        return str(find(normal_case_number(case)))
    except InvalidValueError as error:
        raise error.named(field) from None
    except NotFoundError as error:
        error.about(field)
        raise
