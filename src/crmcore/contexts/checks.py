"""What a context is made of, checked as it is made: each part is what its annotation says, or is refused."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NewType, get_origin

import attrs

from crmcore.application.errors import MisuseError
from crmcore.application.processes import Process
from crmcore.domain.kernel import Aggregate, shown
from crmcore.infrastructure.events.upcasting import Upcaster
from crmcore.projections.engine.projection import Projection


def require_parts(context: Any) -> None:
    """Raise ``MisuseError`` for a part of *context* that cannot be what it stands for."""
    where = f"context {context.name}"
    for aggregate in _all_of(f"{where}: aggregates", context.aggregates, Aggregate, "an Aggregate"):
        _require_aggregate(where, aggregate)
    for one in _listed(f"{where}: services", context.services, "classes of services"):
        if not callable(one):
            raise unexpected(f"{where}: services", "a class, or a function that returns one", one)
    _require_provides(f"{where}: provides", context.provides)
    for one in _listed(f"{where}: projections", context.projections, "Projection"):
        if not isinstance(one, Projection) and not callable(one):
            expected = "a Projection, or a function that returns one"
            raise unexpected(f"{where}: projections", expected, one)
    for one in _listed(f"{where}: processes", context.processes, "Process"):
        if not isinstance(one, Process) and not callable(one):
            expected = "a Process, or a function that returns one"
            raise unexpected(f"{where}: processes", expected, one)
    if context.questions is not None and not isinstance(context.questions, type):
        expected = "a class whose annotations name classes of questions, such as `workshop: Bikes`"
        raise unexpected(f"{where}: questions", expected, context.questions)
    for one in _all_of(f"{where}: upcasters", context.upcasters, Upcaster, "an Upcaster"):
        _require_upcaster(f"{where}: upcaster", one)
    _require_module(f"{where}: command_line", context.command_line)


def unexpected(where: str, expected: str, given: Any) -> MisuseError:
    """What is said of a value at some place that is not what was expected there."""
    named = f"the class {given.__name__}" if isinstance(given, type) else shown(given)
    return MisuseError(f"{where}: expected {expected}, got {named}")


def _listed(where: str, given: Any, of: str) -> Iterable[Any]:
    if not isinstance(given, list | tuple):
        raise unexpected(where, f"a list of {of}", given)
    return given


def _all_of(where: str, given: Any, kind: type, expected: str) -> Iterable[Any]:
    for one in _listed(where, given, kind.__name__):
        if not isinstance(one, kind):
            raise unexpected(where, expected, one)
        yield one


def _require_aggregate(where: str, aggregate: Aggregate[Any, Any]) -> None:
    kind: Any = aggregate.kind
    if not isinstance(kind, str) or not kind:
        raise unexpected(f"{where}: kind of an aggregate", "the word for it, as 'order'", kind)
    where = f"{where}: aggregate {kind}"
    for name in ("events", "commands"):
        for one in _listed(f"{where}: {name}", getattr(aggregate, name), "classes"):
            if not isinstance(one, type):
                raise unexpected(f"{where}: {name}", f"a class made by @{name.rstrip('s')}", one)
    for name in ("evolve", "subject", "earliest", "decide", "stream_id"):
        given = getattr(aggregate, name)
        optional = name in ("decide", "stream_id")
        if not callable(given) and not (optional and given is None):
            raise unexpected(f"{where}: {name}", "a function", given)


def _require_provides(where: str, provides: Any) -> None:
    if not isinstance(provides, Mapping):
        raise unexpected(where, "a mapping from types to what makes each", provides)
    for kind, maker in provides.items():
        if not isinstance(kind, type | NewType) and get_origin(kind) is None:
            raise unexpected(where, "a type, as parameters are annotated with it", kind)
        if not callable(maker):
            expected = "a class, or a function that returns one"
            raise unexpected(f"{where}: {getattr(kind, '__qualname__', kind)}", expected, maker)


def _require_upcaster(where: str, one: Any) -> None:
    checks: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
        "topic": ("the topic of an event", lambda given: isinstance(given, str)),
        "version": ("a whole number from 1", _is_version),
        "to": ("a mapping from topics to their versions", _is_mapping_to_versions),
        "upcast": ("a function", callable),
    }
    for name, given in attrs.asdict(one, recurse=False).items():
        expected, fits = checks[name]
        if not fits(given):
            raise unexpected(f"{where}: {name}", expected, given)


def _is_version(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _is_mapping_to_versions(given: Any) -> bool:
    return isinstance(given, Mapping) and all(
        isinstance(topic, str) and _is_version(version) for topic, version in given.items()
    )


def _require_module(where: str, given: Any) -> None:
    if given is None:
        return
    if not isinstance(given, str) or not all(part.isidentifier() for part in given.split(".")):
        raise unexpected(where, "the name of a module, such as 'workshop.commands'", given)
