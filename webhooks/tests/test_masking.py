"""What is personal, what is secret, and what is neither."""

import json
from typing import Any

import pytest

from webhooks.privacy.card_numbers import card_like
from webhooks.privacy.masking import MASK, mask_json, mask_text
from webhooks.privacy.vocabulary import is_personal
from webhooks.testing import stripe_events

pytestmark = pytest.mark.one_database

CARDS = ["4242424242424242", "4242 4242 4242 4242", "378282246310005", "6011-0009-9013-9424"]


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("text", ["{}", "card{}!", "no. 17 {} 12/27", "({})", "\u00e9{}\u00e9"])
def test_card_numbers_are_found_anywhere(number: str, text: str) -> None:
    assert card_like(text.format(number))
    assert number not in mask_text(text.format(number), MASK)


@pytest.mark.parametrize(
    "text",
    [
        *("4242424242424241", "424242424242", "42424242424242424242", "ch_4242424242424242"),
        *("2026-11-21 09:53:44", "1.5", "", "4 2", "+49 30 901820"),
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert not card_like(text)
    assert mask_text(text, MASK) == text


@pytest.mark.parametrize(
    "secret",
    [
        *("whsec_abcdefghijklmnop", "sk_live_abcdefghij", "rk_test_abcdefghij"),
        *("pi_3Nabc_secret_def456", "jane.doe@example.com", "pay_" + "x" * 43),
    ],
)
def test_secrets_and_addresses_are_masked_in_texts(secret: str) -> None:
    assert mask_text(f"failed for {secret}, again", MASK) == f"failed for {MASK}, again"


@pytest.mark.parametrize("text", ["jane.doe@example.com", *CARDS, "sk_live_abcdefghij"])
def test_what_is_called_an_id_and_is_none_is_masked_like_any_text(text: str) -> None:
    masked = mask_json({"metadata": {"id": text}, "id": "ch_4242424242424242"}, MASK)

    assert masked == {"metadata": {"id": MASK}, "id": "ch_4242424242424242"}


@pytest.mark.parametrize(
    "subject",
    [
        {"object": "credit_note", "pdf": "https://pay.example/credit_notes/1/pdf"},
        {"object": "identity.verification_session", "url": "https://verify.example/start/1"},
        {"object": "account_link", "url": "https://connect.example/setup/1"},
        {"object": "login_link", "url": "https://connect.example/login/1"},
        {
            "object": "treasury.received_credit",
            "hosted_regulatory_receipt_url": "https://x.example",
        },
    ],
)
def test_pages_that_let_their_bearer_in_are_masked(subject: dict[str, str]) -> None:
    masked = mask_json(subject, MASK)

    assert sorted(masked.values()) == sorted([subject["object"], MASK])


@pytest.mark.parametrize(
    ("key", "place", "personal"),
    [
        ("email", {}, True),
        ("receipt_email", {}, True),
        ("customerEmail", {}, True),
        ("customer_email_address", {}, True),
        ("phone", {}, True),
        ("address", {}, True),
        ("address_line1", {}, True),
        ("address_line1_check", {}, False),
        ("billing_address_collection", {}, False),
        ("phone_number_collection", {}, False),
        ("customer_purchase_ip", {}, True),
        ("description", {}, False),
        ("shipping_cost", {}, False),
        ("line_items", {}, False),
        ("nickname", {}, False),
        ("statement_descriptor", {}, False),
        ("account_holder_name", {}, True),
        ("account_holder_type", {}, False),
        ("dob", {}, True),
        ("ssn_last_4", {}, True),
        ("ssn_last_4_provided", {}, False),
        ("evidence", {}, True),
        ("evidence_details", {}, False),
        ("name", {}, False),
        ("name", {"kind": "product"}, False),
        ("name", {"kind": "customer"}, True),
        ("name", {"parent": "shipping"}, True),
        ("name", {"siblings": ["name", "phone"]}, True),
        ("first_name", {"parent": "from"}, True),
        ("value", {"kind": "tax_id"}, True),
        ("value", {"kind": "coupon"}, False),
    ],
)
def test_keys_are_masked_or_kept(key: str, place: dict[str, Any], personal: bool) -> None:
    assert is_personal(key, **place) is personal


def test_a_payload_keeps_its_shape_its_ids_and_its_amounts() -> None:
    told = {
        "id": "evt_1",
        "data": {
            "object": {
                "id": "cus_1",
                "object": "customer",
                "name": "Jane Doe",
                "email": "jane@example.com",
                "address": {"line1": "Main St 1", "country": "DE", "city": None},
                "balance": -500,
                "metadata": {"order": "A-17", "card": "4242 4242 4242 4242", "mail": "j@x.de"},
                "discount": {"coupon": {"object": "coupon", "name": "Summer"}},
            },
            "previous_attributes": {"name": "Jane Roe", "balance": 0},
        },
    }

    assert mask_json(told, MASK) == {
        "id": "evt_1",
        "data": {
            "object": {
                "id": "cus_1",
                "object": "customer",
                "name": MASK,
                "email": MASK,
                "address": {"line1": MASK, "country": "DE", "city": None},
                "balance": -500,
                "metadata": {"order": "A-17", "card": MASK, "mail": MASK},
                "discount": {"coupon": {"object": "coupon", "name": "Summer"}},
            },
            "previous_attributes": {"name": MASK, "balance": 0},
        },
    }


def test_free_text_is_masked_on_request() -> None:
    told = {"description": "for Jane", "metadata": {"note": "Jane"}, "amount": 1}

    shown = json.dumps(mask_json(told, MASK, free_text=True))

    assert "Jane" not in shown
    assert '"amount": 1' in shown


def test_sample_events_keep_all_that_is_not_personal() -> None:
    for event in stripe_events.story(0):
        shown = mask_json(event, MASK)
        subject = shown["data"]["object"]
        assert subject["id"] == event["data"]["object"]["id"]
        assert shown["type"] == event["type"]
