"""Customers of whom nothing has told, and whom other objects name."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from billing.models import Customer, ProviderObject
from webhooks.events import ObjectScope


def unheard(
    provider_id: str, among: Iterable[type[ProviderObject]], **where: Any
) -> list[Customer]:
    """Return a customer for each place in which these kinds of objects name one; not saved.

    It is in doubt: nothing but its id is known. Two are enough to know that there are several.
    `where` narrows provider, account and mode.
    """
    places: set[tuple[str, str, bool]] = set()
    for model in among:
        if any(field.name == "customer_id" for field in model._meta.concrete_fields):
            rows: QuerySet[Any] = model._default_manager.all()
            named = rows.filter(customer_id=provider_id, **where)
            places |= set(named.values_list("provider", "account", "livemode").distinct()[:2])
    return [
        Customer(
            **ObjectScope(provider=provider, account=account, livemode=livemode),
            provider_id=provider_id,
            in_doubt=True,
        )
        for provider, account, livemode in sorted(places)[:2]
    ]
