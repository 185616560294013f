"""The contract of read models finds what is wrong with one, and passes over what is not."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
import pytest
from examples.workshop.context import BIKES, WAITING, WORKSHOP, BikeReceived, BikeReturned
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

from crmcore import Command
from crmcore.commands import CustomerKind, RegisterCustomer
from crmcore.projections import Projection, Recorded, Row, Rows, by_stream
from crmcore.testing import Clock, ProjectionContract, strategies

ANN = RegisterCustomer(
    customer_id=strategies.ids("customer_id")[0], kind=CustomerKind.PERSON, name="A", at=Clock()()
)
received = WAITING.handlers[BikeReceived]


class Bikes(ProjectionContract):
    """The contract, on a read model that a test has spoilt."""

    contexts = (attrs.evolve(WORKSHOP, projections=(), questions=None),)
    before = (ANN,)
    examples = 15


def spoilt(**handlers: Callable[[Any, Recorded, Rows], None]) -> type[ProjectionContract]:
    kinds = {"received": BikeReceived, "returned": BikeReturned}
    changed = {kinds[name]: handler for name, handler in handlers.items()}
    spoilt = attrs.evolve(WAITING, handlers={**WAITING.handlers, **changed})
    return type("Spoilt", (Bikes,), {"projection": spoilt})


RULES = [name for name in vars(ProjectionContract) if name.startswith("test_")]


@pytest.fixture(autouse=True)
def unshrunk() -> Iterator[None]:
    """What is found is not made as small as may be, which takes longest."""
    settings.register_profile("unshrunk", phases=[Phase.generate])
    settings.load_profile("unshrunk")
    yield
    settings.load_profile("default")


def broken(contract: type[ProjectionContract], rules: Sequence[str] = RULES) -> set[str]:
    """The *rules* that the contract finds broken."""
    found = set()
    for name in rules:
        try:
            getattr(contract(), name)()
        except (AssertionError, ExceptionGroup):
            found.add(name)
    return found


def test_a_good_one_breaks_no_rule() -> None:
    assert broken(spoilt()) == set()


def test_a_handler_that_remembers_is_found() -> None:
    """Its rows depend on what else this process has seen."""
    seen: list[Recorded] = []

    def remembering(event: BikeReceived, recorded: Recorded, rows: Rows) -> None:
        seen.append(recorded)
        rows.put(
            BIKES,
            {
                "job_id": recorded.stream,
                "customer_id": recorded.subject,
                "fault": str(len(seen)),
                "since": event.at,
            },
        )

    rules = (
        "test_any_split_into_batches_gives_the_same_rows",
        "test_a_rebuild_gives_the_rows_of_who_followed",
    )
    assert broken(spoilt(received=remembering), rules) == set(rules)


def test_a_model_that_says_otherwise_is_found() -> None:
    class Kept(Bikes):
        projection = WAITING

        def naive(self, log: Sequence[Recorded]) -> Mapping[str, Iterable[Row]]:
            return {"workshop_bikes": [] if log else [{}]}

    with pytest.raises(AssertionError, match=r"rows of workshop_bikes differ:\n.*not expected"):
        Kept().test_rows_are_what_a_naive_fold_says()


@pytest.mark.parametrize("kind", [*WORKSHOP.events, *WORKSHOP.commands], ids=lambda one: one.TOPIC)
def test_messages_are_drawn_from_their_annotations(kind: type) -> None:
    drawn = find(strategies.events(kind, job_id=strategies.ids("job_id")[0]), lambda _: True)
    assert type(drawn) is kind
    assert drawn.job_id == strategies.ids("job_id")[0]  # type: ignore[attr-defined]  # both have one
    with pytest.raises(TypeError, match="has no field colour"):
        strategies.commands(kind, colour="red")


def test_histories_meet_and_move_on() -> None:
    def is_about_one_job(history: Sequence[Command]) -> bool:
        return len(history) > 4 and len({getattr(one, "job_id", 1) for one in history[1:]}) == 1

    drawn = strategies.histories(WORKSHOP.commands, before=[ANN], most=8)
    found = find(drawn, is_about_one_job)
    assert found[0] == ANN
    assert [one.at for one in found] == sorted(one.at for one in found)


def test_a_host_may_draw_its_own_fields() -> None:
    def hints(_annotation: Any, name: str) -> st.SearchStrategy[Any] | None:
        return st.just("rust") if name == "fault" else None

    drawn = find(strategies.histories(WORKSHOP.commands, hints=hints), lambda found: bool(found))
    assert {getattr(one, "fault", "rust") for one in drawn} == {"rust"}


def test_a_projection_of_no_context_is_kept_beside_them() -> None:
    own = Projection("own_bikes", 1, (BIKES,), {BikeReceived: received}, by_stream)

    class Own(Bikes):
        projection = own
        examples = 3

    Own().check()
