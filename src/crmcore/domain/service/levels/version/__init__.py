"""The service levels of an organisation: its policies in order, version after version.

One stream holds them all.  A case follows the version in force when its facts change; which
one that was is recorded with the case.  To be read in this order: ``messages``, ``state``,
``checks`` (whether policies and calendars fit together), ``decisions``.
"""
