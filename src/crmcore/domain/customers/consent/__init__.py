"""The consent ledger: everything one customer ever allowed or forbade, in the order of time.

``messages``, ``state`` and ``decisions`` are the aggregate; ``permission`` answers whether a
customer may be contacted.  A fact counts from its own time on, however late it is recorded.
"""
