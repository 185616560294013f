"""Files of other systems, imported through commands: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "import": (
        "crmcore.cli.imports.import_files:import_files",
        "Import another system's files through commands; again, and nothing new is recorded.\n\n"
        "A refused row is reported with its file, line and reason, and does not hold up the "
        "others.",
    ),
}
