"""What a service desk's whole log costs: its import, its read model, its reports: `make bench-service`.

With no FILE it is the bundled slice, which is small; the whole log is UCI data set 498
(`make bench-service FILE=incident_event_log.csv.xz`).
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

import crmcore
import machine
from crmcore.cli.importers import incidents
from crmcore.cli.imports.importing import Imported, bring_in
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from timing import timed

EXAMPLES = Path(__file__).parent.parent / "examples"
BUNDLED = EXAMPLES / "data" / "incidents"
POLICY = EXAMPLES / "service-levels.jsonl"
SERVICE = "service_levels"


def main() -> None:
    """Import a log under the policy of the examples, and time what follows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path, nargs="?", default=BUNDLED)
    file = parser.parse_args().file
    for name, what in machine.described().items():
        print(f"{name:12}{what}")
    with (
        tempfile.TemporaryDirectory(prefix="crmcore-bench-") as folder,
        crmcore.open(f"sqlite:///{folder}/desk.db") as crm,
    ):
        measure(crm, file)


def measure(crm: crmcore.CRM, file: Path) -> None:
    """Print a line for each thing done."""
    for line in POLICY.read_text(encoding="utf-8").splitlines():
        fields: dict[str, Any] = json.loads(line)
        topic, by = fields.pop("command"), fields.pop("by")
        crm.execute(crm.command(topic, fields), by=by)
    done = Imported("incidents")
    rows = incidents.commands(file)
    said("import", timed(lambda: bring_in(crm, done, rows, lambda *_: None, by="bench")))
    read = timed(lambda: crm.maintenance.rebuild(SERVICE))
    crm.maintenance.switch(SERVICE)
    said("rebuild of the read model", read)
    cases, first, last = of_cases(crm)
    print(f"{cases:,} cases, {cases / done.seconds:,.0f} a second; {done.events:,} events")
    levels = crm.read.service_levels
    reports: dict[str, Callable[[], object]] = {
        "compliance by priority": lambda: levels.compliance(by=crmcore.Grouping.PRIORITY),
        "the same, case by case": lambda: levels.compliance(
            by=crmcore.Grouping.PRIORITY, unit=crmcore.Unit.CASE
        ),
        "compliance as it stood half a year in": lambda: levels.compliance(
            as_of=first + (last - first) / 2, by=crmcore.Grouping.PRIORITY
        ),
        "the first 20 of the open cases": lambda: crm.read.cases.find(is_open=True, limit=20),
    }
    for name, report in reports.items():
        said(name, min(timed(report) for _ in range(3)))
    total = levels.compliance().total
    print(f"met {total.met:,}, breached {total.breached:,}: {total.rate:.1%}")


def of_cases(crm: crmcore.CRM) -> tuple[int, datetime, datetime]:
    """How many cases there are, and when the first and the last was opened."""
    opened = SERVICE_CASES.c.opened_at
    first, last = func.min(opened).label("first"), func.max(opened).label("last")
    [row] = crm.read.query(select(func.count().label("cases"), first, last))
    return row["cases"], row["first"], row["last"]


def said(what: str, seconds: float) -> None:
    """A line of the table."""
    print(f"{what:40}{seconds:10.2f} s", flush=True)


if __name__ == "__main__":
    main()
