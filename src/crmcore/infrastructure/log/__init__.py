"""The log: one append-only table of events, chained by hash, in commit order."""
