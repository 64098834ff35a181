"""Requests that are safe to repeat: the `Idempotency-Key` header.

As in https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
"""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final, TypeVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from billing.api.problems import (
    IdempotencyKeyInUse,
    IdempotencyKeyMalformed,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    respond,
)
from billing.api.stored_responses import can_repeat, repeat, store
from billing.exceptions import KeyInUse, KeyReused
from billing.idempotency import keys
from billing.idempotency.keys import Started, StoredResponse
from webhooks.monitoring import metrics

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

LIFETIME: Final = timedelta(hours=24)
LEASE: Final = timedelta(minutes=2)
MAX_LENGTH: Final = 255

# A string of RFC 8941, or its bare characters.
_QUOTED: Final = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"')
_BARE: Final = re.compile(r'[^\x00-\x20",;\\\x7f-\U0010ffff]+')


def idempotent(
    *, required: bool = True, lifetime: timedelta = LIFETIME, lease: timedelta = LEASE
) -> Callable[[View], View]:
    """Process a request with an `Idempotency-Key` once, and repeat the answer to it.

    For methods of REST framework's views, its function views (below `@api_view`), and Django's
    views. Keys are the user's own: of somebody who isn't known, none is accepted.

    A try that is cut short, by a kill say, is made again by the first repetition that comes after
    its lease. The view finds `request.idempotency_reference`, the same for each try at this
    request and empty without a key. As the `reference` of calls to `StripeClient` it makes the
    next try get the same objects; what the view itself writes must bear a second try as well.
    Two requests are the same when their methods, URLs and bodies are, JSON in any order. What runs
    before the view, such as permissions, must leave `request.data` alone.

    Kept for `lifetime` and repeated, with `Idempotency-Replayed: true`, are answers of 2xx to 4xx,
    except 409 and 429. After these, a 5xx, or an exception, and where the stored answer can't be
    read any more, the same request is processed again;
    REST framework's exceptions are answers. Cookies are not kept. The view must not run in a
    transaction as a whole (`ATOMIC_REQUESTS`): raises `InTransaction`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> HttpResponseBase:
            # The first of the arguments, or the second where the view is a method.
            request = next((each for each in args if isinstance(each, Request | HttpRequest)), None)
            if request is None:
                raise TypeError(
                    f"{view.__qualname__} is no view: `idempotent` needs the request among the "
                    "first of its arguments, and got none."
                )
            try:
                key = _key(request, required=required)
                if key is None:
                    request.idempotency_reference = ""  # type: ignore[attr-defined]
                    return view(*args, **kwargs)
                # Committed before the view runs: a kill in the middle must leave the key behind.
                begun = _begin(request, key, lease, lifetime)
            except APIException as error:
                if isinstance(request, Request):
                    raise
                return respond(error)
            # Outside the `try`: what the view raises is the view's.
            return _process(request, begun, lambda: view(*args, **kwargs))

        return cast("View", wrapper)

    return decorate


def reference(request: Request | HttpRequest) -> str:
    """Return a request's `idempotency_reference` in an idempotent view; empty without a key."""
    return str(getattr(request, "idempotency_reference", ""))


def _key(request: Request | HttpRequest, *, required: bool) -> str | None:
    header = request.headers.get("Idempotency-Key")
    if header is None:
        if required:
            raise IdempotencyKeyMissing
        return None
    value = header.strip(" \t")
    if quoted := _QUOTED.fullmatch(value):
        value = re.sub(r"\\(.)", r"\1", quoted[1])
    # The draft wants a quoted string; most clients, and Stripe's, send bare ones.
    elif not _BARE.fullmatch(value):
        raise IdempotencyKeyMalformed
    if len(value) > MAX_LENGTH:
        raise IdempotencyKeyMalformed
    return value


def _begin(
    request: Request | HttpRequest, key: str, lease: timedelta, lifetime: timedelta
) -> Started | StoredResponse:
    if not request.user.is_authenticated:
        raise NotAuthenticated
    try:
        return keys.begin(
            # The user's own: another's key of the same text is another key.
            f"api:{request.user.pk}",
            key,
            _request_hash(request),
            now=timezone.now(),
            lease=lease,
            lifetime=lifetime,
            can_repeat=can_repeat,
        )
    except KeyInUse as error:
        raise IdempotencyKeyInUse from error
    except KeyReused as error:
        raise IdempotencyKeyReused from error


def _operation(request: Request | HttpRequest) -> str:
    """Return the name of the operation: one for each route, so that metrics stay few."""
    route = request.resolver_match
    name = route.view_name.removesuffix("-list") if route and route.view_name else "request"
    return f"api:{name}"


def _request_hash(request: Request | HttpRequest) -> str:
    # The body as Django keeps it: REST framework's parsers then read from there.
    body: bytes = request.body
    # A key that comes back for another address is a mistake, which must not get the old answer.
    identity = [request.method, request.get_full_path()]
    try:
        # By what it says: a client may write the same JSON in another order when it tries again.
        return keys.hash_parameters([*identity, {"json": json.loads(body)}])
    except (ValueError, RecursionError):
        return keys.hash_parameters([*identity, body.hex()])


def _process(
    request: Request | HttpRequest,
    begun: Started | StoredResponse,
    view: Callable[[], HttpResponseBase],
) -> HttpResponseBase:
    # The work was done before: the view does not run.
    if isinstance(begun, StoredResponse):
        metrics.IDEMPOTENT_HITS.labels(_operation(request)).inc()
        return repeat(begun)
    request.idempotency_reference = begun.reference  # type: ignore[union-attr]
    try:
        response = _answer(request, view)
        stored = store(response, begun.row_reference)
    except Exception:
        keys.abandon(begun)
        raise
    # Answers such as a 503 say nothing of the request, and may differ the next time.
    if stored:
        keys.complete(begun, stored)
    else:
        keys.abandon(begun, StoredResponse(response.status_code))
    return response


def _answer(
    request: Request | HttpRequest, view: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    """Return the view's answer, or REST framework's to the exception that it raised."""
    try:
        return view()
    except Exception as error:
        if not isinstance(request, Request):
            raise
        # Now, and not where REST framework would: its answer is to be kept like any other.
        handler: APIView = request.parser_context["view"]
        response = handler.handle_exception(error)
        response.exception = True
        return response
