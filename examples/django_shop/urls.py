"""The shop's pages: JSON in, JSON out."""

import json
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST
from examples.django_shop import shop

from crmcore import errors, new_id


@require_POST  # type: ignore[untyped-decorator]  # Django has no types of its own
def customers(request: HttpRequest) -> JsonResponse:
    """Sign a customer up."""
    customer_id = new_id()
    shop.sign_up(customer_id, json.loads(request.body)["name"])
    return JsonResponse({"customer_id": customer_id}, status=201)


@require_POST  # type: ignore[untyped-decorator]  # Django has no types of its own
def orders(request: HttpRequest) -> JsonResponse:
    """Sell something."""
    wanted = json.loads(request.body)
    customer, price = UUID(wanted["customer_id"]), Decimal(wanted["price"])
    try:
        order_id = shop.buy(customer, wanted["invoice"], wanted["product"], price)
    except IntegrityError:
        return JsonResponse({"detail": f"{wanted['invoice']} exists already"}, status=409)
    except errors.NotFoundError as refused:
        return JsonResponse({"detail": str(refused)}, status=404)
    except errors.DomainError as refused:
        return JsonResponse({"detail": str(refused)}, status=400)
    return JsonResponse({"order_id": order_id}, status=201)


def points(_request: HttpRequest, customer_id: UUID) -> JsonResponse:
    """A customer's loyalty points, all purchases so far included."""
    crm = shop.the_crm()
    status = crm.read.at_least(crm.position).loyalty.get(customer_id)
    return JsonResponse({"points": 0 if status is None else status.points})


urlpatterns = [
    path("customers", customers),
    path("orders", orders),
    path("customers/<uuid:customer_id>/points", points),
]
