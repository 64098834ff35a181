"""A person whose every word is marked, so that any trace of them can be found."""

import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.db import connection

from billing.idempotency.encryption import decrypt
from billing.idempotency.keys import reference_of
from billing.models import IdempotencyKey
from tests.delivering import Json

MARK = "Erasemark"
CARD = "4242 4242 4242 4242"
IP = "203.0.113.77"
PHONE = "+49 30 901820"
EMAIL = f"jo.{MARK}@example.com"
NAME = f"Jo {MARK}"
TRACES = (MARK, CARD, CARD.replace(" ", ""), IP, PHONE, "901820")
"""What tells of the person, wherever it is found."""

ADDRESS = {
    "city": f"{MARK}ville",
    "country": "DE",
    "line1": f"{MARK} Street 7",
    "line2": f"c/o {MARK}",
    "postal_code": f"{MARK}0",
    "state": f"{MARK} State",
}
CONTACT = {"address": ADDRESS, "email": EMAIL, "name": NAME, "phone": PHONE}
TYPED = {"metadata": {f"{MARK}_key": f"likes {MARK}", "card": CARD}, "description": f"For {NAME}"}
FIELD = {"key": "hobby", "label": {"custom": MARK}, "text": {"value": f"{MARK} hobby"}}
OF_KIND: dict[str, Json] = {
    "customer": {**CONTACT, **TYPED, "shipping": CONTACT, "preferred_locales": [MARK]},
    "subscription": TYPED,
    "invoice": {
        **TYPED,
        "account_name": f"Shop of {MARK}",
        "custom_fields": [{"name": "PO", "value": MARK}],
        "customer_address": ADDRESS,
        "customer_email": EMAIL,
        "customer_name": NAME,
        "customer_phone": PHONE,
        "customer_tax_ids": [{"type": "eu_vat", "value": f"DE{MARK}"}],
        "footer": f"Dear {NAME}",
        "hosted_invoice_url": f"https://invoice.stripe.com/i/{MARK}",
    },
    "payment_intent": {**TYPED, "receipt_email": EMAIL, "shipping": CONTACT},
    "charge": {
        **TYPED,
        "billing_details": CONTACT,
        "failure_message": f"{NAME} has no money",
        "receipt_email": EMAIL,
        "receipt_url": f"https://pay.stripe.com/receipts/{MARK}",
        "shipping": CONTACT,
        "source": {"id": "card_1", "object": "card", "name": NAME, "fingerprint": MARK},
    },
    "refund": {**TYPED, "instructions_email": EMAIL},
    "dispute": {
        **TYPED,
        "evidence": {
            "customer_email_address": EMAIL,
            "customer_name": NAME,
            "customer_purchase_ip": IP,
            "receipt": f"file_{MARK}",
            "uncategorized_text": f"{NAME} called from {IP}",
        },
    },
    "checkout.session": {
        **TYPED,
        "client_reference_id": f"user-{MARK}",
        "collected_information": {"shipping_details": CONTACT},
        "custom_fields": [FIELD],
        "customer_details": CONTACT,
    },
    "payment_method": {**TYPED, "billing_details": CONTACT},
    "review": {"ip_address": IP, "ip_address_location": {"city": MARK, "latitude": 52.5}},
}


def as_body(event: Json) -> bytes:
    """An event as it is delivered."""
    return json.dumps(event).encode()


def marked(subject: Json) -> Json:
    """An object as it is when the person has written and said everything that can be."""
    return subject | OF_KIND.get(subject["object"], {})


def mark(event: Json) -> Json:
    """An event about such an object."""
    data = event["data"]
    if (previous := data.get("previous_attributes")) is not None:
        data = data | {"previous_attributes": previous | {"name": f"Old {MARK}", "metadata": {}}}
    return event | {"data": data | {"object": marked(data["object"])}}


def traces(text: str) -> set[str]:
    """Which marks are in a text, in any case."""
    folded = text.casefold()
    return {trace for trace in TRACES if trace.casefold() in folded}


def traces_in_database() -> list[str]:
    """Every column of every table that has a mark in it, decoded and decrypted."""
    return [
        f"{place}: {sorted(told)} {text[:200]}"
        for place, text in readings_of_database()
        if (told := traces(text))
    ]


def readings_of_database() -> Iterator[tuple[str, str]]:
    """Each value in the database with its place, in every way that it can be read."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT * FROM {quoted}")  # noqa: S608
            columns = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                for name, value in zip(columns, row, strict=True):
                    for text in _readings(value):
                        yield f"{table}.{name}", text
    for answer in IdempotencyKey.objects.exclude(response_body=""):
        for text in _readings(decrypt(answer.response_body, reference_of(answer))):
            yield "decrypted answer", text


def _readings(value: Any) -> Iterator[str]:
    if isinstance(value, memoryview | bytes):
        value = bytes(value).decode(errors="replace")
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    yield text
    with suppress(ValueError):
        yield json.dumps(json.loads(text), ensure_ascii=False)
    with suppress(binascii.Error, ValueError):
        yield base64.b64decode(text, validate=True).decode(errors="replace")
