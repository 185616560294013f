"""A read model at another moment: the events of a few subjects folded anew, apart from the database."""

from collections.abc import Callable, Iterable, Mapping
from decimal import localcontext
from functools import cache
from types import NoneType
from typing import Any, ClassVar, get_origin, get_type_hints

from crmcore.application.log import Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rows.memory import MemoryRows


def fold(projection: Projection, events: Iterable[Recorded]) -> MemoryRows:
    """The rows that *events* alone, in this order, would make, as the engine would write them.

    Handlers see of an event what the engine shows them: the view of it, and who recorded it
    unless the projection asks for no provenance.
    """
    rows = MemoryRows(
        [(one, one) for one in projection.tables], projection.finish, projection.working, empty=True
    )
    with localcontext(EXACT):
        for recorded in events:
            view = projection.views.get(type(recorded.event), type(recorded.event))
            if view not in projection.handler_of:
                continue
            seen = recorded.with_event(viewed(recorded.event, view))
            seen = seen if projection.provenance else seen.without_provenance()
            if groups := projection.groups(seen):
                rows.change(groups, projection.apply, seen, rows)
    rows.finish()
    return rows


def viewed(event: Any, view: type) -> Any:
    """*event* as one of the class *view*, with the fields that this has."""
    if view is NoneType:
        return None
    if isinstance(event, view):
        return event
    make: Callable[..., Any] = view
    fields = {name: kind for name, kind in _fields(view).items() if hasattr(event, name)}
    return make(**{name: _inner(getattr(event, name), kind) for name, kind in fields.items()})


def _inner(value: Any, kind: Any) -> Any:
    """A field's value: as a view of its own, where the view names a class of fewer fields."""
    composed = isinstance(kind, type) and hasattr(value, "__attrs_attrs__") and _fields(kind)
    return viewed(value, kind) if composed else value


@cache
def _fields(view: type) -> Mapping[str, Any]:
    hints = get_type_hints(view)
    return {name: kind for name, kind in hints.items() if get_origin(kind) is not ClassVar}
