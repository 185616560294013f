"""A bounded context as a value: what one part of the business is made of, ours or a host's."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, get_type_hints

import attrs

from crmcore.application.errors import MisuseError
from crmcore.application.processes import Process
from crmcore.application.work import Handler, derived_handlers
from crmcore.contexts.checks import require_parts, unexpected
from crmcore.contexts.wiring import Wiring
from crmcore.domain.kernel import Aggregate, shown
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.events.upcasting import Upcaster
from crmcore.projections.engine.projection import Projection
from crmcore.projections.questions import Questions

NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
TOPIC: Final = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9]+([._-][a-z0-9]+)*")


class Service(Protocol):
    """Carries out commands that need more than the state of one stream."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each of these commands, by its class."""
        ...


@frozen(kw_only=True)
class Context:
    """One part of the business: its messages, decisions, read models and questions.

    ``aggregates`` name the events and the commands; a command of one that decides on the state
    of its stream alone needs nothing more.  ``services`` are made for the others, and for those
    that ask more before they are decided so: classes (or
    functions that return a service) whose parameters are found by their types, among what any
    context ``provides``: by type, what makes it.  So a context says what others may ask of it,
    which ports it has to technology, and which policies hold unless the host gives its own.
    ``projections`` are read models, or what makes them, wired in the same way; ``questions`` is a
    class whose annotations name the classes of questions, as they stand under ``crm.read``.
    ``processes`` say which commands follow from events, of this context or of another; they are made as
    projections are.  ``upcasters`` read what older versions recorded.  ``command_line`` is the module with the
    context's commands of ``crmcore``, and is imported when one of them is called.

    A host's own contexts name their topics with the context's name before a dot:
    ``workshop.bike-received``.
    """

    name: str
    aggregates: Sequence[Aggregate[Any, Any]] = ()
    services: Sequence[Callable[..., Service]] = ()
    provides: Mapping[Any, Callable[..., Any]] = attrs.field(factory=dict)
    projections: Sequence[Projection | Callable[..., Projection]] = ()
    questions: type | None = None
    processes: Sequence[Process | Callable[..., Process]] = ()
    upcasters: Sequence[Upcaster] = ()
    command_line: str | None = None

    def __attrs_post_init__(self) -> None:
        given: Any = self.name
        if not isinstance(given, str) or not NAME.fullmatch(given):
            raise MisuseError(
                f"context {self.name!r}: expected a name of small letters, digits and _,"
                " such as workshop"
            )
        require_parts(self)

    def __repr__(self) -> str:
        kinds = ", ".join(aggregate.kind for aggregate in self.aggregates)
        return f"Context({self.name!r}: {kinds or 'no streams of its own'})"

    @property
    def events(self) -> Iterator[type]:
        """Every class of events."""
        return (kind for aggregate in self.aggregates for kind in aggregate.events)

    @property
    def commands(self) -> Iterator[type]:
        """Every class of commands."""
        return (kind for aggregate in self.aggregates for kind in aggregate.commands)

    def handlers(self, wiring: Wiring) -> Mapping[type, Handler]:
        """The handler of every command; ``MisuseError`` where one has none, or two services have one.

        What a service carries out is not derived: it has more to ask than the stream.
        """
        handlers = derived_handlers(self.aggregates)
        handlers |= self._services_handlers(wiring)
        without = [kind.__name__ for kind in self.commands if kind not in handlers]
        if without:
            raise MisuseError(
                f"context {self.name}: nothing carries out {', '.join(without)}: let the aggregate"
                " have `decide` and `stream_id`, or add a service with a handler"
            )
        return handlers

    def _make(self, wiring: Wiring, maker: Callable[..., Any]) -> Any:
        try:
            return wiring.make(maker)
        except MisuseError as error:
            raise MisuseError(f"context {self.name}: {error}") from None

    def require_answerable(self, wiring: Wiring) -> None:
        """Raise ``MisuseError`` where questions ask for what nothing provides."""
        for kind in self.named_questions.values():
            try:
                wiring.require(kind, given=("rows",))
            except MisuseError as error:
                raise MisuseError(f"context {self.name}: questions: {error}") from None

    def _services_handlers(self, wiring: Wiring) -> Mapping[type, Handler]:
        """What services carry out, which goes before what is derived; each command by one of them."""
        carried_out: dict[type, str] = {}
        handlers: dict[type, Handler] = {}
        own = set(self.commands)
        for service in self.services:
            named = _named(service)
            for kind, handler in _handlers_of(
                self.name, named, self._make(wiring, service)
            ).items():
                if kind not in own:
                    raise MisuseError(
                        f"context {self.name}: {named} has a handler of {kind.__name__}, which is no"
                        " command of its aggregates: add it to the `commands` of one"
                    )
                other = carried_out.setdefault(kind, named)
                if kind in handlers:
                    raise MisuseError(
                        f"context {self.name}: {kind.__name__} is carried out by {other} and by"
                        f" {named}: leave it to one of them"
                    )
                handlers[kind] = handler
        return handlers

    def read_models(self, wiring: Wiring) -> Iterator[Projection]:
        """Its projections, made of what they ask for."""
        for one in self.projections:
            made: Any = one if isinstance(one, Projection) else self._make(wiring, one)
            if not isinstance(made, Projection):
                where = f"context {self.name}: projections: {_named(one)}"
                raise unexpected(where, "a Projection to be returned", made)
            yield made

    def made_processes(self, wiring: Wiring) -> Iterator[Process]:
        """Its processes, made of what they ask for."""
        for one in self.processes:
            made: Any = one if isinstance(one, Process) else self._make(wiring, one)
            if not isinstance(made, Process):
                where = f"context {self.name}: processes: {_named(one)}"
                raise unexpected(where, "a Process to be returned", made)
            yield made

    def for_reading(self, wiring: Wiring) -> "Context":
        """What another process needs to keep its read models: nothing but what can be pickled."""
        aggregates = [
            Aggregate(kind=one.kind, initial=None, evolve=_folded_elsewhere, events=one.events)
            for one in self.aggregates
        ]
        return Context(
            name=self.name,
            aggregates=aggregates,
            projections=tuple(self.read_models(wiring)),
            upcasters=tuple(self.upcasters),
        )

    @property
    def named_questions(self) -> Mapping[str, type]:
        """The classes of questions, each by its name under ``crm.read``."""
        if self.questions is None:
            return {}
        expected = (
            f"context {self.name}: questions: expected a class whose annotations name classes of"
            " questions, such as `workshop: Bikes`"
        )
        try:
            named = get_type_hints(self.questions)
        except Exception as error:  # whatever an annotation comes to
            raise MisuseError(f"{expected}; {self.questions.__name__}: {error}") from None
        for name, kind in named.items():
            if not isinstance(kind, type) or not issubclass(kind, Questions):
                raise MisuseError(f"{expected}, got {name}: {_named(kind)}")
        if not named:
            raise MisuseError(f"{expected}; {self.questions.__name__} has none")
        return named

    def require_own_messages(self) -> None:
        """Raise ``MisuseError`` for a message that is none, or could not be sent or stored.

        Each is an attrs class with a topic that begins with the name of this context, and with an
        instant ``at``; the fields of commands are of types that they can be checked by.
        """
        self._require_one_owner()
        for kind in (*self.events, *self.commands):
            topic: Any = getattr(kind, "TOPIC", None)
            try:
                fields = attrs.fields_dict(kind) if attrs.has(kind) else {}
            except (TypeError, NameError) as error:  # of a field that no check is there for
                raise MisuseError(f"context {self.name}: {kind.__name__}: {error}") from None
            if "at" not in fields or not isinstance(topic, str):
                raise MisuseError(
                    f"context {self.name}: {kind.__name__}: expected a class made by @event or"
                    " @command, with a TOPIC and a field `at`"
                )
            if not topic.startswith(f"{self.name}.") or not TOPIC.fullmatch(topic):
                raise MisuseError(
                    f"context {self.name}: {kind.__name__} has the topic {topic!r}: expected one"
                    f" that begins with the name of its context, such as '{self.name}.{topic}'"
                )

    def _require_one_owner(self) -> None:
        """A command is about one kind of stream, which decides on it."""
        owners: dict[type, str] = {}
        for aggregate in self.aggregates:
            for kind in aggregate.commands:
                if kind in owners:
                    raise MisuseError(
                        f"context {self.name}: {kind.__name__} is a command of the aggregates"
                        f" {owners[kind]} and {aggregate.kind}: leave it to one of them"
                    )
                owners[kind] = aggregate.kind


def _handlers_of(context: str, named: str, service: Any) -> Mapping[type, Handler]:
    where = f"context {context}: services: {named}"
    if not hasattr(service, "handlers"):
        expected = "`handlers`, a mapping from classes of commands to functions"
        raise MisuseError(f"{where}: expected {expected}; {shown(service)} has none")
    given: Any = service.handlers
    if not isinstance(given, Mapping):
        expected = "a mapping from classes of commands to functions"
        raise unexpected(f"{where}: handlers", expected, given)
    for kind, handler in given.items():
        if not isinstance(kind, type):
            raise unexpected(f"{where}: handlers", "a class of commands", kind)
        if not callable(handler):
            raise unexpected(f"{where}: handler of {kind.__name__}", "a function", handler)
    return given


def _named(one: Any) -> str:
    return str(getattr(one, "__qualname__", one))


def _folded_elsewhere(_state: object, event: object) -> object:
    raise AssertionError(f"{type(event).__name__}: no command is decided here")
