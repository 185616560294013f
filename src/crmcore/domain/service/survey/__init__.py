"""A survey: how a customer judges the solution of their case.

To be read in this order: ``messages``, ``state``, ``decisions`` (to offer one looks at the case
too); ``throttle`` holds how often a customer is surveyed, ``policy`` the rules.  A survey's stream
follows from case, cycle and kind: a solved cycle is asked about once (EC-S33).
"""
