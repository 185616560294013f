"""A membership: one customer in one campaign, how far they came and what came of it.

``messages`` says what can be asked and what can happen, ``state`` how it is folded;
``addressing`` decides who is addressed, ``results`` on what comes back.
"""
