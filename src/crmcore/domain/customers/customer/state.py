"""The state of a customer: how the events are folded, and what must come before what."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.customers.customer import contact_points, preferences
from crmcore.domain.customers.customer.contact_points import Points
from crmcore.domain.customers.customer.messages.contact_point import (
    PointEvent,
)
from crmcore.domain.customers.customer.messages.lifecycle import (
    LifecycleEvent,
    LifecycleStage,
    LifecycleStageAdvanced,
    LifecycleStageCorrected,
)
from crmcore.domain.customers.customer.messages.preference import (
    PreferenceEvent,
)
from crmcore.domain.customers.customer.messages.registration import (
    CustomerDeactivated,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
    RegistrationEvent,
)
from crmcore.domain.customers.customer.preferences import Preferences
from crmcore.domain.kernel.frozen import frozen


@frozen
class Unregistered:
    """Nobody yet."""


@frozen(kw_only=True)
class Active:
    """A customer as known now; ``registered`` as first recorded."""

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


@frozen
class Deactivated:
    """A customer with whom no business is done *since* an instant; ``was`` is as known."""

    was: Active
    since: datetime


Event = RegistrationEvent | PointEvent | LifecycleEvent | PreferenceEvent
State = Unregistered | Active | Deactivated


def last_known(state: State) -> Active | None:
    """The customer as known now, or before being deactivated; None for nobody yet."""
    match state:
        case Unregistered():
            return None
        case Active():
            return state
        case Deactivated():
            return state.was
        case _:
            assert_never(state)


def evolve(state: State, event: Event) -> State:
    """The state after *event*; nothing but a registration changes nobody."""
    known = last_known(state)
    if known is None:
        if isinstance(event, CustomerRegistered):
            return Active(registered=event, name=event.name, stage=event.stage)
        return state
    if isinstance(event, PointEvent):
        known = attrs.evolve(known, points=contact_points.evolve(known.points, event))
    elif isinstance(event, PreferenceEvent):
        preferred = preferences.evolve(known.preferences, event)
        known = attrs.evolve(known, preferences=preferred)
    else:
        match event:
            case CustomerRegistered():
                return state
            case CustomerDeactivated():
                return Deactivated(known, event.at)
            case CustomerReactivated():
                if isinstance(state, Deactivated):
                    return attrs.evolve(known, reactivated_at=event.at)
                return state
            case CustomerNameCorrected():
                known = attrs.evolve(known, name=event.name)
            case LifecycleStageAdvanced() | LifecycleStageCorrected():
                known = attrs.evolve(known, stage=event.stage)
            case _:
                assert_never(event)
    return attrs.evolve(state, was=known) if isinstance(state, Deactivated) else known


def subject(state: State) -> UUID | None:
    """The customer."""
    known = last_known(state)
    return None if known is None else known.customer_id


def earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
    """What ends comes after what began; an address alone may be older than the registration."""
    if isinstance(event, PointEvent):
        known = last_known(state)
        return began_at if known is None else contact_points.added_at(known.points, event)
    if isinstance(event, PreferenceEvent | LifecycleEvent):
        return began_at
    match event:
        case CustomerReactivated():
            return state.since if isinstance(state, Deactivated) else began_at
        case CustomerDeactivated():
            again = state.reactivated_at if isinstance(state, Active) else None
            return again or began_at
        case CustomerRegistered() | CustomerNameCorrected():
            return began_at
        case _:
            assert_never(event)
