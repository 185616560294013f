"""The log itself: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

GROUPS: Final[Mapping[str, str]] = {
    "audit": "The log itself: was anything altered?",
}
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "status": (
        "crmcore.cli.log.status:status",
        "Where the log ends, and where read models and subscriptions stand; exit status 1 if one "
        "cannot go on.",
    ),
    "upgrade": (
        "crmcore.cli.log.upgrade:upgrade",
        "Bring tables that an earlier release made to what this one keeps in them.\n\n"
        "The log itself is not changed. What was interrupted goes on where it was.",
    ),
    "audit verify": (
        "crmcore.cli.log.verify:verify",
        "Recompute the chain over all records, and compare what stands beside them; exit "
        "status 1 if something is wrong.\n\n"
        "Not covered, as no record tells of them: the digests of receipts, receipts of "
        "commands that recorded nothing, receipts that are missing, and read models (`crmcore "
        "projections status`).",
    ),
}
