"""The quick start of the README: a customer, an order, and what the read models say of them."""

from decimal import Decimal

import crmcore
from crmcore import Money, commands, new_id

with crmcore.open("sqlite:///crm.db") as crm:
    ada, at = new_id(), crm.now()
    person = commands.CustomerKind.PERSON
    joins = commands.RegisterCustomer(customer_id=ada, kind=person, name="Ada", at=at)
    crm.execute(joins, by="front desk")
    price = Money(Decimal("24.00"), "EUR")
    tea = commands.OrderLine(line=1, product="tea", quantity=Decimal(2), goods=price)
    buys = commands.PlaceOrder(
        order_id=new_id(), customer_id=ada, channel="shop", lines=(tea,), at=at
    )
    crm.execute(buys, by="till 1")
    crm.catch_up()  # the read models follow the log
    for entry in crm.read.customers.history(ada):
        print(f"{entry.topic} by {entry.actor}")
    if status := crm.read.loyalty.get(ada):
        print(f"{status.points} points, {status.tier}")
    print("intact:", crm.verify().intact)
