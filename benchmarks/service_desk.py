"""What a service desk's whole log costs: its import, its read model, its reports: `make bench-service`.

With no FILE it is the bundled slice, which is small; the whole log is UCI data set 498
(`make bench-service FILE=incident_event_log.csv.xz`).
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crmcore
import machine
from crmcore.cli.importers import incidents
from crmcore.cli.importing import Imported, bring_in
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
    cases = len({level.case.case_id for level in crm.read.cases()})
    print(f"{cases:,} cases, {cases / done.seconds:,.0f} a second; {done.events:,} events")
    reports: dict[str, Callable[[], object]] = {
        "compliance by priority": lambda: crm.read.service_levels(by=crmcore.Grouping.PRIORITY),
        "the same, case by case": lambda: crm.read.service_levels(
            by=crmcore.Grouping.PRIORITY, unit=crmcore.Unit.CASE
        ),
        "compliance as it stood half a year in": lambda: crm.read.service_levels(
            as_of=halfway(crm), by=crmcore.Grouping.PRIORITY
        ),
    }
    for name, report in reports.items():
        said(name, min(timed(report) for _ in range(3)))
    _, total = crm.read.service_levels()
    print(f"met {total.met:,}, breached {total.breached:,}: {total.rate:.1%}")


def halfway(crm: crmcore.CRM) -> Any:
    """The instant between the first and the last case's opening."""
    opened = [level.case.opened_at for level in crm.read.cases()]
    return min(opened) + (max(opened) - min(opened)) / 2


def said(what: str, seconds: float) -> None:
    """A line of the table."""
    print(f"{what:40}{seconds:10.2f} s", flush=True)


if __name__ == "__main__":
    main()
