"""Customers: who they are, how they can be reached, what they allowed, and what was said."""
