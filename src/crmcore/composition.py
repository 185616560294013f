"""The contexts that make up the core, put together with those of a host."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import attrs

from crmcore.application.catalogue import Catalogue
from crmcore.application.errors import MisuseError
from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.application.processes import Process
from crmcore.application.work import Handler
from crmcore.contexts.context import Context
from crmcore.contexts.customers import CUSTOMERS
from crmcore.contexts.loyalty import LOYALTY
from crmcore.contexts.marketing import MARKETING
from crmcore.contexts.sales import SALES
from crmcore.contexts.service import SERVICE
from crmcore.contexts.wiring import Wiring
from crmcore.domain.kernel import shown
from crmcore.infrastructure.events.codec import EventCodec, by_topic
from crmcore.infrastructure.events.upcasting import Upcaster
from crmcore.projections.engine.projection import Projection

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})
RESERVED: Final = ("at_least", "known_at", "of", "query")
"""What ``crm.read`` has itself."""
CONTEXTS: Final = (
    CUSTOMERS,
    SALES,
    MARKETING,
    SERVICE,
    LOYALTY,
)


def all_contexts(own: Sequence[Context] = ()) -> Sequence[Context]:
    """The contexts that come along, in their order, then a host's *own*.

    Raises ``MisuseError`` where they clash.
    """
    return Composition(own).contexts


@attrs.frozen(slots=False)
class Composition:
    """Contexts put together: their events, the handlers of their commands, their read models.

    Services, read models and questions are made of what ``wiring`` finds.  Raises ``MisuseError``
    where contexts clash, or ask for what nothing provides.
    """

    own: Sequence[Context] = ()
    """The host's contexts, beside ours."""
    policies: Policies = STANDARD_POLICIES

    def __attrs_post_init__(self) -> None:
        given: Any = self.own
        if not isinstance(given, list | tuple):
            raise MisuseError(f"contexts: expected a list of Context, got {shown(given)}")
        for one in given:
            if not isinstance(one, Context):
                raise MisuseError(f"contexts: expected a list of Context, got one of {shown(one)}")
        policies: Any = self.policies
        if not isinstance(policies, Policies):
            raise MisuseError(f"policies: expected Policies, got {shown(policies)}")
        names = [context.name for context in self.contexts]
        for context in self.own:
            if names.count(context.name) > 1:
                raise MisuseError(
                    f"context {context.name}: there is one of this name already: give it another"
                )
            context.require_own_messages()

    @property
    def contexts(self) -> Sequence[Context]:
        """All contexts: ours, then the host's."""
        return (*CONTEXTS, *self.own)

    @property
    def events(self) -> tuple[type, ...]:
        """Every class of events."""
        return tuple(kind for context in self.contexts for kind in context.events)

    @cached_property
    def codec(self) -> EventCodec:
        """Reads and writes the events of all contexts, in whichever version they were recorded.

        Raises ``UpcasterChainError`` if a version cannot be read.
        """
        return EventCodec(self.events, self._upcasters)

    @property
    def _upcasters(self) -> Sequence[Upcaster]:
        return [one for context in self.contexts for one in context.upcasters]

    @cached_property
    def catalogue(self) -> Catalogue:
        """All events, and whose they are."""
        contexts = {
            topic: context.name
            for context in self.contexts
            for topic in by_topic("event", context.events)
        }
        return Catalogue(by_topic("event", self.events), contexts)

    def wiring(self, there: Mapping[Any, Any] = NOTHING) -> Wiring:
        """What is found by type: what contexts provide, the policies, and the values *there*.

        These are what is there once a log is open, a port to it say.
        """
        policies = {type(one): one for one in attrs.asdict(self.policies, recurse=False).values()}
        there = {**there, **policies, Catalogue: self.catalogue}
        makers: dict[Any, Callable[..., Any]] = {}
        providers: dict[Any, str] = {}
        for context in self.contexts:
            for kind, maker in context.provides.items():
                other = "the core" if kind in there else providers.setdefault(kind, context.name)
                if kind in there or makers.setdefault(kind, maker) is not maker:
                    raise MisuseError(
                        f"context {context.name}: {getattr(kind, '__qualname__', kind)} is provided"
                        f" already, by {other}: leave it out, or provide another type"
                    )
        return Wiring(there, makers)

    def handlers(self, wiring: Wiring) -> Mapping[type, Handler]:
        """The handler of every command."""
        handlers: dict[type, Handler] = {}
        owners: dict[type, str] = {}
        for context in self.contexts:
            for kind, handler in context.handlers(wiring).items():
                other = owners.setdefault(kind, context.name)
                if handlers.setdefault(kind, handler) is not handler:
                    raise MisuseError(
                        f"context {context.name}: {kind.__name__} is carried out by context {other}"
                        " already: leave it to one of them"
                    )
        return handlers

    def projections(self, wiring: Wiring) -> Sequence[Projection]:
        """Every read model."""
        return [one for context in self.contexts for one in context.read_models(wiring)]

    def processes(self, wiring: Wiring) -> Sequence[Process]:
        """Every process that has something to act on."""
        found: list[Process] = []
        owners: dict[str, str] = {}
        for context in self.contexts:
            for one in context.made_processes(wiring):
                if one.name in owners:
                    raise MisuseError(
                        f"context {context.name}: there is a process {one.name} already, of context"
                        f" {owners[one.name]}: give it another name"
                    )
                owners[one.name] = context.name
                for kind in one.handlers:
                    topic = getattr(kind, "TOPIC", None)
                    if self.catalogue.events.get(str(topic)) is not kind:
                        raise MisuseError(
                            f"context {context.name}: process {one.name}: {kind.__name__} is no event"
                            " of a context that is loaded"
                        )
                found.append(one)
        return [one for one in found if one.handlers]

    @property
    def questions(self) -> Mapping[str, type]:
        """The classes of questions, by their names under ``crm.read``."""
        found: dict[str, type] = {}
        owners: dict[str, str] = {}
        for context in self.contexts:
            for name, kind in context.named_questions.items():
                if name in RESERVED or name.startswith("_"):
                    raise MisuseError(
                        f"context {context.name}: questions cannot be named {name}, which `crm.read`"
                        " has itself: give them another name"
                    )
                other = owners.setdefault(name, context.name)
                if found.setdefault(name, kind) is not kind:
                    raise MisuseError(
                        f"context {context.name}: there are questions named {name} already, of"
                        f" context {other}: give them another name"
                    )
        return found
