"""Customers on the command line: who they are, and everything about one of them."""
