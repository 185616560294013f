"""The shop's own tables."""

from django.db import models


class Invoice(models.Model):  # type: ignore[misc]  # Django has no types of its own
    """What was asked for an order."""

    number = models.CharField(max_length=20, primary_key=True)
    customer_id = models.UUIDField()
    total = models.CharField(max_length=20)
