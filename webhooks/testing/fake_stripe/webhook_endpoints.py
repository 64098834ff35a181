"""The API's webhook endpoints: made, listed, changed and deleted.

https://docs.stripe.com/api/webhook_endpoints
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from webhooks.testing.fake_stripe.forms import metadata, plain, truth_value
from webhooks.testing.fake_stripe.problems import ApiError, invalid, missing
from webhooks.testing.fake_stripe.reading import page
from webhooks.testing.fake_stripe.records import API_VERSION, OLD_API_VERSION, WebhookEndpoint
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

URL = "/v1/webhook_endpoints"


def create(account: Account, params: Json, _: str) -> Json:
    """POST /v1/webhook_endpoints. The answer alone has the signing secret."""
    if account.id:
        raise invalid("Webhook endpoints are the platform's own.")
    made = WebhookEndpoint(
        url=_url(account, params["url"]),
        secret=account.new_id("whsec").replace("_", "_fake", 1),
        api_version=_version(params.get("api_version") or API_VERSION),
        types=_events(params["enabled_events"]),
        connect=bool(truth_value(params, "connect")),
        livemode=account.livemode,
        id=account.new_id("we"),
        created=account.now,
        metadata=metadata(params, {}),
        **plain(params, ("description",)),
    )
    account.world.endpoints.append(made)
    return made.rendered(livemode=account.livemode) | {"secret": made.secret}


def update(account: Account, params: Json, endpoint: str) -> Json:
    """POST /v1/webhook_endpoints/{id}."""
    place, known = _find(account, endpoint)
    changes = plain(params, ("description",)) | {"metadata": metadata(params, known.metadata)}
    if "url" in params:
        changes["url"] = _url(account, params["url"])
    if "enabled_events" in params:
        changes["types"] = _events(params["enabled_events"])
    if (is_disabled := truth_value(params, "disabled")) is not None:
        changes["is_enabled"] = not is_disabled
    # Its id may follow from its address, and must stay what it was.
    shown = known.rendered(livemode=account.livemode)
    changed = account.world.endpoints[place] = replace(known, **(changes | {"id": shown["id"]}))
    return changed.rendered(livemode=account.livemode)


def delete(account: Account, _: Json, endpoint: str) -> Json:
    """DELETE /v1/webhook_endpoints/{id}."""
    place, _known = _find(account, endpoint)
    del account.world.endpoints[place]
    return {"id": endpoint, "object": "webhook_endpoint", "deleted": True}


def retrieve(account: Account, _: Json, endpoint: str) -> Json:
    """GET /v1/webhook_endpoints/{id}."""
    return _find(account, endpoint)[1].rendered(livemode=account.livemode)


def listed(account: Account, params: Json, _: str) -> Json:
    """GET /v1/webhook_endpoints: the newest first."""
    found = [one.rendered(livemode=account.livemode) for _place, one in _own(account)]
    return page(found, params, URL)


def destinations(account: Account, _params: Json, _: str) -> Json:
    """GET /v2/core/event_destinations: endpoints, and those for thin events, on one page."""
    here = [one for one in account.world.endpoints if not account.id]
    shown = [one.as_destination(livemode=account.livemode) for one in here]
    return {"data": shown, "next_page_url": None, "previous_page_url": None}


def _own(account: Account) -> Iterator[tuple[int, WebhookEndpoint]]:
    # A key sees those of its own mode, and connected accounts have none here.
    for place, one in enumerate(account.world.endpoints):
        if not (account.id or one.is_thin) and one.livemode in (None, account.livemode):
            yield place, one


def _find(account: Account, endpoint: str) -> tuple[int, WebhookEndpoint]:
    for place, one in _own(account):
        if one.rendered(livemode=account.livemode)["id"] == endpoint:
            return place, one
    raise missing("webhook_endpoint", endpoint)


def _url(account: Account, url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise _refused("url", "Invalid URL: An explicit scheme (such as https) must be provided.")
    if account.livemode and not url.startswith("https://"):
        raise _refused("url", "Invalid URL: must be HTTPS in live mode.")
    return url


def _events(names: list[str]) -> tuple[str, ...]:
    for place, name in enumerate(names):
        if name not in ("*", *event_types()):
            raise _refused(f"enabled_events[{place}]", f"Invalid enabled_events: {name}")
    return tuple(names)


def _version(version: str) -> str:
    # Stripe takes more of them: these are the versions whose shapes are known here.
    if version not in (API_VERSION, OLD_API_VERSION):
        raise _refused("api_version", f"Invalid API version: {version}")
    return version


def _refused(param: str, message: str) -> ApiError:
    return invalid(message, code="parameter_invalid", param=param)


@cache
def event_types() -> frozenset[str]:
    """Return the types of events that an endpoint may ask for by name."""
    return frozenset(Path(__file__).with_name("event_types.txt").read_text().split())
