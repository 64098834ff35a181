"""What a provider's own package signs is accepted, and what it refuses is refused.

Drawn: genuine bodies, and signatures that were tampered with.
"""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import gocardless_pro.webhooks
import pytest
import razorpay
import razorpay.utility
from Adyen.util import is_valid_hmac_notification, is_valid_hmac_payload
from braintree import BraintreeGateway, Configuration, Environment
from hypothesis import strategies as st
from paddle_billing.Notifications.PaddleSignature import PaddleSignature
from paddle_billing.Notifications.Secret import Secret
from square.utils.webhooks_helper import verify_signature
from standardwebhooks import Webhook

from webhooks.exceptions import Rejected
from webhooks.providers import PROVIDERS
from webhooks.testing.hostile import drawn, spoiled
from webhooks.tests.provider_cases import CASES, Case

pytestmark = pytest.mark.one_database

Accepts = Callable[[Case, bytes, Mapping[str, str]], bool]


def _gocardless(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    gocardless_pro.webhooks.parse(body, case.secret, headers["Webhook-Signature"])
    return True


def _razorpay(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    utility = razorpay.utility.Utility()
    signature = headers["X-Razorpay-Signature"]
    return bool(utility.verify_webhook_signature(body.decode(), signature, case.secret))


def _paddle(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    signature = headers["Paddle-Signature"]
    return bool(PaddleSignature().verify(signature, body.decode(), Secret(case.secret)))


def _square(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    return verify_signature(
        request_body=body.decode(),
        signature_header=headers["x-square-hmacsha256-signature"],
        signature_key=case.secret,
        notification_url=case.options["notification_url"],
    )


def _adyen(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    items = [each["NotificationRequestItem"] for each in json.loads(body)["notificationItems"]]
    # The package looks at the first one alone, and takes a null for the text "None".
    told = [{name: value for name, value in item.items() if value is not None} for item in items]
    return all(is_valid_hmac_notification(item, case.secret) for item in told)


def _adyenplatform(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    return bool(is_valid_hmac_payload(headers["HmacSignature"], case.secret, body))


def _braintree(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    public, _, private = case.secret.partition(":")
    gateway = BraintreeGateway(Configuration(Environment.Sandbox, "merchant", public, private))
    form = dict(parse_qsl(body.decode()))
    return bool(gateway.webhook_notification.parse(form["bt_signature"], form["bt_payload"]))


def _standard(case: Case, body: bytes, headers: Mapping[str, str]) -> bool:
    Webhook(case.secret).verify(body, dict(headers))
    return True


SDKS: Final[Mapping[str, Accepts]] = {
    "gocardless": _gocardless,
    "razorpay": _razorpay,
    "paddle": _paddle,
    "square": _square,
    "standard": _standard,
    "adyen": _adyen,
    "adyenplatform": _adyenplatform,
    "braintree": _braintree,
}


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> None:
    logging.getLogger("paddle_billing").setLevel(logging.CRITICAL)


def is_accepted_by_theirs(name: str, body: bytes, headers: Mapping[str, str]) -> bool:
    # Whatever a package raises for what it does not accept is a refusal.
    with suppress(Exception):
        return SDKS[name](CASES[name], body, headers)
    return False


def is_accepted_by_ours(name: str, body: bytes, headers: Mapping[str, str]) -> bool:
    case = CASES[name]
    # The packages look at this machine's clock.
    now = datetime.now(UTC)
    try:
        PROVIDERS[name].verify(body, headers, secrets=[case.secret], now=now, options=case.options)
    except Rejected:
        return False
    return True


@pytest.mark.parametrize("name", SDKS)
@drawn(data=st.data())
def test_what_theirs_refuse_is_refused(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    body = data.draw(st.just(case.body) | spoiled(case.payload, most=1).map(case.write))
    secret = data.draw(st.sampled_from([case.secret, case.secret, case.other]))
    proof = PROVIDERS[name].sign(body, secret=secret, now=datetime.now(UTC), options=case.options)
    proof |= data.draw(_tampered(proof)) if proof else {}
    body, headers = PROVIDERS[name].sent(body, proof)

    # Ours look at what is signed, too, and read headers no more generously than documented.
    if is_accepted_by_ours(name, body, headers):
        assert is_accepted_by_theirs(name, body, headers)


@pytest.mark.parametrize("name", SDKS)
def test_theirs_accept_what_the_kit_signs(name: str) -> None:
    case = CASES[name]
    proof = PROVIDERS[name].sign(
        case.body, secret=case.secret, now=datetime.now(UTC), options=case.options
    )
    body, headers = PROVIDERS[name].sent(case.body, proof)
    assert is_accepted_by_theirs(name, body, headers)
    assert is_accepted_by_ours(name, body, headers)


def test_a_signature_that_the_standards_package_makes_is_accepted() -> None:
    case, now = CASES["standard"], datetime.now(UTC)
    sent: dict[str, Any] = {
        "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "webhook-timestamp": str(int(now.timestamp())),
    }
    made = Webhook(case.secret).sign(sent["webhook-id"], now, case.body.decode())
    headers = sent | {"webhook-signature": f"v1,AAAA v1a,AAAA {made}"}
    events = PROVIDERS["standard"].verify(case.body, headers, secrets=[case.secret], now=now)
    assert [event.id for event in events] == [f"standard:{sent['webhook-id']}"]


@st.composite
def _tampered(draw: st.DrawFn, headers: Mapping[str, str]) -> dict[str, str]:
    name = draw(st.sampled_from(sorted(headers)))
    text = headers[name]
    at = draw(st.integers(0, len(text)))
    inserted = draw(st.sampled_from(["", "0", "a", ",", " ", "=", ";", "v1,", "\xe9"]))
    # A header's value has no white space around it.
    return {name: (text[:at] + inserted + text[at + draw(st.integers(0, 2)) :]).strip()}
