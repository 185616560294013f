"""Another process that keeps the read models: ``python -m tests.projections.engine.consumer URL BATCH``.

Prints a line after each batch, so that whoever started it can end it in the middle.
"""

import sys

import crmcore
from crmcore.testing.rows import following


def main(url: str, batch: int) -> None:
    def show(name: str, position: int, head: int) -> None:
        sys.stdout.write(f"{name} {position} of {head}\n")
        sys.stdout.flush()

    with crmcore.open(url) as crm:
        following(crm, batch=batch).catch_up(show)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
