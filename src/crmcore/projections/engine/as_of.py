"""A read model at another moment: the events of a few subjects folded anew, apart from the database."""

from collections.abc import Iterable
from decimal import localcontext

from crmcore.application.log import Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import Projection

__all__ = ["fold"]


def fold(projection: Projection, events: Iterable[Recorded]) -> MemoryRows:
    """The rows that *events* alone, in this order, would make."""
    rows = MemoryRows([(one, one) for one in projection.tables], projection.finish, empty=True)
    with localcontext(EXACT):
        for recorded in events:
            if type(recorded.event) in projection.handler_of and projection.groups(recorded):
                rows.change(projection.groups(recorded), projection.apply, recorded, rows)
    return rows
