"""Adapters: the log on SQLite and PostgreSQL, JSON, identities, contact points."""
