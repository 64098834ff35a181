"""The list of Stripe's events, `GET /v1/events`.

https://docs.stripe.com/api/events/list
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import stripe

from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.monitoring import provider_calls
from webhooks.providers import stripe_api

if TYPE_CHECKING:
    from stripe.params import EventListParams

PAGE: Final = 100
"""The most events that Stripe puts on a page."""


def pages(
    *, account: str, since: datetime, undelivered_only: bool, after: str = ""
) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of the events since then as Stripe's JSON, the newest first, none of them empty.

    Raises `ProviderApiUnavailable` or `ProviderApiRefused`.
    """
    # From the newest to the oldest: an event's id is then a place in a list that grows at its
    # other end only, so that whoever was interrupted goes on from the last id, and several events
    # of one second do not matter. Oldest first, Stripe pages only from an event that is known
    # (`ending_before`), and windows of time hold as many events as may be.
    while True:
        answer = _list(_query(since, undelivered_only, after), account)
        payloads = answer["data"]
        if not payloads:
            return
        yield payloads
        last = payloads[-1].get("id")
        # The same cursor again would be the same page again, for ever.
        if not answer.get("has_more") or last == after:
            return
        after = last


def _query(since: datetime, undelivered_only: bool, after: str) -> "EventListParams":
    query: EventListParams = {"limit": PAGE, "created": {"gte": int(since.timestamp())}}
    if undelivered_only:
        query["delivery_success"] = False
    if after:
        query["starting_after"] = after
    return query


def _list(query: "EventListParams", account: str) -> dict[str, Any]:
    """Return one answer's JSON, as the SDK's objects are not quite what was sent."""
    try:
        client = stripe_api.connect()
        with provider_calls.calling("stripe", "list_events") as call:
            found = client.v1.events.list(query, {"stripe_account": account} if account else None)
            call.status = found.last_response.code if found.last_response else 0
    except stripe_api.NotConfigured as error:
        raise ProviderApiRefused(str(error)) from error
    except stripe.StripeError as error:
        raise stripe_api.failure(error, account) from error
    answer = found.last_response.data if found.last_response else None
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise ProviderApiUnavailable("Stripe's answer is not a list of events.")
    return answer
