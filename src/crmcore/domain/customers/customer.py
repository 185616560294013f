"""A customer: a person or an organisation that the company knows.

One decider, read from top to bottom: state, ``evolve``, ``decide``.  Its events and commands
stand with the parts that they are about: ``registration``, ``contact_point`` (decided in
``contact_book``), ``lifecycle``, ``preference``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never, get_args
from uuid import UUID

import attrs

from crmcore.domain.customers import contact_book, lifecycle, preference
from crmcore.domain.customers.contact_book import Points
from crmcore.domain.customers.contact_point import (
    AddContactPoint,
    ContactKind,
    PointCommand,
    PointEvent,
)
from crmcore.domain.customers.lifecycle import (
    AdvanceLifecycle,
    LifecycleCommand,
    LifecycleEvent,
    LifecycleStage,
)
from crmcore.domain.customers.preference import PreferenceCommand, PreferenceEvent, Preferences
from crmcore.domain.customers.registration import (
    CorrectCustomerName,
    CustomerDeactivated,
    CustomerKind,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
    DeactivateCustomer,
    ReactivateCustomer,
    RegisterCustomer,
    registered,
)
from crmcore.domain.kernel import Aggregate, AlreadyExistsError, NotAllowedError, NotFoundError

__all__ = [
    "AGGREGATE",
    "Active",
    "AddContactPoint",
    "AdvanceLifecycle",
    "Command",
    "ContactKind",
    "CorrectCustomerName",
    "CustomerDeactivated",
    "CustomerDeactivatedError",
    "CustomerKind",
    "CustomerNameCorrected",
    "CustomerReactivated",
    "CustomerRegistered",
    "DeactivateCustomer",
    "Deactivated",
    "Event",
    "LifecycleStage",
    "ReactivateCustomer",
    "RegisterCustomer",
    "State",
    "Unregistered",
    "decide",
    "evolve",
]


class CustomerDeactivatedError(NotAllowedError):
    """The customer is deactivated, and the command would change something."""

    def __init__(self, customer_id: UUID) -> None:
        super().__init__(
            f"customer {customer_id} is deactivated: {ReactivateCustomer.TOPIC} comes first"
        )
        self.customer_id = customer_id


# State


@attrs.frozen
class Unregistered:
    """Nobody yet."""


@attrs.frozen(kw_only=True)
class Active:
    """A customer as known now; ``registered`` as first told."""

    registered: CustomerRegistered
    name: str
    stage: LifecycleStage | None = None
    points: Points = ()
    preferences: Preferences = attrs.field(factory=Preferences)
    reactivated_at: datetime | None = None

    @property
    def customer_id(self) -> UUID:
        """Whose state this is."""
        return self.registered.customer_id


@attrs.frozen
class Deactivated:
    """A customer with whom no business is done *since* an instant; ``was`` is as known."""

    was: Active
    since: datetime


Event = (
    CustomerRegistered
    | CustomerNameCorrected
    | CustomerDeactivated
    | CustomerReactivated
    | PointEvent
    | LifecycleEvent
    | PreferenceEvent
)
Command = (
    RegisterCustomer
    | CorrectCustomerName
    | DeactivateCustomer
    | ReactivateCustomer
    | PointCommand
    | LifecycleCommand
    | PreferenceCommand
)
State = Unregistered | Active | Deactivated


def evolve(state: State, event: Event) -> State:
    """The state after *event*."""
    match state:
        case Unregistered():
            if isinstance(event, CustomerRegistered):
                return Active(registered=event, name=event.name, stage=event.stage)
            return state
        case Active():
            return _evolved(state, event)
        case Deactivated():
            if isinstance(event, CustomerReactivated):
                return attrs.evolve(state.was, reactivated_at=event.at)
            changed = _evolved(state.was, event)
            return attrs.evolve(state, was=changed) if isinstance(changed, Active) else changed
        case _:
            assert_never(state)


def _evolved(customer: Active, event: Event) -> Active | Deactivated:
    match event:
        case CustomerNameCorrected():
            return attrs.evolve(customer, name=event.name)
        case lifecycle.LifecycleStageAdvanced() | lifecycle.LifecycleStageCorrected():
            return attrs.evolve(customer, stage=event.stage)
        case CustomerDeactivated():
            return Deactivated(customer, event.at)
        case CustomerRegistered() | CustomerReactivated():
            return customer
    if isinstance(event, PointEvent):
        return attrs.evolve(customer, points=contact_book.evolve(customer.points, event))
    if isinstance(event, PreferenceEvent):
        return attrs.evolve(customer, preferences=preference.evolve(customer.preferences, event))
    assert_never(event)


def decide(command: Command, state: State, normalised: str | None = None) -> Sequence[Event]:
    """What *command* changes.

    *normalised* is the normal form of the value that ``AddContactPoint`` carries; None says that
    the value is in normal form already.  Refused are commands on a customer who was never
    registered and, where they would change something, on one who is deactivated.
    """
    match state:
        case Unregistered():
            if isinstance(command, RegisterCustomer):
                return [registered(command, command.at)]
            raise NotFoundError("customer", command.customer_id)
        case Active():
            return _decided(command, state, normalised)
        case Deactivated():
            if isinstance(command, ReactivateCustomer):
                return [CustomerReactivated(customer_id=command.customer_id, at=command.at)]
            if not isinstance(command, DeactivateCustomer) and _decided(
                command, state.was, normalised
            ):
                raise CustomerDeactivatedError(command.customer_id)
            return []
        case _:
            assert_never(state)


def _decided(command: Command, customer: Active, normalised: str | None) -> Sequence[Event]:
    match command:
        case RegisterCustomer():
            again = registered(command, customer.registered.at)
            if again != customer.registered:
                raise AlreadyExistsError(
                    "customer", command.customer_id, "correct what is wrong, or take a new id"
                )
            return []
        case CorrectCustomerName(customer_id=customer_id, name=name, at=at):
            if name == customer.name:
                return []
            return [CustomerNameCorrected(customer_id=customer_id, name=name, at=at)]
        case DeactivateCustomer(customer_id=customer_id, reason=reason, at=at):
            return [CustomerDeactivated(customer_id=customer_id, reason=reason, at=at)]
        case ReactivateCustomer():
            return []
    if isinstance(command, PointCommand):
        value = command.value if isinstance(command, AddContactPoint) else ""
        return contact_book.decide(command, customer.points, normalised or value)
    if isinstance(command, LifecycleCommand):
        return lifecycle.decide(command, customer.stage)
    if isinstance(command, PreferenceCommand):
        return preference.decide(command, customer.preferences)
    assert_never(command)


def subject(state: State) -> UUID | None:
    """The customer."""
    match state:
        case Unregistered():
            return None
        case Active():
            return state.customer_id
        case Deactivated():
            return state.was.customer_id
        case _:
            assert_never(state)


def _earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
    """What ends comes after what began; an address alone may be older than the registration."""
    match state, event:
        case Deactivated(), CustomerReactivated():
            return state.since
        case Active(), CustomerDeactivated():
            return state.reactivated_at or began_at
    if isinstance(event, PointEvent) and not isinstance(state, Unregistered):
        known = state if isinstance(state, Active) else state.was
        return contact_book.added_at(known.points, event)
    return began_at


AGGREGATE: Final = Aggregate[State, Event](
    kind="customer",
    initial=Unregistered(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    earliest=_earliest,
)
