"""What a provider still has of somebody erased is stored without it, when it is asked again."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from billing.fetching.fetch import Subject, fetch
from billing.models import Charge, Customer
from webhooks.events import ObjectScope
from webhooks.privacy.erasure import request_erasure
from webhooks.privacy.suppression import remember

pytestmark = pytest.mark.django_db(transaction=True)

PAYMENT, CUSTOMER = "KkAkhdMsgzn59SM8A89WgKwekxLZY", "RDX9Z4XTIZR7MRZJUXNY9HUK6I"
SCOPE = ObjectScope(provider="square", account="6SSW7HV8K2ST5", livemode=True)
ANSWERS: dict[str, Any] = {
    PAYMENT: {
        "payment": {
            "id": PAYMENT,
            "status": "COMPLETED",
            "customer_id": CUSTOMER,
            "total_money": {"amount": 100, "currency": "USD"},
            "card_details": {"card": {"card_brand": "VISA", "last_4": "1111"}},
            "note": "for Zoe",
            "version": 3,
        }
    },
    CUSTOMER: {
        "customer": {
            "id": CUSTOMER,
            "given_name": "Zoe",
            "email_address": "zoe@example.com",
            "version": 1,
        }
    },
}


class Square(BaseHTTPRequestHandler):
    """Answers for the objects that there are."""

    def do_GET(self) -> None:
        answer = json.dumps(ANSWERS[self.path.rpartition("/")[2]]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def _square(settings: Any) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Square)
    thread = Thread(target=server.serve_forever)
    thread.start()
    settings.SQUARE_WEBHOOK_SECRET, settings.SQUARE_API_KEY = "whsec_sq", "a_key"
    settings.WEBHOOK_ENDPOINTS = {
        "square": {
            "provider": "square",
            "secrets_setting": "SQUARE_WEBHOOK_SECRET",
            "notification_url": "https://shop.example.com/webhooks/square",
            "api_base": f"http://127.0.0.1:{server.server_port}",
        }
    }
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def told(kind: str, object_id: str) -> Any:
    found = fetch(Subject(SCOPE, kind, object_id))
    assert found
    return found[0][0]


@pytest.mark.parametrize("known", [CUSTOMER, "somebody"])
def test_an_object_of_somebody_erased_comes_without_the_person(known: str) -> None:
    assert told(Customer.object_type, CUSTOMER).email == "zoe@example.com"
    erasure, _ = request_erasure(**SCOPE, customer_id=known, actor="anna", now=timezone.now())
    remember(erasure, [PAYMENT])

    customer = told(Customer.object_type, CUSTOMER)
    charge = told(Charge.object_type, PAYMENT)

    assert (customer.name, customer.email) == (
        ("", "") if known == CUSTOMER else ("Zoe", "zoe@example.com")
    )
    assert (charge.amount, charge.currency, charge.status) == (100, "usd", "succeeded")
    assert (charge.customer_id, charge.card_brand) == (CUSTOMER, "visa")
    # It names a customer, and that one alone decides.
    assert charge.card_last4 == ("" if known == CUSTOMER else "1111")
