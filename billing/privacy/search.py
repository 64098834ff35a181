"""Finding what is kept of one customer, in events and in billing's rows."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final

from django.db.models import QuerySet

from billing.models import MODELS, ProviderObject
from billing.privacy.redaction import NAMING, named_by, personal_values_of
from webhooks import audit
from webhooks.database.paging import in_pages
from webhooks.events import ObjectScope
from webhooks.models import ErasureRequest, WebhookEvent
from webhooks.privacy.search import chunks, count_known, find, find_nameless, last_of
from webhooks.privacy.suppression import remember

PAGE: Final = 200
"""The most rows held in memory, and entries of the history rewritten at once."""

VALUES: Final = 1000
"""The most names and addresses of one person that are looked for where people wrote freely."""


def scopes_of(customer_id: str) -> list[ObjectScope]:
    """Return where there is a customer of this id: in several places only if ids coincide."""
    places: set[tuple[str, str, bool]] = set()
    for rows in (
        MODELS["customer"]._default_manager.filter(provider_id=customer_id),
        WebhookEvent.objects.filter(customer_id=customer_id),
        ErasureRequest.objects.filter(customer_id=customer_id),
    ):
        places |= set(rows.values_list("provider", "account", "livemode").distinct())
    return [
        ObjectScope(provider=provider, account=account, livemode=livemode)
        for provider, account, livemode in sorted(places)
    ]


def find_all(erasure: ErasureRequest) -> tuple[set[str], audit.Held]:
    """Find all that is a person's; return the names and addresses found on the way.

    Return the altered events as well that may be the person's, and that nothing else leads to.
    """
    values: set[str] = set()
    altered: dict[str, audit.Finding] = {}
    last = searched = 0
    while searched < count_known(erasure):
        if last == last_of(erasure):
            # Some were signed where they stood, unproven, when the search had gone past them.
            last = searched = 0
        for ids in chunks(erasure, last):
            searched += len(ids)
            for found, texts in find(erasure, ids):
                remember(erasure, found)
                values |= set(islice(texts, VALUES - len(values)))
            for row in rows_of(erasure, ids):
                remember(erasure, named_by(row))
                values |= set(islice(personal_values_of(row), VALUES - len(values)))
        last = last_of(erasure)
        # What a guest did is known by the mail address alone, so this comes after all names.
        emails = [value for value in values if "@" in value]
        for found, spoilt in find_nameless(erasure, emails):
            remember(erasure, found)
            altered |= {one.where: one for one in spoilt}
    return values, audit.Held(altered=list(altered.values()))


def rows_of(erasure: ErasureRequest, ids: list[str]) -> Iterator[ProviderObject]:
    """Yield the rows that have one of these ids, or name one."""
    for model in MODELS.values():
        for rows in _queries(model, erasure, ids):
            yield from chain.from_iterable(in_pages(rows, PAGE))


def _queries(
    model: type[ProviderObject], erasure: ErasureRequest, ids: list[str]
) -> Iterator[QuerySet[Any]]:
    columns = {field.name for field in model._meta.concrete_fields}
    # One query a column: an OR over them would use none of their indexes.
    theirs: QuerySet[Any] = model._default_manager.filter(**erasure.scope)
    if "customer_id" in columns:
        # What names another customer is that one's, whatever else it names.
        theirs = theirs.filter(customer_id__in=["", erasure.customer_id])
        if erasure.customer_id in ids:
            yield theirs.filter(customer_id=erasure.customer_id)
    for column in ("provider_id", *NAMING):
        if column in columns:
            yield theirs.filter(**{f"{column}__in": ids})
