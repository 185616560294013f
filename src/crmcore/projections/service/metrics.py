"""The metrics of service that cases alone can tell, by key.

Each takes a period and an instant as of which it is asked; ``docs/service-levels.md`` says which
metrics of service need more than cases.
"""

from collections.abc import Mapping
from typing import Final

from crmcore.projections.service import solving, workload
from crmcore.projections.service.metric import Metric

__all__ = ["METRICS"]

METRICS: Final[Mapping[str, Metric]] = {
    metric.key: metric
    for metric in (
        Metric("closed-same-day", "V1", solving.closed_same_day),
        Metric("closed-within-24-hours", "V1", solving.closed_within_a_day),
        Metric("handled-by-agent", "V2", workload.handled_by_agent),
        Metric("solved-by-owner", "V2", workload.solved_by_owner),
        Metric("requests-by-type", "V4", workload.requests_by_type),
        Metric("requests-per-day", "V4", workload.requests_per_day),
        Metric("requests-per-week", "V4", workload.requests_per_week),
        Metric("requests-per-month", "V4", workload.requests_per_month),
        Metric("resolution-time", "V5", solving.resolution_time),
        Metric("resolution-business-time", "V5", solving.resolution_business_time),
        Metric("resolution-time-without-pending", "V5", solving.resolution_time_without_pending),
        Metric("full-resolution-time", "V5", solving.full_resolution_time),
        Metric("target-compliance", "V7", solving.target_compliance),
        Metric("case-compliance", "V7", solving.case_compliance),
        Metric("first-contact-resolution", "V10", solving.first_contact_resolution),
        Metric("reopen-rate", "V11", solving.reopen_rate),
        Metric("backlog", "V17", workload.backlog),
        Metric("backlog-over-time", "V17", workload.backlog_over_time),
        Metric("first-response-median", "V18", solving.first_response),
        Metric("complaints", "V19", workload.complaints),
    )
}
"""In the order of the catalogue; V19 is the count alone, which is per 1000 orders elsewhere."""
