"""Having Stripe create something, through the API."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from rest_framework.test import APIClient

from webhooks.models import Scope
from webhooks.testing.api_client import caller, problem
from webhooks.testing.fake_stripe import Fault, Served, payments

# What is asked of Stripe is asked outside transactions only.
pytestmark = pytest.mark.django_db(transaction=True)

API = "/api/v1"
SESSION = {
    "mode": "payment",
    "line_items": [{"price": "price_1"}],
    "success_url": "https://shop.example/done?session={CHECKOUT_SESSION_ID}",
}
PAYMENT = {"amount": 1800, "currency": "eur"}
REFUND = {"payment_intent": "pi_1"}
SECRET = "pi_1_secret_known_to_none"
EMAIL = "jo.marked@example.com"
DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "message": f"Declined sk_test_0123 {SECRET} {EMAIL} x?to=jo.marked%40example.com",
    "param": "amount",
    "payment_intent": {"client_secret": SECRET},
}
ASKED: dict[str, dict[str, Any]] = {
    "checkout-sessions": SESSION,
    "payment-intents": PAYMENT,
    "refunds": REFUND,
}


@pytest.fixture
def till() -> APIClient:
    return caller(
        "add_checkoutsession", "add_paymentintent", "add_refund", scopes=[Scope.BILLING_WRITE]
    )


@pytest.fixture
def paid(stripe: Served) -> str:
    """A payment that can be given back."""
    account = stripe.world.account()
    payment: str = payments.create(account, 1800)["id"]
    payments.confirm(account, payment)
    return payment


def ask(client: APIClient, kind: str, body: Any, key: str = "key-1") -> Any:
    return client.post(f"{API}/{kind}", body, headers={"Idempotency-Key": key})


def changed(kind: str, **changes: Any) -> dict[str, Any]:
    return ASKED[kind] | changes


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("checkout-sessions", "/v1/checkout/sessions"),
        ("payment-intents", "/v1/payment_intents"),
        ("refunds", "/v1/refunds"),
    ],
)
def test_an_object_is_created_once(
    till: APIClient, stripe: Served, paid: str, kind: str, path: str
) -> None:
    body = changed(kind, payment_intent=paid) if kind == "refunds" else ASKED[kind]
    first = ask(till, kind, body)
    assert first.status_code == 201, first.content
    assert first.json()["id"]
    assert first.headers["Cache-Control"] == "no-store"
    assert ("client_secret" in first.json()) is (kind == "payment-intents")

    again = ask(till, kind, body)
    assert (again.status_code, again.json()) == (201, first.json())
    requests = stripe.world.faults.requests
    assert [(request.method, request.path) for request in requests] == [("POST", path)]

    other = ask(till, kind, changed(kind, metadata={"order": "8"}))
    assert problem(other) == (422, "idempotency_key_reused")
    assert len(requests) == 1


def test_parameters_reach_stripe(till: APIClient, stripe: Served) -> None:
    line = {"name": "A book", "unit_amount": 900, "currency": "eur", "quantity": 2}
    body = changed("checkout-sessions", line_items=[line], metadata={"order": "7"})
    assert ask(till, "checkout-sessions", body).status_code == 201
    [request] = stripe.world.faults.requests
    assert dict(parse_qsl(request.body)) == {
        "mode": "payment",
        "success_url": SESSION["success_url"],
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "900",
        "line_items[0][price_data][product_data][name]": "A book",
        "line_items[0][quantity]": "2",
        "metadata[order]": "7",
    }


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("refuse", status=402, error=DECLINED), (402, "card_refused")),
        (Fault("refuse", status=400, error=DECLINED), (422, "provider_refused")),
        (Fault("refuse", status=404, error=DECLINED), (422, "provider_refused")),
        (Fault("error_before", status=401, error=DECLINED), (503, "stripe_not_configured")),
        (Fault("rate_limit"), (503, "provider_unavailable")),
        (Fault("error_after", error=DECLINED), (503, "provider_unavailable")),
    ],
    ids=["declined", "invalid", "missing", "unauthorized", "too many", "failed"],
)
def test_stripes_refusal_is_passed_on(
    till: APIClient, stripe: Served, fault: Fault, expected: tuple[int, str], caplog: Any
) -> None:
    stripe.world.faults.add(fault)
    answer = ask(till, "payment-intents", PAYMENT)
    assert problem(answer) == expected
    told = answer.json()
    assert "jo.marked" not in f"{told} {caplog.text}"
    if expected[1] == "card_refused":
        assert told["errors"][0]["field"] == "amount"
        assert told["errors"][0]["code"] == "insufficient_funds"
    if expected[1] == "provider_unavailable":
        assert int(answer.headers["Retry-After"]) > 0
    seen = answer.content.decode() + caplog.text
    assert not [secret for secret in ("sk_test_", SECRET) if secret in seen]


def test_without_an_api_key_nothing_is_created(till: APIClient) -> None:
    answer = ask(till, "refunds", REFUND)
    assert problem(answer) == (503, "stripe_not_configured")
    assert "STRIPE" not in answer.content.decode()


@pytest.mark.parametrize("key", ["", " ", "a b", "k" * 256, "clé"])
def test_a_malformed_idempotency_key_is_refused(till: APIClient, stripe: Served, key: str) -> None:
    answer = ask(till, "refunds", REFUND, key.encode().decode("latin-1"))
    assert problem(answer)[0] == 400
    assert not stripe.world.faults.requests


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("payment-intents", {"amount": 0}, "amount"),
        ("payment-intents", {"amount": -5}, "amount"),
        ("payment-intents", {"amount": 1.5}, "amount"),
        ("payment-intents", {"amount": 18.0}, "amount"),
        ("payment-intents", {"amount": "1800"}, "amount"),
        ("payment-intents", {"amount": True}, "amount"),
        ("payment-intents", {"amount": None}, "amount"),
        ("payment-intents", {"amount": 10**12}, "amount"),
        ("payment-intents", {"amount": 10**400}, "amount"),
        ("payment-intents", {"currency": "EUR"}, "currency"),
        ("payment-intents", {"currency": "eur\n"}, "currency"),
        ("payment-intents", {"currency": "euro"}, "currency"),
        ("payment-intents", {"currency": 978}, "currency"),
        ("payment-intents", {"ammount": 5}, "ammount"),
        ("payment-intents", {"confirm": True}, "confirm"),
        ("payment-intents", {"customer": "cus 1"}, "customer"),
        ("payment-intents", {"customer": {"id": "cus_1"}}, "customer"),
        ("payment-intents", {"receipt_email": "jo"}, "receipt_email"),
        ("payment-intents", {"description": "a\0b"}, "description"),
        ("payment-intents", {"description": "\ud800"}, "description"),
        ("payment-intents", {"capture_method": "later"}, "capture_method"),
        ("payment-intents", {"capture_method": ["manual"]}, "capture_method"),
        ("payment-intents", {"metadata": []}, "metadata"),
        ("payment-intents", {"metadata": {"n": 1}}, "metadata.n"),
        ("payment-intents", {"metadata": {"n": "v" * 501}}, "metadata.n"),
        ("payment-intents", {"metadata": {"n" * 41: "v"}}, "metadata"),
        ("payment-intents", {"metadata": {"a\0": "v"}}, "metadata"),
        ("payment-intents", {"metadata": {"\udfff": "v"}}, "metadata"),
        ("payment-intents", {"metadata": {"": "v"}}, "metadata"),
        ("payment-intents", {"metadata": {str(n): "v" for n in range(51)}}, "metadata"),
        ("checkout-sessions", {"mode": "gift"}, "mode"),
        ("checkout-sessions", {"success_url": "javascript:alert(1)"}, "success_url"),
        ("checkout-sessions", {"success_url": "/done"}, "success_url"),
        ("checkout-sessions", {"success_url": "https://a.example/" + "a" * 2048}, "success_url"),
        ("checkout-sessions", {"cancel_url": 7}, "cancel_url"),
        ("checkout-sessions", {"line_items": []}, "line_items"),
        ("checkout-sessions", {"line_items": {}}, "line_items"),
        ("checkout-sessions", {"line_items": [7]}, "line_items.0"),
        ("checkout-sessions", {"line_items": [{}]}, "line_items.0"),
        ("checkout-sessions", {"line_items": [{"price": "p", "name": "n"}]}, "line_items.0"),
        (
            "checkout-sessions",
            {"line_items": [{"price": "p"}, {"price": "p", "quantity": 0}]},
            "line_items.1.quantity",
        ),
        ("checkout-sessions", {"customer": "cus_1", "customer_email": "jo@example.com"}, ""),
        ("refunds", {"payment_intent": ""}, "payment_intent"),
        ("refunds", {"charge": "ch_1"}, ""),
        ("refunds", {"reason": "because"}, "reason"),
    ],
)
def test_invalid_parameters_are_named_and_not_sent(
    till: APIClient, stripe: Served, kind: str, change: dict[str, Any], field: str
) -> None:
    answer = ask(till, kind, changed(kind, **change))
    assert problem(answer) == (400, "invalid_request")
    assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert not stripe.world.faults.requests


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("body", [[], "text", 7, {}, [[]]])
def test_a_body_of_another_kind_is_refused(
    till: APIClient, stripe: Served, kind: str, body: Any
) -> None:
    assert problem(ask(till, kind, body)) == (400, "invalid_request")
    assert not stripe.world.faults.requests


def test_a_body_beyond_every_limit_is_refused(till: APIClient, stripe: Served) -> None:
    answer = ask(till, "refunds", changed("refunds", reason="x" * 3_000_000))
    assert problem(answer) == (413, "payload_too_large")
    assert not stripe.world.faults.requests
