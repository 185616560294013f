"""Service: each command of `crmcore`, with where it is and what it is for."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "service-levels": (
        "crmcore.cli.service.levels:service_levels",
        "How many targets were met, and how many were not.\n\n"
        "A target counts at the instant when it was completed, or else was due; compliance is "
        "met of met and breached. What is recorded late restates it: --known-at shows what was "
        "known before.",
    ),
    "service-policies": (
        "crmcore.cli.service.policies:service_policies",
        "The service levels in force: which cases have which targets, by whose hours.\n\n"
        "With --json they read as define-service-levels takes them.",
    ),
    "service-metrics": (
        "crmcore.cli.service.metrics:service_metrics",
        "Every metric of service that follows from cases, for a period.\n\n"
        "Name some to see them by agent, type, priority or day.",
    ),
    "cases": (
        "crmcore.cli.service.cases:cases",
        "The open cases, the most urgent first, and how much time is left for each.\n\n"
        "The bar is what is left of the time allowed: it burns down to nothing when the "
        "target is due.",
    ),
    "case": (
        "crmcore.cli.service.cases:case",
        "One case: its targets, when they are due, and what happened.",
    ),
    "escalations": (
        "crmcore.cli.service.escalations:escalations",
        "Warnings and breaches of service levels that nobody has recorded yet.\n\n"
        "With an instant to come it shows what will be due if nothing happens. A scheduler "
        "calls this with --record, and notifies whoever is to act; verdicts do not depend on "
        "it.",
    ),
    "feedback": (
        "crmcore.cli.service.feedback:feedback",
        "What customers think of solved cases: CSAT, NPS, CES and how many answered.\n\n"
        "A survey counts at the instant when it was offered.",
    ),
    "holidays": (
        "crmcore.cli.service.holidays:holidays",
        "Public holidays of a country or of a state of it.\n\n"
        "With --json as the holidays of a calendar in define-service-levels.",
    ),
}
