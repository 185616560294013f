"""Small foreign files, and a company in memory to import them into."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from crmcore.application.customers.public import Customers
from crmcore.application.customers.service import CustomerService
from crmcore.application.marketing.public import Campaigns
from crmcore.application.marketing.service import MarketingService
from crmcore.application.sales.orders import OrderService
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.service.cases import CaseService
from crmcore.application.service.public import Cases
from crmcore.application.work import derived_handlers
from crmcore.cli.importers.row import Planned, Refused, Row
from crmcore.domain.customers.customer.messages.contact_point import ContactKind
from crmcore.domain.kernel import Money
from crmcore.domain.sales.order import decisions as order
from tests.memory_work import MemoryWork

C = TypeVar("C")

HEADERS = {
    "households": "household_id,age,income,home_ownership,marital_status,household_size,"
    "household_comp,kids_count",
    "campaigns": "campaign_id,campaign_type,start_date,end_date",
    "memberships": "campaign_id,household_id",
    "redemptions": "household_id,coupon_upc,campaign_id,redemption_date",
    "products": "product_id,department,product_category,product_type,brand",
    "transactions": "household_id,store_id,basket_id,at,product_id,quantity,sales_value,"
    "retail_disc,coupon_disc,coupon_match_disc",
}
SMALL = {
    "households": "7,45-54,50-74K,,Married,2,2 Adults No Kids,0",
    "campaigns": "1,Type B,2017-07-03,2017-07-09\n2,Type A,2017-07-05,2017-07-20",
    "memberships": "1,7\n2,7\n1,8",
    "redemptions": "7,5,1,2017-07-06\n7,6,1,2017-07-06\n7,9,2,2017-07-06\n8,5,1,2017-07-08",
    "products": "11,GROCERY,SOUP,SOUP - CANNED,Private\n12,FUEL,FUEL,,National",
    "transactions": "\n".join(
        [
            "7,300,100,2017-07-01T04:14:33Z,11,2,150,50,0,0",
            "7,300,100,2017-07-01T04:14:33Z,99,0,0,0,100,0",
            "7,300,101,2017-07-06T12:00:00Z,11,1,100,0,0,0",
            "7,300,102,2017-07-07T03:59:59Z,11,1,90,5,60,15",
            "7,300,102,2017-07-07T03:59:59Z,12,8000,2000,0,0,0",
        ]
    ),
}


def journey(folder: Path, **files: str) -> Path:
    for name, header in HEADERS.items():
        text = f"{header}\n{files.get(name, SMALL[name])}\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def wanted(rows: list[Row], kind: type[C]) -> list[C]:
    return [
        row.command for row in rows if isinstance(row, Planned) and isinstance(row.command, kind)
    ]


def refused(rows: list[Row]) -> list[tuple[str, int, str]]:
    return [(row.source, row.line, row.reason) for row in rows if isinstance(row, Refused)]


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


REQUESTS = (
    "case_enquiry_id,open_dt,target_dt,closed_dt,on_time,case_status,subject,reason,type,queue,"
    "department,source,neighborhood"
)
REST = "Public Works,Street Lights,Outage,PWDx,PWDx,Twitter,Roxbury"


def requests(folder: Path, *rows: str) -> Path:
    (folder / "requests.csv").write_text("\n".join((REQUESTS, *rows, "")), encoding="utf-8")
    return folder


class AsEntered:
    def normalise(self, _kind: ContactKind, value: str, _region: str | None) -> str:
        return value


def company() -> MemoryWork:
    customers = CustomerService(AsEntered(), Customers(), Cases(), Leads(), Opportunities())
    return MemoryWork(
        {
            **customers.handlers,
            **derived_handlers([order.AGGREGATE]),
            **OrderService(Customers(), Campaigns()).handlers,
            **MarketingService(Customers(), Campaigns()).handlers,
            **CaseService().handlers,
        }
    )


def imported(work: MemoryWork, rows: Iterable[Row]) -> Counter[str]:
    return Counter(
        event.TOPIC
        for row in rows
        if isinstance(row, Planned)
        for event in work.execute(row.command)
    )
