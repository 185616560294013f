"""The test kit, for contexts and read models of one's own.

``Scenario`` tests the rules of an aggregate without a database, ``Story`` those of whole contexts on a
``throwaway`` log, ``ProjectionContract`` what every read model must keep to; ``strategies`` draws events,
commands and histories for Hypothesis.  ``crmcore.testing.plugin`` has fixtures for pytest.

>>> from crmcore.testing import Scenario
>>> scenario = Scenario(JOB)  # doctest: +SKIP
>>> scenario.given(received).when(ReturnBike(...)).then(BikeReturned(...))  # doctest: +SKIP

What fails is an ``AssertionError`` that shows what differs.  What needs pytest or Hypothesis says so when it
is asked for: ``pip install 'crmcore[testing]'``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crmcore.testing import strategies
    from crmcore.testing.clock import Clock
    from crmcore.testing.contract import ProjectionContract
    from crmcore.testing.logs import throwaway
    from crmcore.testing.outcome import Outcome
    from crmcore.testing.rows import rows_of
    from crmcore.testing.scenario import Scenario, refuse_out_of_order
    from crmcore.testing.story import Story

__all__ = [
    "Clock",
    "Outcome",
    "ProjectionContract",
    "Scenario",
    "Story",
    "refuse_out_of_order",
    "rows_of",
    "strategies",
    "throwaway",
]

_WHERE: Final = {
    "Clock": "clock",
    "Outcome": "outcome",
    "ProjectionContract": "contract",
    "Scenario": "scenario",
    "Story": "story",
    "refuse_out_of_order": "scenario",
    "rows_of": "rows",
    "throwaway": "logs",
}
"""The modules that have what is named here, each imported when it is first asked for."""

if not TYPE_CHECKING:  # to a type checker, any name would then be right

    def __getattr__(name: str) -> object:
        """What is named *name*, from where it is defined."""
        if name == "strategies":
            return import_module(f"{__name__}.strategies")
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
