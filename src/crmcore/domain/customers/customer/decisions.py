"""What follows from a command on a customer, and the aggregate of it all."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.customers.customer import contact_points, preferences
from crmcore.domain.customers.customer.messages.contact_point import (
    AddContactPoint,
    PointCommand,
)
from crmcore.domain.customers.customer.messages.lifecycle import (
    AdvanceLifecycle,
    CorrectLifecycle,
    LifecycleCommand,
    LifecycleEvent,
    LifecycleStage,
    LifecycleStageAdvanced,
    LifecycleStageCorrected,
)
from crmcore.domain.customers.customer.messages.preference import (
    PreferenceCommand,
)
from crmcore.domain.customers.customer.messages.registration import (
    CorrectCustomerName,
    CustomerDeactivated,
    CustomerNameCorrected,
    CustomerReactivated,
    CustomerRegistered,
    DeactivateCustomer,
    ReactivateCustomer,
    RegisterCustomer,
    RegistrationCommand,
)
from crmcore.domain.customers.customer.state import (
    Active,
    Deactivated,
    Event,
    State,
    Unregistered,
    earliest,
    evolve,
    subject,
)
from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
)


class CustomerDeactivatedError(NotAllowedError):
    """The customer is deactivated, and the command would change something."""

    def __init__(self, customer_id: UUID) -> None:
        super().__init__(
            f"customer {customer_id} is deactivated: {ReactivateCustomer.TOPIC} comes first"
        )
        self.customer_id = customer_id


class LifecycleForwardError(NotAllowedError):
    """A correction would move the customer forward."""


Command = RegistrationCommand | PointCommand | LifecycleCommand | PreferenceCommand


def decide(command: Command, state: State, normalised: str | None = None) -> Sequence[Event]:
    """What *command* changes.

    *normalised* is the normal form of the value that ``AddContactPoint`` carries; None says that
    the value is in normal form already.  Refused are commands on a customer who was never
    registered and, where they would change something, on one who is deactivated.
    """
    match state:
        case Unregistered():
            if isinstance(command, RegisterCustomer):
                return [_registration(command, command.at)]
            raise NotFoundError("customer", command.customer_id)
        case Active():
            return _decide(command, state, normalised)
        case Deactivated():
            if isinstance(command, ReactivateCustomer):
                return [CustomerReactivated(customer_id=command.customer_id, at=command.at)]
            if not isinstance(command, DeactivateCustomer) and _decide(
                command, state.was, normalised
            ):
                raise CustomerDeactivatedError(command.customer_id)
            return []
        case _:
            assert_never(state)


def _decide(command: Command, customer: Active, normalised: str | None) -> Sequence[Event]:
    if isinstance(command, PointCommand):
        value = command.value if isinstance(command, AddContactPoint) else ""
        return contact_points.decide(command, customer.points, normalised or value)
    if isinstance(command, PreferenceCommand):
        return preferences.decide(command, customer.preferences)
    if isinstance(command, LifecycleCommand):
        return _move(command, customer.stage)
    match command:
        case RegisterCustomer():
            again = _registration(command, customer.registered.at)
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
        case _:
            assert_never(command)


def _registration(command: RegisterCustomer, at: datetime) -> CustomerRegistered:
    """The event of *command*, true at *at*; refused where the country is no country code."""
    country = command.country and command.country.upper()
    if country is not None and not re.fullmatch("[A-Z]{2}", country):
        raise InvalidValueError("country", command.country, "two letters (ISO 3166) such as US")
    return CustomerRegistered(
        customer_id=command.customer_id,
        kind=command.kind,
        name=command.name,
        stage=command.stage,
        legal_name=command.legal_name,
        registration_number=command.registration_number,
        country=country,
        at=at,
    )


def _move(command: LifecycleCommand, stage: LifecycleStage | None) -> Sequence[LifecycleEvent]:
    """What *command* changes for a customer at *stage*."""
    match command:
        case AdvanceLifecycle():
            if not is_later(command.stage, stage):
                return []
            return [
                LifecycleStageAdvanced(
                    customer_id=command.customer_id, stage=command.stage, at=command.at
                )
            ]
        case CorrectLifecycle():
            if command.stage is stage:
                return []
            if is_later(command.stage, stage):
                raise LifecycleForwardError(
                    f"a correction goes back from {stage or 'no stage'}, and {command.stage} is "
                    f"forward: {AdvanceLifecycle.TOPIC} does that"
                )
            return [
                LifecycleStageCorrected(
                    customer_id=command.customer_id,
                    stage=command.stage,
                    reason=command.reason,
                    at=command.at,
                )
            ]
        case _:
            assert_never(command)


_RANK = {stage: rank for rank, stage in enumerate(LifecycleStage)}


def is_later(stage: LifecycleStage, than: LifecycleStage | None) -> bool:
    """Whether *stage* comes after *than*; every stage comes after none."""
    return than is None or _RANK[stage] > _RANK[than]


AGGREGATE: Final = Aggregate[State, Event](
    kind="customer",
    initial=Unregistered(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    earliest=earliest,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.customer_id,
)
