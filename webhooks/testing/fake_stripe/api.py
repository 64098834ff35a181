"""From a request to its answer, whatever the transport: keys, faults, idempotency, work."""

import base64
import binascii
import json
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from webhooks.testing.fake_stripe import forms, reading, routes
from webhooks.testing.fake_stripe.embedding import embedded
from webhooks.testing.fake_stripe.faults import Fault, Request
from webhooks.testing.fake_stripe.idempotency import Keys, Stored, in_use
from webhooks.testing.fake_stripe.problems import ApiError
from webhooks.testing.fake_stripe.records import API_VERSION
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account, World

KEY_PREFIXES = ("sk_test_", "sk_live_", "rk_test_", "rk_live_")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request: the path without its query, headers by lower-case name, the body as text."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def key(self) -> str | None:
        """The idempotency key, where it counts."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """An answer; with status 0 there is none: the connection ends."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


NO_ANSWER = ApiResponse(0)


class Api:
    """The API of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = Keys()
        self._last: dict[tuple[str, str], ApiResponse] = {}

    def answer(self, request: ApiRequest) -> ApiResponse:
        """Do what is asked, unless something is to go wrong with it."""
        fault = self.world.faults.take(
            Request(request.method, request.path, request.key, request.body)
        )
        kind = fault.kind if fault else ""
        if fault and kind == "timeout_before":
            self.world.faults.wait(fault.seconds)
            return NO_ANSWER
        # Before the request is looked at, like a cache that answers for another.
        if kind == "repeat":
            return self._last.get((request.method, request.path), NO_ANSWER)
        request_id = self.world.new_id("req")
        try:
            if fault:
                _fail_early(fault, request)
            stored, replayed = self._stored(request, request_id, fault)
        except ApiError as refusal:
            stored, replayed = _refusal(refusal), False
        if fault and kind == "timeout_after":
            self.world.faults.wait(fault.seconds)
        if kind in ("timeout_after", "drop_after"):
            return NO_ANSWER
        headers = {"Request-Id": request_id, "Content-Type": "application/json"}
        headers["Stripe-Version"] = request.headers.get("stripe-version", API_VERSION)
        # Of a caller that is not known, nothing is echoed.
        if request.key and stored.status != 401:
            headers["Idempotency-Key"] = request.key
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        body = b"<html>" + stored.body if kind == "garble_after" else stored.body
        answer = self._last[request.method, request.path] = ApiResponse(
            stored.status, body, headers
        )
        return answer

    def _stored(
        self, request: ApiRequest, request_id: str, fault: Fault | None
    ) -> tuple[Stored, bool]:
        account = self._authenticated(request, request_id)
        route, object_id = routes.find(request.method, request.path)
        params = forms.parse(request.body if request.method == "POST" else request.query)
        key = (account.id, account.livemode, request.key) if request.key is not None else None
        if key:
            call = (f"{request.method} {request.path}", json.dumps(params, sort_keys=True))
            if known := self.keys.claim(key, call, self.world.now):
                return known, True
        began = False
        try:
            route.check(params)
            if fault and fault.kind == "hold":
                self.world.faults.wait(fault.seconds)
            if fault and fault.kind == "refuse":
                stored, began = _refusal(_broken(fault)), True
            else:
                stored, began = self._work(account, route, params, object_id)
        finally:
            # Only what began to execute is kept: a request refused for its parameters may be
            # corrected under the same key.
            if key and not began:
                self.keys.release(key)
        # Kept under its key like any answer: Stripe saves the first result, errors included.
        if fault and fault.kind == "error_after":
            stored = _refusal(_broken(fault))
        if key and began:
            self.keys.store(key, stored)
        return stored, False

    def _work(
        self, account: Account, route: routes.Route, params: Json, object_id: str
    ) -> tuple[Stored, bool]:
        """Return the answer, and whether execution began."""
        names = params.pop("expand", [])
        try:
            # Two requests at once must not each see the world half changed by the other.
            with self.world.lock:
                subject = route.work(account, params, object_id)
                whole = embedded(reading.expanded(account, subject, names))
                return Stored(200, json.dumps(whole).encode()), True
        except ApiError as refusal:
            return _refusal(refusal), not refusal.precedes_execution

    def _authenticated(self, request: ApiRequest, request_id: str) -> Account:
        secret = _secret(request.headers.get("authorization", ""))
        if secret is None:
            message = "You did not provide an API key."
            raise ApiError(401, "invalid_request_error", message)
        if not secret.startswith(KEY_PREFIXES) or len(secret) < len("sk_test_") + 1:
            raise ApiError(401, "invalid_request_error", "Invalid API Key provided.")
        account_id = request.headers.get("stripe-account", "")
        if account_id and not account_id.startswith("acct_"):
            message = f"The provided key does not have access to account '{account_id}'."
            raise ApiError(403, "invalid_request_error", message, code="account_invalid")
        account = self.world.account(account_id, livemode="_live_" in secret[:8])
        return replace(account, request={"id": request_id, "idempotency_key": request.key})


def _fail_early(fault: Fault, request: ApiRequest) -> None:
    if fault.kind == "rate_limit":
        message = "Request rate limit exceeded."
        raise ApiError(429, "invalid_request_error", message, code="rate_limit")
    if fault.kind == "error_before":
        raise _broken(fault)
    if fault.kind == "key_in_use":
        raise in_use(request.key or "")


def _broken(fault: Fault) -> ApiError:
    message = "Something went wrong on Stripe's end."
    return ApiError(fault.status, "api_error", message, about=fault.error)


def _refusal(refusal: ApiError) -> Stored:
    return Stored(refusal.status, json.dumps(refusal.body).encode())


def _secret(authorization: str) -> str | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return unquote(value.strip()) or None
