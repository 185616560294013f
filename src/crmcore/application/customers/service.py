"""Carry out the commands on customers that need more than the customer's own stream.

Whatever adds to a customer needs one who is registered and active.  What takes away (an
external identity, a consent, or by objecting) needs one who is registered: a right does not end
with the business.  A command whose effect already holds is never refused for that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.service.public import Cases
from crmcore.application.work import Handler, Work
from crmcore.domain.customers import external_identity, interaction, note
from crmcore.domain.customers.consent import decisions as consent
from crmcore.domain.customers.consent import messages as consent_messages
from crmcore.domain.customers.consent.messages import (
    ConfirmConsent,
    GiveConsent,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.customers.consent.state import ledger_id
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.messages.contact_point import AddContactPoint
from crmcore.domain.customers.reachability import require_contact_point
from crmcore.domain.kernel import Aggregate
from crmcore.domain.kernel.frozen import frozen


@frozen
class CustomerService:
    """Handles the commands on customers, what was said to them and what they allowed."""

    normaliser: ContactNormaliser
    customers: Customers
    cases: Cases
    leads: Leads
    opportunities: Opportunities

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handlers of the commands that need more than one stream, or a normal form."""
        return {
            AddContactPoint: self.add_contact_point,
            external_identity.LinkExternalIdentity: self._of_active(
                external_identity.AGGREGATE, external_identity.decide, _identity_id
            ),
            external_identity.UnlinkExternalIdentity: self.unlink,
            **dict.fromkeys(
                (note.RecordNote, note.CorrectNote),
                self._of_active(note.AGGREGATE, note.decide, lambda command: command.note_id),
            ),
            interaction.RecordInteraction: self.record_interaction,
            interaction.CorrectInteraction: self._of_active(
                interaction.AGGREGATE, interaction.decide, lambda command: command.interaction_id
            ),
            GiveConsent: self.give_consent,
            ConfirmConsent: self._of_active(consent.AGGREGATE, consent.decide, _ledger_id),
            WithdrawConsent: self.forbid,
            RaiseObjection: self.forbid,
        }

    def add_contact_point(self, command: AddContactPoint, work: Work) -> None:
        """Note down where a customer can be reached, in normal form."""
        state = work.state(customer.AGGREGATE, command.customer_id)
        normalised = self.normaliser.normalise(command.kind, command.value, command.region)
        events = customer.decide(command, state, normalised)
        if events:
            work.record(customer.AGGREGATE, command.customer_id, events)

    def unlink(self, command: external_identity.UnlinkExternalIdentity, work: Work) -> None:
        """Release a foreign record, of a deactivated customer too."""
        key = _identity_id(command)
        events = external_identity.decide(command, work.state(external_identity.AGGREGATE, key))
        self.customers.known(work, command.customer_id)
        if events:
            work.record(external_identity.AGGREGATE, key, events)

    def record_interaction(self, command: interaction.RecordInteraction, work: Work) -> None:
        """Record an interaction with an active customer, if what it refers to exists."""
        key = command.interaction_id
        events = interaction.decide(command, work.state(interaction.AGGREGATE, key))
        if not events:
            return
        self.customers.require(work, command.customer_id)
        self.cases.require(work, command.case_id)
        self.leads.require(work, command.lead_id)
        self.opportunities.require(work, command.opportunity_id)
        work.record(interaction.AGGREGATE, key, events)

    def give_consent(self, command: GiveConsent, work: Work) -> None:
        """Record what an active customer allows, at a contact point that is on record."""
        events = consent.decide(command, self.customers.consents(work, command.customer_id))
        if not events:
            return
        known = self.customers.require(work, command.customer_id)
        if command.point_id is not None:
            require_contact_point(known.points, command.channel, command.point_id)
        work.record(consent.AGGREGATE, _ledger_id(command), events)

    def forbid(self, command: WithdrawConsent | RaiseObjection, work: Work) -> None:
        """Record what a customer forbids, a deactivated one too."""
        events = consent.decide(command, self.customers.consents(work, command.customer_id))
        known = self.customers.known(work, command.customer_id)
        if isinstance(command, WithdrawConsent) and command.point_id is not None:
            require_contact_point(known.points, command.channel, command.point_id)
        if events:
            work.record(consent.AGGREGATE, _ledger_id(command), events)

    def _of_active(
        self,
        aggregate: Aggregate[Any, Any],
        decide: Callable[..., Sequence[Any]],
        stream_id: Callable[[Any], UUID],
    ) -> Handler:
        """The handler of a command on a stream about a customer, who must be active."""

        def handle(command: Any, work: Work) -> None:
            key = stream_id(command)
            events = decide(command, work.state(aggregate, key))
            if events:
                self.customers.require(work, events[0].customer_id)
                work.record(aggregate, key, events)

        return handle


def _identity_id(command: external_identity.Command) -> UUID:
    return external_identity.external_identity_id(command.source, command.external_id)


def _ledger_id(command: consent_messages.Command) -> UUID:
    return ledger_id(command.customer_id)
