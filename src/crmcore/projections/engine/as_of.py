"""A read model at another moment: the events of a few subjects folded anew, apart from the database."""

from collections.abc import Iterable
from decimal import localcontext
from functools import partial

from crmcore.application.log import Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import Projection

__all__ = ["fold"]


def fold(projection: Projection, events: Iterable[Recorded]) -> MemoryRows:
    """The rows that *events* alone, in this order, would make."""
    rows = MemoryRows([(table, table) for table in projection.tables])
    for recorded in events:
        groups = projection.groups(recorded) if type(recorded.event) in projection.handlers else ()
        if groups:
            rows.load_nothing(groups)
            with localcontext(EXACT):
                rows.change(groups, partial(projection.apply, recorded, rows))
    return rows
