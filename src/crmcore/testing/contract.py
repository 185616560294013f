"""What every read model must keep to, whatever happened: its rows follow from the log alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, ClassVar, Final

import attrs

from crmcore.application.envelope import Envelope
from crmcore.application.log import Recorded
from crmcore.contexts import Context
from crmcore.crm import CRM
from crmcore.domain.kernel import Command, DomainError, derived_id
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
from crmcore.projections.engine.projection import Handler, Projection, Row, Rows
from crmcore.testing import strategies
from crmcore.testing.clock import Clock
from crmcore.testing.logs import throwaway
from crmcore.testing.missing import needed
from crmcore.testing.rows import Tables, as_told, catch_up_one, rows_of

with needed("hypothesis"):
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

LARGEST_BATCH: Final = 50
WHOLE: Final = 1_000_000
"""More events than a history has."""

SENDER: Final = "somebody"


class ProjectionContract:
    """Rules of a read model, to be inherited by a test class that pytest collects.

        class TestBikes(ProjectionContract):
            projection = BIKES
            contexts = (WORKSHOP,)

    Histories are drawn from the commands of the contexts; ``before`` are commands that each begins with
    (a customer to bring bikes, say, whose id is one of ``strategies.ids("customer_id")``).  Where these do
    not make rows appear, change, go and come again, override ``histories``.  ``naive`` is worth most: the same
    rows worked out from the whole log in the plainest way.

    When customers can be merged, a rule about it belongs here.
    """

    projection: ClassVar[Projection]
    contexts: ClassVar[Sequence[Context]] = ()
    before: ClassVar[Sequence[Command]] = ()
    examples: ClassVar[int] = 20
    """Histories for each rule."""

    def histories(self) -> "st.SearchStrategy[list[Command]]":
        """The histories that the rules are tried on."""
        kinds = [kind for context in self.contexts for kind in context.commands]
        return strategies.histories(kinds, before=self.before)

    def naive(self, log: Sequence[Recorded]) -> Mapping[str, Iterable[Row]] | None:
        """The rows by the name of their table, from the whole log; None where there is no such model."""
        del log
        return None

    def check(self) -> None:
        """Try every rule, where no pytest collects them."""
        for name in dir(self):
            if name.startswith("test_"):
                getattr(self, name)()

    def test_rows_are_what_a_naive_fold_says(self) -> None:
        """At the end of any history; passed over where ``naive`` gives nothing."""

        def rule(again: Again, _data: st.DataObject) -> None:
            with again() as crm:
                self._follow(crm, LARGEST_BATCH)
                expected = self.naive(list(crm.events()))
                if expected is not None:
                    self._require(as_told(self.projection, expected), crm)

        self._holds(rule)

    def test_any_split_into_batches_gives_the_same_rows(self) -> None:
        """Event by event as well, so that a row that goes and comes again does so in one batch or in two."""

        def rule(again: Again, data: st.DataObject) -> None:
            batch = data.draw(st.just(1) | st.integers(2, LARGEST_BATCH), "events to a batch")
            with again() as whole, again() as split:
                self._follow(whole, WHOLE)
                self._follow(split, batch)
                self._require(rows_of(whole, self.projection), split)

        self._holds(rule)

    def test_a_rebuild_gives_the_rows_of_who_followed(self) -> None:
        """Another generation, filled from the log, shows the same."""

        def rule(again: Again, _data: st.DataObject) -> None:
            with again() as crm:
                self._follow(crm, LARGEST_BATCH)
                followed = rows_of(crm, self.projection)
                crm.maintenance.rebuild(self.projection.name)
                crm.maintenance.switch(self.projection.name)
                self._require(followed, crm)

        self._holds(rule)

    def test_delivering_again_changes_nothing(self) -> None:
        """Who has come to the end of the log stays there."""

        def rule(again: Again, _data: st.DataObject) -> None:
            with again() as crm:
                self._follow(crm, LARGEST_BATCH)
                followed = rows_of(crm, self.projection)
                self._follow(crm, 1)
                self._require(followed, crm)

        self._holds(rule)

    def test_an_event_in_the_way_leaves_the_rows_before_it(self) -> None:
        """A batch ends before an event that cannot be applied; once it can be, the rest follows."""

        def rule(again: Again, data: st.DataObject) -> None:
            with again() as one, again() as other:
                position = data.draw(st.integers(1, max(one.position, 1)), "position in the way")
                batch = data.draw(st.integers(2, LARGEST_BATCH), "events to a batch")
                disturbed = _disturbed(self.projection, position)
                sizes = ((one, batch), (other, 1))
                stopped = [_stops(crm, disturbed, size) for crm, size in sizes]
                if not all(stopped):
                    return  # the event there is not one that it reads
                self._require(rows_of(other, self.projection), one)
                for crm, size in sizes:
                    self._follow(crm, size)
                self._require(rows_of(other, self.projection), one)

        self._holds(rule)

    def _holds(self, rule: Callable[["Again", st.DataObject], None]) -> None:
        """Try a rule on histories; it may open the log of one again and again."""
        checks = list(HealthCheck)

        @settings(max_examples=self.examples, deadline=None, suppress_health_check=checks)
        @given(self.histories(), st.data())
        def each(history: list[Command], data: st.DataObject) -> None:
            rule(partial(self._log, history), data)

        each()

    @contextmanager
    def _log(self, history: Sequence[Command]) -> Iterator[CRM]:
        """A log in which a history happened: the same one each time, ids and instants of recording included."""
        known = [one for context in self.contexts for one in context.projections]
        own = () if any(self.projection is one for one in known) else (self.projection,)
        clock = Clock(strategies.AFTERWARDS)
        with throwaway(contexts=self.contexts, projections=own, clock=clock) as crm:
            envelopes = (
                Envelope(command=command, by=SENDER, command_id=derived_id("contract", str(number)))
                for number, command in enumerate(history)
            )
            done = crm.execute_many(envelopes, by=SENDER)
            for refused in done.refused:
                if not isinstance(refused.error, DomainError):
                    raise refused.error
            yield crm

    def _follow(self, crm: CRM, batch: int) -> None:
        catch_up_one(crm, self.projection, batch)

    def _require(self, expected: Tables, crm: CRM) -> None:
        found = rows_of(crm, self.projection)
        lines = [
            f"{name}: {told}: {row}"
            for name, rows in expected.items()
            for told, missing, there in (
                ("expected", rows, found[name]),
                ("not expected", found[name], rows),
            )
            for row in missing
            if row not in there
        ]
        if lines or found != expected:
            raise AssertionError("\n".join([f"rows of {self.projection.name} differ:", *lines]))


Again = Callable[[], AbstractContextManager[CRM]]
"""Opens another log in which the same happened."""


def _stops(crm: CRM, projection: Projection, batch: int) -> bool:
    """Whether following stops at an event."""
    try:
        catch_up_one(crm, projection, batch)
    except ProjectionStoppedError:
        return True
    return False


def _disturbed(projection: Projection, position: int) -> Projection:
    """*projection*, whose handlers fail at an event, after whatever they changed."""
    failing: dict[Handler, Handler] = {}

    def failing_at(handler: Handler) -> Handler:
        def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
            handler(event, recorded, rows)
            if recorded.position == position:
                raise ValueError("this event is in the way")

        return failing.setdefault(handler, handle)

    handlers = {kind: failing_at(handler) for kind, handler in projection.handlers.items()}
    return attrs.evolve(projection, handlers=handlers, on_poison=Policy.STOP)
