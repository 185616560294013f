"""Copies of rows, so that what a handler holds is never what the engine keeps.

A row then means the same however the log is divided: what a handler changes and does not put,
or keeps and changes at a later event, counts in no mode.  JSON is kept as the database would
give it back, with lists for tuples and text for keys.
"""

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from sqlalchemy import ARRAY, JSON, Table
from sqlalchemy.types import TypeDecorator, TypeEngine

from crmcore.projections.engine.columns import Exact, Instant

COMPOSED = (list, tuple, dict)

Changeable = Sequence[tuple[str, type | tuple[type, ...], Callable[[Any], Any]]]
"""The columns whose values can be changed in place: values of which classes, and how to copy one."""


def changeable(table: Table) -> Changeable:
    """The columns of *table* of which a copy of the row is not enough."""
    found: list[tuple[str, type | tuple[type, ...], Callable[[Any], Any]]] = []
    for column in table.columns:
        if isinstance(column.type, JSON | ARRAY):
            found.append((column.name, COMPOSED, as_json))
        elif not _is_plain(column.type):
            found.append((column.name, object, deepcopy))
    return found


def as_json(value: Any) -> Any:
    """*value* as JSON would give it back; what no JSON can hold stays, to be finished or refused."""
    if isinstance(value, dict):
        return {key if type(key) is str else _key(key): as_json(one) for key, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, list | tuple) else value


def _is_plain(kind: TypeEngine[Any]) -> bool:
    if isinstance(kind, TypeDecorator):
        return isinstance(kind, Instant | Exact)
    try:
        return kind.python_type not in (object, list, dict, set)
    except NotImplementedError:  # a type of SQLAlchemy's that does not tell: copied to be safe
        return False


def _key(key: Any) -> str:
    (text,) = json.loads(json.dumps({key: None}))
    return str(text)
