"""Cases in a file by their numbers, wherever a command names one that is there already."""

from collections.abc import Mapping
from typing import Any, Final
from unicodedata import normalize
from uuid import UUID

import attrs

import crmcore
from crmcore import commands

NAMING: Final = ("case_id", "into_case_id", "follows")
"""The fields that name a case."""


@attrs.frozen
class CaseNumbers:
    """Tells which case a number means: one that the same batch opens, or one on record."""

    _crm: crmcore.CRM
    _opening: dict[str, UUID] = attrs.Factory(dict)

    def remember(self, command: Any) -> None:
        """Remember the number of a case that *command* opens."""
        if isinstance(command, commands.OpenCase) and command.number is not None:
            self._opening.setdefault(command.number, command.case_id)

    def ids_for(self, kind: type | None, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields *given* for a command, its cases by their ids.

        Raises ``NotFoundError`` for a number that no case has, ``AmbiguousNumberError`` for one
        that several have, ``InvalidValueError`` for what can be none.
        """
        known = () if kind is None else attrs.fields_dict(kind)
        named = {
            name: self._id(given[name])
            for name in NAMING
            if isinstance(given.get(name), str) and name in known
            if (kind, name) != (commands.OpenCase, "case_id")  # that is an id to be
        }
        return {**given, **named}

    def _id(self, case: str) -> str:
        try:
            return str(UUID(case))
        except ValueError:
            as_stored = normalize("NFC", case).strip()
        return str(self._opening.get(as_stored) or self._crm.case_id(case))
