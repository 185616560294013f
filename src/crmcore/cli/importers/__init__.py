"""Importers: what other systems' files ask for, as commands.

An importer is a generator ``commands(folder)`` of rows in the order in which it happened:
``Planned`` with a command, or ``Refused`` with the reason.  The identities follow from the
foreign keys, so that a second import records nothing new.  A file that cannot be read raises
``SourceError``.
"""

from crmcore.cli.importers.row import Planned, Refused, Row
from crmcore.cli.importers.sources import SourceError

__all__ = ["Planned", "Refused", "Row", "SourceError"]
