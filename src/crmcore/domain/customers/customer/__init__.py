"""A customer: a person or an organisation that the company knows.

``messages`` says what can be asked and what can happen, by subject; ``state`` how that is folded,
with ``contact_points`` and ``preferences`` for these parts; ``decisions`` what follows from a
command.
"""
