"""The metrics of service that cases alone can tell, by key.

Each takes a period and an instant as of which it is asked; ``docs/service-levels.md`` says which
metrics of service need more than cases.
"""

from collections.abc import Mapping
from typing import Final

from crmcore.projections.service.metrics import resolution, workload
from crmcore.projections.service.metrics.metric import Metric

METRICS: Final[Mapping[str, Metric]] = {
    metric.key: metric
    for metric in (
        resolution.CLOSED_SAME_DAY,
        resolution.CLOSED_WITHIN_A_DAY,
        workload.HANDLED_BY_AGENT,
        workload.SOLVED_BY_OWNER,
        workload.REQUESTS_BY_TYPE,
        workload.REQUESTS_PER_DAY,
        workload.REQUESTS_PER_WEEK,
        workload.REQUESTS_PER_MONTH,
        resolution.RESOLUTION_TIME,
        resolution.RESOLUTION_BUSINESS_TIME,
        resolution.RESOLUTION_TIME_WITHOUT_PENDING,
        resolution.FULL_RESOLUTION_TIME,
        resolution.TARGET_COMPLIANCE,
        resolution.CASE_COMPLIANCE,
        resolution.FIRST_CONTACT_RESOLUTION,
        resolution.REOPEN_RATE,
        workload.BACKLOG,
        workload.BACKLOG_OVER_TIME,
        resolution.FIRST_RESPONSE,
        workload.COMPLAINTS,
    )
}
"""In the order of the catalogue; V19 is the count alone, which is per 1000 orders elsewhere."""
