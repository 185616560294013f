"""Events leave as CloudEvents 1.0, valid by the package of that name."""

import json
import sys

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

import crmcore
from crmcore.errors import MisuseError
from crmcore.subscriptions import Delivery
from tests.histories import a_rich_history, send
from tests.projections.examples import at, order
from tests.scenario import uid
from tests.subscriptions.consuming import Notes, shop

SOURCE = "https://crm.example.com/acme"


@pytest.fixture
def delivered(sqlite_url: str) -> list[Delivery]:
    notes = Notes()
    with shop(sqlite_url, orders=0) as crm:
        bought = order(1, "5", at("2025-05-01"))
        crm.execute(bought, by="kim", correlation_id=uid(1), causation_id=uid(2))
        send(crm, a_rich_history())
        crm.subscribe("everything", notes).catch_up()
    return notes.seen


def test_every_event_is_a_valid_one_and_is_read_back(delivered: list[Delivery]) -> None:
    assert len(delivered) > 20
    for one in delivered:
        made = one.cloud_event(SOURCE)
        text = one.cloud_event_json(SOURCE)
        read = JSONFormat().read(CloudEvent, text)
        assert read.get_attributes() == made.get_attributes()
        assert read.get_data() == made.get_data() == json.loads(one.recorded.data)


def test_what_its_attributes_are(delivered: list[Delivery]) -> None:
    first, bought = delivered[:2]
    assert bought.cloud_event(SOURCE).get_attributes() == {
        "id": str(bought.id),
        "source": SOURCE,
        "type": "order-placed",
        "specversion": "1.0",
        "time": at("2025-05-01"),
        "subject": str(bought.event.order_id),
        "datacontenttype": "application/json",
        "schemaversion": 1,
        "sequence": "0000000000000000002",
        "correlationid": str(uid(1)),
        "causationid": str(uid(2)),
    }
    assert "correlationid" not in first.cloud_event(SOURCE).get_attributes()


def test_a_source_that_is_none_is_refused(delivered: list[Delivery]) -> None:
    with pytest.raises(MisuseError, match="source: expected a URI, got ''"):
        delivered[0].cloud_event("")


def test_without_the_package_it_says_which_extra_has_it(
    delivered: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cloudevents.core.exceptions", None)
    with pytest.raises(MisuseError, match=r"pip install 'crmcore\[cloudevents\]'"):
        delivered[0].cloud_event(SOURCE)


def test_opening_imports_nothing_of_it() -> None:
    assert crmcore.subscriptions.Delivery is Delivery
