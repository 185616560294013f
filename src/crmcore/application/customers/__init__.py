"""Customers: how commands on them are carried out, and what other contexts may ask."""

from crmcore.application.customers.public import Customers

# Until the other contexts ask ``Customers`` themselves.
require_customer = Customers().require
known_customer = Customers().known
consents = Customers().consents
may_contact = Customers().may_contact
