"""Customers: how commands on them are carried out, and what other contexts may ask."""
