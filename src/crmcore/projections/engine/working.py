"""Working values: what handlers go on with while a row is in memory, and columns follow from.

A value that is costly to turn into columns, or to make of them, is kept beside them under a name of
its own until its row is written or shown.  So a column never holds anything but what it says.
"""

from collections.abc import Callable
from typing import Any

from crmcore.domain.kernel.frozen import frozen


@frozen
class Working:
    """A value that handlers find in a row as ``row[name]``, beside its columns.

    ``columns(value)`` gives the columns that follow from it, once, when the row is written or
    shown; those need not be put before.  ``restore(row)`` makes the value again of the columns of a row
    that was written, when a handler first asks for it; without it the value is there only until
    then.  The value is shared between copies of a row: it is replaced, never changed in place.
    """

    name: str
    columns: Callable[[Any], dict[str, Any]]
    restore: Callable[[dict[str, Any]], Any] | None = None


class WorkingRow(dict[str, Any]):
    """A row whose working value is made of its columns when it is first asked for."""

    __slots__ = ("_working",)

    def __init__(self, row: dict[str, Any], working: Working) -> None:
        super().__init__(row)
        self._working = working

    def __missing__(self, name: str) -> Any:
        restore = self._working.restore
        if name != self._working.name or restore is None:
            raise KeyError(name)
        value = self[name] = restore(self)
        return value
