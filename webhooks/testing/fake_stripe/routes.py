"""The API's endpoints: which there are, what they accept and what they do."""

from collections.abc import Callable
from dataclasses import dataclass

from webhooks.testing.fake_stripe import (
    endpoints,
    reading,
    subscription_endpoints,
    webhook_endpoints,
)
from webhooks.testing.fake_stripe.problems import ApiError, invalid
from webhooks.testing.fake_stripe.shapes import Json
from webhooks.testing.fake_stripe.world import Account

Work = Callable[[Account, Json, str], Json]

ARRAYS = frozenset({"enabled_events", "expand", "items", "line_items", "types"})
HASHES = frozenset({"metadata", "payment_intent_data", "subscription_data"})
PAGING = frozenset({"created", "ending_before", "limit", "starting_after"})

CUSTOMER = "address description email invoice_settings metadata name payment_method phone"
CUSTOMER += " preferred_locales shipping tax_exempt"
SESSION = "allow_promotion_codes automatic_tax billing_address_collection cancel_url"
SESSION += " client_reference_id currency customer customer_creation customer_email"
SESSION += " customer_update expires_at invoice_creation line_items locale metadata mode"
SESSION += " payment_intent_data payment_method_collection payment_method_types return_url"
SESSION += " subscription_data success_url ui_mode"
PAYMENT = "amount automatic_payment_methods capture_method confirm currency customer description"
PAYMENT += " metadata off_session payment_method payment_method_types receipt_email return_url"
PAYMENT += " setup_future_usage statement_descriptor"
SUBSCRIPTION = "cancel_at_period_end collection_method customer default_payment_method description"
SUBSCRIPTION += " items metadata off_session pause_collection payment_behavior payment_settings"
SUBSCRIPTION += " proration_behavior trial_end trial_period_days"


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint; `{id}` stands for any one part of the path."""

    method: str
    pattern: str
    work: Work
    accepts: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()

    def check(self, params: Json) -> None:
        """Refuse parameters that are not known, misshapen or missing. Raises `ApiError`."""
        for kind, names in ((list, ARRAYS), (dict, HASHES)):
            for name in names & set(params):
                if params[name] != "" and not isinstance(params[name], kind):
                    message = f"Invalid {'array' if kind is list else 'object'}"
                    raise invalid(message, code="parameter_invalid", param=name)
        # Refused as Stripe does: a parameter that is mistyped must not pass here and fail there.
        for name in params:
            if name not in self.accepts and name != "expand":
                message = f"Received unknown parameter: {name}"
                raise invalid(message, code="parameter_unknown", param=name)
        for name in self.needs:
            if params.get(name) in (None, "", []):
                message = f"Missing required param: {name}."
                raise invalid(message, code="parameter_missing", param=name)


def find(method: str, path: str) -> tuple[Route, str]:
    """Return the endpoint of a path, and the id in it. Raises `ApiError` (404)."""
    parts = path.split("/")
    for route in ROUTES:
        pattern = route.pattern.split("/")
        # By the number of parts first: `{id}` stands for one part, which no slash divides.
        if route.method != method or len(pattern) != len(parts):
            continue
        if all(want in (part, "{id}") for want, part in zip(pattern, parts, strict=True)):
            named = [part for want, part in zip(pattern, parts, strict=True) if want == "{id}"]
            return route, named[0] if named else ""
    message = f"Unrecognized request URL ({method}: {path})."
    raise ApiError(404, "invalid_request_error", message)


def _retrieve(path: str, kind: str) -> Route:
    return Route("GET", f"/v1/{path}/{{id}}", lambda a, _, own_id: reading.shown(a, kind, own_id))


def _list(path: str, kind: str, *filters: str) -> Route:
    def listed(account: Account, params: Json, _: str) -> Json:
        # `all` is Stripe's word for any status, those that ended included.
        having = {name: params[name] for name in filters if params.get(name, "all") != "all"}
        is_wanted = reading.within(params)
        found = [
            subject
            for subject in account.all(kind, **having)
            if not account.is_deleted(kind, subject["id"]) and is_wanted(subject["created"])
        ]
        return reading.page(found, params, f"/v1/{path}")

    return Route("GET", f"/v1/{path}", listed, PAGING | set(filters))


def _post(path: str, work: Work, accepts: str = "", needs: str = "") -> Route:
    return Route("POST", f"/v1/{path}", work, frozenset(accepts.split()), tuple(needs.split()))


ROUTES = (
    _post("customers", endpoints.create_customer, CUSTOMER),
    _post("customers/{id}", endpoints.update_customer, CUSTOMER),
    Route("DELETE", "/v1/customers/{id}", endpoints.delete_customer),
    _retrieve("customers", "customer"),
    _list("customers", "customer", "email"),
    _post("checkout/sessions", endpoints.create_session, SESSION, "mode"),
    _post("checkout/sessions/{id}/expire", endpoints.expire_session),
    _retrieve("checkout/sessions", "checkout.session"),
    _list("checkout/sessions", "checkout.session", "customer", "payment_intent", "status"),
    _post("payment_intents", endpoints.create_payment, PAYMENT, "amount currency"),
    _post(
        "payment_intents/{id}/confirm",
        endpoints.confirm_payment,
        "off_session payment_method return_url",
    ),
    _post("payment_intents/{id}/capture", endpoints.capture_payment, "amount_to_capture"),
    _post("payment_intents/{id}/cancel", endpoints.cancel_payment, "cancellation_reason"),
    _retrieve("payment_intents", "payment_intent"),
    _list("payment_intents", "payment_intent", "customer"),
    _post(
        "refunds",
        endpoints.create_refund,
        "amount charge metadata payment_intent reason refund_application_fee",
    ),
    _retrieve("refunds", "refund"),
    _list("refunds", "refund", "charge", "payment_intent"),
    _post(
        "subscriptions", subscription_endpoints.create_subscription, SUBSCRIPTION, "customer items"
    ),
    _post("subscriptions/{id}", subscription_endpoints.update_subscription, SUBSCRIPTION),
    Route(
        "DELETE",
        "/v1/subscriptions/{id}",
        subscription_endpoints.cancel_subscription,
        frozenset({"cancellation_details", "invoice_now", "prorate"}),
    ),
    _retrieve("subscriptions", "subscription"),
    _list("subscriptions", "subscription", "customer", "status"),
    Route(
        "GET",
        "/v1/subscription_items",
        subscription_endpoints.list_items,
        PAGING | {"subscription"},
        ("subscription",),
    ),
    _post(
        "billing_portal/sessions",
        endpoints.create_portal,
        "configuration customer flow_data locale return_url",
        "customer",
    ),
    _retrieve("invoices", "invoice"),
    _list("invoices", "invoice", "customer", "status"),
    _retrieve("charges", "charge"),
    _list("charges", "charge", "customer", "payment_intent"),
    _retrieve("disputes", "dispute"),
    _list("disputes", "dispute", "charge", "payment_intent"),
    _retrieve("payouts", "payout"),
    _list("payouts", "payout", "status"),
    _list("invoice_payments", "invoice_payment", "invoice", "payment", "status"),
    _retrieve("invoice_payments", "invoice_payment"),
    _retrieve("prices", "price"),
    Route("GET", "/v1/events/{id}", lambda a, _, own_id: reading.event(a, own_id)),
    Route(
        "GET",
        "/v1/events",
        lambda a, params, _: reading.events(a, params),
        PAGING | {"delivery_success", "type", "types"},
    ),
    _post(
        "webhook_endpoints",
        webhook_endpoints.create,
        "api_version connect description enabled_events metadata url",
        "enabled_events url",
    ),
    _post(
        "webhook_endpoints/{id}",
        webhook_endpoints.update,
        "description disabled enabled_events metadata url",
    ),
    Route("DELETE", "/v1/webhook_endpoints/{id}", webhook_endpoints.delete),
    Route("GET", "/v1/webhook_endpoints/{id}", webhook_endpoints.retrieve),
    Route("GET", "/v1/webhook_endpoints", webhook_endpoints.listed, PAGING),
    Route(
        "GET",
        "/v2/core/event_destinations",
        webhook_endpoints.destinations,
        frozenset({"include", "limit"}),
    ),
)
