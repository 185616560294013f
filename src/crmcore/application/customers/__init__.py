"""Customers: how commands on them are carried out, and what other contexts may ask."""

from crmcore.application.customers.public import ContactNormaliser as ContactNormaliser
from crmcore.application.customers.public import Customers
from crmcore.application.customers.service import CustomerService as CustomerService
from crmcore.application.customers.service import add_contact_point as add_contact_point

# Until the other contexts ask ``Customers`` themselves.
require_customer = Customers().require
known_customer = Customers().known
consents = Customers().consents
may_contact = Customers().may_contact
