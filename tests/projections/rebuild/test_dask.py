"""A rebuild on a Dask cluster, here one of two processes on this machine: any executor fills the parts."""

from collections.abc import Iterator

import pytest
from distributed import Client, LocalCluster, get_task_stream
from sqlalchemy import select

import crmcore
from crmcore.projections.engine.rebuild.progress import Progress
from tests.histories import Clock, a_rich_history, send
from tests.projections.engine.hosting import FIRST, NAMES


@pytest.fixture(scope="module")
def cluster() -> Iterator[Client]:
    """Two workers, each a process of its own with one thread; on ports that are free."""
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=":0",
            worker_dashboard_address=None,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_dask_cluster_makes_the_rows_of_a_serial_rebuild(
    database_url: str, cluster: Client
) -> None:
    seen: list[Progress] = []
    with (
        crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm,
        cluster.get_executor() as executor,
    ):
        send(crm, a_rich_history())
        for name in ("customer_history", "guests"):  # the last is a host's own
            crm.maintenance.rebuild(name)
            crm.maintenance.switch(name)
            with get_task_stream(cluster) as tasks:
                built = crm.maintenance.rebuild(
                    name, executor=executor, parts=4, report=seen.append
                )
            assert (built.position, built.dead_letters) == (crm.position, 0)
            filled = [task["worker"] for task in tasks.data if "fill_part" in task["key"]]
            assert len(filled) == 4
            assert set(filled) <= set(cluster.scheduler_info()["workers"])
            found = crm.maintenance.compare(name)
            assert found.equal, found
            crm.maintenance.switch(name)
        assert crm.read.query(select(NAMES))
        assert max(one.total for one in seen) == crm.position
