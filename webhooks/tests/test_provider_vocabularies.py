"""What each provider's vocabulary keeps of an event, and what the careful one does."""

from typing import Any, Final

import pytest

from webhooks.privacy.identities import named, owned, personal_values
from webhooks.privacy.masking import MASK, mask_json
from webhooks.privacy.meanings import meaning_of
from webhooks.privacy.redaction import redact
from webhooks.privacy.vocabularies import CAREFUL, Vocabulary, vocabulary_of
from webhooks.privacy.vocabulary import Meaning
from webhooks.providers import PROVIDERS
from webhooks.tests.personal_cases import PERSONAL

pytestmark = pytest.mark.one_database

WORDS: Final = (
    *("Zoë Quillfeather", "zoe.quillfeather@example.com", "Quillfeather", "quill feather 20"),
    *("https://quillfeather.example/?name=Zoe", "mailto:zoe%40quillfeather.example", "QUILL, ZOE"),
)
CAPITALS: Final = "ZOE-QUILLFEATHER-20"
IDS: Final = (Meaning.ID, Meaning.OWNED, Meaning.CATALOG)


def planted(value: Any, word: str) -> Any:
    """Return the same JSON with a word in the place of each text."""
    if isinstance(value, dict):
        return {key: planted(each, word) for key, each in value.items()}
    if isinstance(value, list):
        return [planted(each, word) for each in value]
    return word if isinstance(value, str) else value


def texts(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Return the texts in JSON, each with its key."""
    if isinstance(value, dict):
        return [found for name, each in value.items() for found in texts(each, name)]
    if isinstance(value, list):
        return [found for each in value for found in texts(each, key)]
    return [(key, value)] if isinstance(value, str) else []


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_no_words_of_somebody_s_stay_at_any_key(name: str, word: str) -> None:
    left = redact(planted(PERSONAL[name].payload, word), vocabulary=vocabulary_of(name))

    assert texts(left) == []


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_what_has_an_id_s_form_stays_at_the_keys_of_ids_alone(name: str) -> None:
    vocabulary = vocabulary_of(name)

    left = redact(planted(PERSONAL[name].payload, CAPITALS), vocabulary=vocabulary)

    kept = {key for key, _ in texts(left)} - vocabulary.texts.keys()
    assert [key for key in kept if meaning_of(key, vocabulary) not in IDS] == []


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"currency_code": "EUR"}, {"currency_code": "EUR"}),
        ({"currencyIso": "eur"}, {"currencyIso": "eur"}),
        ({"currency_rate": "1.0850"}, {"currency_rate": "1.0850"}),
        ({"grossAmount": "10.00"}, {"grossAmount": "10.00"}),
        ({"value": "1000", "currency": "JPY"}, {"value": "1000", "currency": "JPY"}),
        ({"value": "493055501470", "type": "phone"}, {"value": None, "type": "phone"}),
        ({"totalPrice": "4242424242424242"}, {"totalPrice": None}),
        ({"tax_number": "12345678"}, {"tax_number": None}),
        ({"status": "PARTIALLY_REFUNDED"}, {"status": "PARTIALLY_REFUNDED"}),
        ({"status": "Zoe"}, {"status": None}),
        ({"state": "COMPLETED"}, {"state": "COMPLETED"}),
        ({"billing": {"home_state": "HAMBURG"}}, {"billing": {"home_state": None}}),
        ({"code": "ZOE20"}, {"code": None}),
        ({"createdAt": "2026-01-01T00:00:00+0000"}, {"createdAt": "2026-01-01T00:00:00+0000"}),
        ({"start_date": "2026-01-01"}, {"start_date": "2026-01-01"}),
        ({"dateOfBirth": "1990-01-01"}, {"dateOfBirth": None}),
        ({"anything": "1990-01-01"}, {"anything": None}),
        ({"timestamp": 1767225600005}, {"timestamp": 1767225600005}),
        ({"amount": 12345678, "count": 3}, {"amount": 12345678, "count": 3}),
        ({"msisdn": 493055501470}, {"msisdn": None}),
        ({"customer_details": {"id": 7}}, {"customer_details": {"id": None}}),
        ({"notes": {"Zoe": "x"}}, {"notes": {}}),
    ],
)
def test_of_a_provider_that_declares_nothing_stays_what_makes_an_event(
    value: dict[str, Any], left: dict[str, Any]
) -> None:
    assert redact(value, vocabulary=CAREFUL) == left
    assert redact(left, vocabulary=CAREFUL) == left


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("paypal", {"metadata": {"last_update_time": "2026-03-01T10:00:00Z"}}),
        ("paypal", {"event_version": "1.0"}),
        ("paddle", {"totals": {"credit": "0", "grand_total": "5443", "currency_code": "USD"}}),
        ("paddle", {"stored_payment_method_id": "281ff2ca-8550-42b9-bf39-15948e7de62d"}),
        ("razorpay", {"entity": "invoice", "invoice_number": "F-17", "card_id": "card_DESlfcNM"}),
        ("square", {"invoice_number": "000012"}),
        ("braintree", {"status": "Past Due", "merchant_account_id": "ogaotkivejpfayqfeaimuktty"}),
        ("gocardless", {"links": {"payment": "PM000001"}, "details": {"reason_code": "ADDACS-B"}}),
        ("adyen", {"pspReference": "4242424242424242", "reason": "refused"}),
        ("lemonsqueezy", {"type": "orders", "id": "7", "attributes": {"currency_rate": "1.00"}}),
        ("telegram", {"invoice_payload": "Gold-2", "telegram_payment_charge_id": "stx_A9-b"}),
        ("paystack", {"reference": "qTPrJoy9Bx", "subscription_code": "SUB_vsyqdmlzble3uii"}),
    ],
)
def test_what_the_books_are_kept_by_stays(name: str, value: dict[str, Any]) -> None:
    assert redact(value, vocabulary=vocabulary_of(name)) == value


def test_what_the_row_is_known_by_stays_wherever_it_is() -> None:
    told = {"kind": "Order Paid", "ref": "ZOE-17", "from": {"id": 42, "name": "ZOE-17, Zoe"}}

    left = redact(told, known={"Order Paid", "ZOE-17", "42"}, vocabulary=CAREFUL)

    assert left == {"kind": "Order Paid", "ref": "ZOE-17", "from": {"id": 42, "name": None}}


OWN: Final = Vocabulary(
    keys={
        Meaning.OWNED: ("ticket",),
        Meaning.PERSONAL: ("seat",),
        Meaning.ID: ("hall",),
    },
    id_form=r"T[0-9]+",
    texts={"row": r"row [0-9]+"},
    people=("guest",),
    kind="is",
)


def test_a_provider_of_one_s_own_says_what_its_keys_hold() -> None:
    told = {
        "is": "visit",
        "ticket": "T17",
        "hall": "T2",
        "seat": "next to Zoe",
        "row": "row 7",
        "guest": {"name": "Zoe Quillfeather"},
        "ticketName": "T17",
    }

    assert redact(told, vocabulary=OWN) == {
        "is": None,
        "ticket": "T17",
        "hall": "T2",
        "seat": None,
        "row": "row 7",
        "guest": {"name": None},
        "ticketName": None,
    }
    assert owned(told, OWN) == {"T17"}
    assert named(told | {"customer_id": "anybody"}, OWN) == ["T17", "anybody"]
    assert personal_values(told, OWN) == {"next to Zoe", "Zoe Quillfeather"}
    masked = mask_json(told, MASK, vocabulary=OWN)
    assert (masked["seat"], masked["guest"], masked["row"]) == (MASK, {"name": MASK}, "row 7")


def test_what_a_refund_of_paypal_s_is_of_is_known_by_its_link() -> None:
    capture = "https://api.sandbox.paypal.com/v2/payments/captures/0KG12345VG343800K"
    plan = "https://api.paypal.com/v1/billing/plans/P-5ML4271244454362WXNWU5NQ"
    told = {"links": [{"rel": "up", "href": capture}, {"rel": "plan", "href": plan}]}

    assert owned(told, vocabulary_of("paypal")) == {"0KG12345VG343800K"}
    left = redact(told, vocabulary=vocabulary_of("paypal"))
    assert [one["href"] for one in left["links"]] == [capture, None]
