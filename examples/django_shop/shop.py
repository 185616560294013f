"""What the shop does: rows of its own and events of the core in Django's transaction."""

from decimal import Decimal
from functools import cache
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from examples.django_shop.models import Invoice

import crmcore
from crmcore import Money, commands, derived_id


@cache
def the_crm() -> crmcore.CRM:
    """The core, opened once for a process."""
    return crmcore.open(settings.CRM_DATABASE)


def sign_up(customer_id: UUID, name: str) -> None:
    """A new customer: no row of the shop's own, so no transaction of its own."""
    crm, person = the_crm(), commands.CustomerKind.PERSON
    command = commands.RegisterCustomer(
        customer_id=customer_id, kind=person, name=name, at=crm.now()
    )
    crm.execute(command, by="web shop")


def buy(customer_id: UUID, invoice: str, product: str, price: Decimal) -> UUID:
    """An order in the core and an invoice in the shop, in one transaction."""
    crm, total = the_crm(), Money(price, "EUR")
    line = commands.OrderLine(line=1, product=product, quantity=Decimal(1), goods=total)
    command = commands.PlaceOrder(
        order_id=derived_id("web shop", invoice),
        customer_id=customer_id,
        channel="web",
        lines=(line,),
        at=crm.now(),
    )
    with transaction.atomic():
        Invoice.objects.create(number=invoice, customer_id=customer_id, total=str(total))
        crm.execute(command, by="web shop", connection=connection)
    return command.order_id
