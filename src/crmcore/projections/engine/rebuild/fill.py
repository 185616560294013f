"""Filling new generations: one reading of the log folds the same part of several of them.

Each has its own rows, its own checkpoint and its own trouble.  Those that are further behind
(a rebuild was killed, or poison made one go back) read alone until they come to where the
others stand; one that stops leaves the others to go on.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import localcontext
from typing import Any

from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.generations.drift import resume_obstacle, topics_of_others
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.dead_letters import DeadLetters, DeadLetterTable
from crmcore.projections.engine.poison.poison import PoisonError, ProjectionStoppedError
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.parts import Part, Parts
from crmcore.projections.engine.rebuild.worker import (
    STANDARD_LIMITS,
    Limits,
    OvertakenError,
    Worker,
    next_page,
)
from crmcore.projections.engine.source import LogSource

Stopped = dict[str, Exception]
"""What stopped each read model, by name: a ``ProjectionStoppedError`` unless it was trouble of another kind."""

Seen = Callable[[Part, int], None]
"""Called with a part and the position to which it was read, after every page."""


def fill(
    source: LogSource,
    registry: Registry,
    projections: Sequence[Projection],
    parts: Sequence[Part],
    limits: Limits = STANDARD_LIMITS,
    seen: Seen | None = None,
) -> Stopped:
    """Fold the same part of several generations to its end; return those that stopped, and why.

    *parts* has one for each of the *projections* concerned, all divided alike.  One stops at
    an event that stops its projection, once what came before it is committed; and where its
    generation was begun by other code than runs here.
    """
    named = {projection.name: projection for projection in projections}
    workers, stopped = list[Worker](), Stopped()
    for part in parts:
        try:
            workers += _workers(source, registry, named[part.name], part, limits)
        except Exception as error:  # a read model's trouble is its own
            stopped[part.name] = error
    with _without_collector():
        while workers := [one for one in workers if not one.done]:
            behind, upto = _next(workers)
            with localcontext(EXACT):
                gone = _read_on(source, behind, upto, stopped)
            workers = [one for one in workers if one not in gone]
            if seen is not None:
                for one in behind:
                    if one not in gone:
                        seen(one.part, one.position)
    return stopped


def sample(source: LogSource, registry: Registry, projection: Projection, part: Part) -> None:
    """Fold a part in memory, and write nothing; raises ``ProjectionStoppedError``."""
    with localcontext(EXACT):
        try:
            Worker(source, registry, projection, part).sample()
        except PoisonError as poison:
            raise poison.stopped(projection.name) from poison.cause


def _workers(
    source: LogSource, registry: Registry, projection: Projection, part: Part, limits: Limits
) -> list[Worker]:
    """The one that fills *part*; none where it is filled, or given up."""
    with source.read() as connection:
        building = registry.generation(connection, part.name, part.generation)
        parts = Parts(registry.schema).of(connection, part.name, part.generation)
        known = DeadLetterTable(registry.schema).of(connection, part.name, part.generation)
        if building is not None:
            why = resume_obstacle(source, connection, projection, building, parts)
            if why is not None:
                raise ProjectionStoppedError(
                    f"{part.name}: this worker cannot fill generation {part.generation}: {why}"
                )
    now = next((one for one in parts if one.number == part.number), None)
    if building is None or now is None:
        return []
    later = topics_of_others(source, building)
    dead_letters = DeadLetters(part.name, part.generation, known, later)
    return [Worker(source, registry, projection, now, limits, dead_letters)]


def _next(workers: Sequence[Worker]) -> tuple[Sequence[Worker], int]:
    """Those that are furthest behind, and up to where they read before others are to join in."""
    after = min(one.position for one in workers)
    behind = [one for one in workers if one.position == after]
    ahead = [one.position for one in workers if one.position > after]
    return behind, min([*(one.goal for one in behind), *ahead])


def _read_on(
    source: LogSource,
    workers: Sequence[Worker],
    upto: int,
    stopped: Stopped,
) -> list[Worker]:
    """Let *workers* fold the next page, and write what is due; return those that do not go on."""
    gone = list[Worker]()

    def attempt(worker: Worker, step: Callable[..., None], *given: Any) -> None:
        try:
            step(*given)
        except OvertakenError:
            gone.append(worker)
        except PoisonError as poison:
            error = poison.stopped(worker.projection.name)
            error.__cause__ = poison.traced
            stopped[worker.projection.name] = error
            gone.append(worker)
        except Exception as error:
            stopped[worker.projection.name] = error
            gone.append(worker)

    with source.read() as connection:
        page = next_page(source, connection, workers, workers[0].position, upto)
        reached = upto if page.last is None else page.last
        for one in workers:
            attempt(one, one.fold, page, reached)
    for one in workers:
        if one not in gone:
            attempt(one, one.write)
    return gone


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's cycle collector, which would look through all rows again and again, off."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
