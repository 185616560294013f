"""Leads: someone who showed interest, and may become a customer."""
