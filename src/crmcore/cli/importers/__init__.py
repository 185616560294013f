"""Importers: what other systems' files ask for, as commands.

An importer is a generator ``commands(folder)`` of rows in the order in which it happened:
``Planned`` with a command, ``Refused`` with the reason, ``Silent`` where there is nothing to do,
``Remark`` on what is recorded otherwise than the file says, and ``Unkept`` for a column that becomes
nothing (all of them in ``row``).  The identities follow from the foreign keys, so that a second
import records nothing new.  A file that cannot be read raises ``SourceError``.
"""
