"""A case: a customer's concern, from the moment it reached us until it is filed for good.

To be read in this order: ``terms`` (the words, one folder up), ``messages`` (commands and events
by subject), ``facts`` and ``state`` (what events change: what is known, and the phase), ``decisions``
(by the same subjects, tied together by ``decide``).  A command with its event touches one module
of each.  All pure: clock, identities and storage belong to the caller.
"""
