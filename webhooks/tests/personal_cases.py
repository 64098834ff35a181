"""An event of each provider's that is full of a person, and what of it must outlive the person.

The main ones are in `personal`, in JSON, each in the shape that its provider documents at `source`.
To the samples of the others a person is added where their objects are.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from webhooks.testing.provider_samples import SAMPLES
from webhooks.testing.stripe_events import sample

Json = dict[str, Any]

TRACES: Final = (
    *("quillfeather", "marchpane", "birdbath", "55501470", "203.0.113.77", '"zoe"', '"7391"'),
    "7391:",
)
"""In small letters what tells of the person; a card's last four digits where a value begins."""

WRITTEN: Final = "peppercorn"
"""What people wrote where anybody may write anything, which staff are shown."""


@dataclass(frozen=True, slots=True)
class Personal:
    """A delivery about a person; `customer` is empty where the provider names none.

    `kept` are the paths in an event of what must stay, where that is there.
    """

    payload: Any
    customer: str
    kept: tuple[str, ...]


_PERSON: Final[Mapping[str, Any]] = {
    "person": {
        "name": "Zoe Quillfeather",
        "firstName": "Zoe",
        "emailAddress": "zoe.quillfeather@example.com",
        "phone_number": "+493055501470",
        "address": {"street": "1 Marchpane Lane", "city": "Birdbath", "country": "GB"},
        "ip": "203.0.113.77",
        "nickName": "Quillfeather",
    },
    "metadata": {"hobby": WRITTEN},
    "currency_code": "EUR",
    "grossAmount": "10.00",
    "state": "COMPLETED",
    "lastChangedAt": "2026-01-01T00:00:00.000Z",
}

_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "flutterwave": ("data", "cus_bsV5Nk"),
    "xendit": ("data", "cust-1"),
    "airwallex": ("data.object", ""),
    "checkoutcom": ("data", "cus_1"),
    "coinbasecommerce": ("event.data", ""),
    "recurly": ("", "verena"),
    "cashfree": ("data", "7112AAA812234"),
    "paymongo": ("data.attributes.data", ""),
    "btcpay": ("", ""),
    "revolut": ("", ""),
    "mollie": ("", ""),
    "dwolla": ("", ""),
    "adyenplatform": ("data", ""),
}
"""Where the others' objects are, and the customers in their samples."""


def values_at(event: Any, path: str) -> Any:
    """Return what is at a path; None where there is nothing."""
    for name in path.split(".") if path else ():
        if isinstance(event, list):
            event = event[int(name)] if int(name) < len(event) else None
        else:
            event = event.get(name) if isinstance(event, dict) else None
    return event


def _cases() -> Iterator[tuple[str, Personal]]:
    for file in sorted((Path(__file__).parent / "personal").glob("*.json")):
        told = json.loads(file.read_text())
        yield file.stem, Personal(told["payload"], told["customer"], tuple(told["kept"]))
    for name, (place, customer) in _PLACES.items():
        payload = deepcopy(SAMPLES[name])
        values_at(payload, place).update(deepcopy(_PERSON))
        kept = ("currency_code", "grossAmount", "state", "lastChangedAt")
        yield name, Personal(payload, customer, tuple(f"{place}.{one}".strip(".") for one in kept))
    # Stripe's whole lives are in `tests.test_erasure`.
    yield "stripe", _stripe()


def _stripe() -> Personal:
    person = {key: each for key, each in _PERSON["person"].items() if key != "nickName"}
    charge = {"customer": "cus_zoe", "billing_details": person, "currency": "eur"}
    event = sample("charge.succeeded", created=1_767_225_600)
    event["data"]["object"].update(charge, metadata=_PERSON["metadata"], amount=1000)
    kept = ("id", "type", "created", "data.object.amount", "data.object.currency")
    return Personal(event, "cus_zoe", kept)


PERSONAL: Final = dict(_cases())
"""A case for each provider: one without any is refused by the tests."""
