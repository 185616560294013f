"""A database that holds a log: opened, created, written to, and joined by a host."""
