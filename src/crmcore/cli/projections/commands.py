"""The read models, for who operates them: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

GROUPS: Final[Mapping[str, str]] = {
    "projections": "The read models: where they stand, catching up, rebuilding.",
}
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "projections status": (
        "crmcore.cli.projections.status:status",
        "Where each read model stands; exit status 1 if one cannot go on.",
    ),
    "projections catch-up": (
        "crmcore.cli.projections.status:catch_up",
        "Bring every read model to the end of the log.",
    ),
    "projections rebuild": (
        "crmcore.cli.projections.rebuild:rebuild",
        "Fill new generations beside the live ones, which go on serving.\n\n"
        "Several read models are filled in one reading of the log, which takes less than one "
        "after the other; one that stops does not hold up the others. A rebuild that was "
        "interrupted goes on where it was. Exit status 1 unless everything asked for was done "
        "without dead letters.",
    ),
    "projections compare": (
        "crmcore.cli.projections.maintenance:compare",
        "How the generation that was built differs from the live one.",
    ),
    "projections switch": (
        "crmcore.cli.projections.maintenance:switch",
        "Let the views show the generation that was built.",
    ),
    "projections rollback": (
        "crmcore.cli.projections.maintenance:rollback",
        "Let the views show the previous generation again; once more, the later one.",
    ),
    "projections retire": (
        "crmcore.cli.projections.maintenance:retire",
        "Drop every generation that is not live, half built ones too.",
    ),
    "projections retry": (
        "crmcore.cli.projections.maintenance:retry",
        "Try the dead letters again; exit status 1 if some are left.",
    ),
}
