"""Words about a person, planted wherever an event may hold any, are gone after an erasure."""

from io import StringIO
from itertools import cycle
from typing import Any, Final

import pytest
from django.core.management import call_command

from billing.models import MODELS
from billing.privacy.redaction import is_personal
from tests.delivering import Json, deliver
from tests.marked import readings_of_database
from webhooks.models import WebhookEvent
from webhooks.privacy.meanings import meaning_of
from webhooks.privacy.vocabulary import Meaning
from webhooks.testing import recordings, stripe_events

pytestmark = pytest.mark.django_db(transaction=True)

WORD: Final = "quillfeather"
SMALL: Final = "zoe_quillfeather_20"
CAPITALS: Final = "ZOE-QUILLFEATHER-20"
WORDS: Final = (
    *("Zoë Quillfeather", "zoe.quillfeather@example.com", CAPITALS, SMALL),
    *("mailto:zoe.quillfeather%40example.com", "for quillfeather, as she asked"),
)
"""What is planted. In small letters it has the form of an id and of a code."""

CUSTOMER: Final = "cus_zoe"

KIT: Final = (
    *("charge.succeeded", "charge.failed", "charge.refunded", "charge.dispute.created"),
    *("charge.dispute.closed", "charge.refund.updated", "checkout.session.completed"),
    *("checkout.session.expired", "coupon.created", "customer.created", "customer.deleted"),
    *("customer.subscription.created", "customer.subscription.deleted", "invoice.created"),
    *("invoice.finalized", "invoice.paid", "invoice.payment_failed", "invoice.voided"),
    *("invoice_payment.paid", "payment_intent.created", "payment_intent.payment_failed"),
    *("payment_intent.succeeded", "payment_method.attached", "payout.failed", "payout.paid"),
    *("refund.created", "refund.failed", "review.opened", "transfer.created"),
)
"""Types of events that the testing kit makes; it has objects of its own for most."""


IDS: Final = (Meaning.ID, Meaning.OWNED, Meaning.CATALOG)

NOBODYS: Final = ("coupon", "plan", "price", "product")
"""The types of what is for sale: no object of these is a person's, and their words are ours."""

BILLED: Final = {*MODELS, "invoice_payment"}


def samples() -> list[Json]:
    """One event of every type that the kit makes, or that lies beside the project, and shape."""
    found = [stripe_events.sample(each, created=1_790_000_000) for each in KIT]
    found += [event for story in recordings.recorded_stories().values() for event in story]
    found += recordings.single_events()
    for subject in recordings.objects().values():
        if "object" in subject:
            kind = f"{subject['object']}.updated"
            found.append(stripe_events.envelope(kind, subject, 1_790_000_000, api_version="new"))
    theirs = [each for each in found if each["data"]["object"]["object"] not in NOBODYS]
    return list({(each["type"], each["api_version"]): each for each in theirs}.values())


class Planting:
    """Words in the place of every text that isn't an id or a code by form, each in its turn."""

    def __init__(self, kind: str, turn: int) -> None:
        # What billing reads must be of its shape; of all else, what is empty is filled as well.
        self.is_billed = kind in BILLED
        self.words = cycle([*WORDS[turn % len(WORDS) :], *WORDS[: turn % len(WORDS)]])

    def into(self, value: Any, key: str) -> Any:
        """The same JSON with words in it."""
        if isinstance(value, dict):
            return {
                name: each if name == "object" else self.into(each, name)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.into(each, key) for each in value]
        is_text = isinstance(value, str) or (value is None and not self.is_billed)
        return self.word(key, value) if is_text else value

    def word(self, key: str, value: Any) -> Any:
        """The next word, unless the value must be of a form."""
        # Billing keeps its rows by what others name: these are ids, as they are at the provider.
        if self.is_billed and (meaning_of(key) in IDS or key in ("currency", "created", "status")):
            return value
        word = next(self.words)
        # By nothing are these to be told from an id, a code, an invoice's number.
        is_of_its_form = (word == SMALL and meaning_of(key) in (*IDS, Meaning.CODE)) or (
            word == CAPITALS and key == "number"
        )
        return value if is_of_its_form or key.endswith("_decimal") else word


def planted(event: Json, number: int) -> Json:
    """An event as one of the customer's, full of words, with ids of its own."""
    subject = event["data"]["object"]
    kind = subject["object"]
    planting = Planting(kind, number)
    theirs = (
        {"id": CUSTOMER} if kind == "customer" else {"customer": CUSTOMER, "id": f"obj_{number}"}
    )
    told = planting.into(subject, "") | theirs
    for key in ("transfer_group", "coupon"):
        told[key] = planting.word(key, "")
    told["discount"] = planting.into(DISCOUNT, "discount")
    previous = planting.into(event["data"].get("previous_attributes") or {}, "")
    return event | {
        "id": f"evt_{number}",
        "data": {"object": told, "previous_attributes": previous},
        "request": {"id": "req_1", "idempotency_key": CAPITALS},
        "livemode": False,
        "account": "",
    }


DISCOUNT: Final[Json] = {
    "object": "discount",
    "coupon": {"id": "", "object": "coupon", "name": "", "percent_off": 20},
    "promotion_code": {"id": "promo_1", "object": "promotion_code", "code": "", "coupon": ""},
}


def money() -> dict[str, list[dict[str, Any]]]:
    """All that billing keeps of its objects, but what is personal."""
    beside = {"id", "snapshots", "updated_at"}
    return {
        kind: [
            {
                name: value
                for name, value in row.items()
                if name not in beside and not is_personal(kind, name) and is_counted(value)
            }
            for row in model._default_manager.order_by("provider_id").values()
        ]
        for kind, model in MODELS.items()
    }


def is_counted(value: Any) -> bool:
    """Amounts, moments, yes and no, codes and ids; not where a word is, as in some recordings."""
    is_word = isinstance(value, str) and (WORD in value.casefold() or value == "subscription")
    # And ids that were cut short there are of no id's form.
    is_cut = isinstance(value, str) and "..." in value
    return not (is_word or is_cut or isinstance(value, list))


def left() -> set[str]:
    """Where the word is still found, in any table."""
    return {place for place, text in readings_of_database() if WORD in text.casefold()}


@pytest.mark.parametrize("comes", ["before the erasure", "after it"])
def test_no_word_about_a_person_outlives_the_erasure(comes: str) -> None:
    events = [planted(event, number) for number, event in enumerate(samples())]
    deliver(stripe_events.sample("customer.created", id=CUSTOMER, created=1_790_000_000))
    if comes == "after it":
        erase()
    for event in events:
        deliver(event)
    before = money()
    if comes == "before the erasure":
        assert len(left()) > 5
        erase()
    assert left() == set()
    assert not WebhookEvent.objects.filter(erased_at=None).exists()
    assert WebhookEvent.objects.count() == len(events) + 1
    for kind, rows in money().items():
        for was, now in zip(before[kind], rows, strict=True):
            assert was.items() <= now.items(), kind


def erase() -> None:
    call_command("erase_customer", CUSTOMER, "--reason=ticket 7", stdout=StringIO())
