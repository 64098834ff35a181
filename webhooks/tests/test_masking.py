"""What is personal, what is secret, and what is neither."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from webhooks.monitoring.scrubbing import mask_cards, mask_secrets
from webhooks.privacy.card_numbers import card_like
from webhooks.privacy.masking import MASK, mask_json, mask_text
from webhooks.privacy.meanings import is_personal
from webhooks.testing import stripe_story

pytestmark = pytest.mark.one_database

CARDS = ["4242424242424242", "4242 4242 4242 4242", "378282246310005", "6011-0009-9013-9424"]
SEPARATORS = [
    *("%20", "+", ".", "/", "\n", "\r\n", "    ", "\u202f", "_", "%2520", "%2F", "%0A", "\\n", "|"),
    *(" - ", "\u200b"),
]
SECRETS = [
    *(
        "Bearer abcdefGH1234-MARK",
        "password=MARKED",
        "sessionid=abcdef123MARK",
        "PWD=MARK",
        "pin=MARK",
    ),
    *("https://shop.example/reset?token=MARKED", "https://shop.example/?a=1&key=MARKED"),
    *("whsec%5FMARKED", "cs=pi_3Zq%5Fsecret%5FMARKED01", "token%3DMARKED", "Bearer%20MARKED01"),
    *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJNQVJLIn0.MARK", "https://anna:MARK@host.example/x"),
    *('{"api_key": "MARKED"}', "{'clientSecret': 'MARKED'}", '"{\\"apiKey\\": \\"MARKED\\"}"'),
    *(
        "https://checkout.stripe.com/c/pay/cs_test_a1MARK#fid",
        "https://pay.stripe.com/receipts/MARK",
    ),
    *("https://hooks.stripe.com/3d/MARK", "https://invoice.stripe.com/i/acct_1/live_MARK"),
]


@pytest.mark.parametrize("number", CARDS)
@pytest.mark.parametrize("text", ["{}", "card{}!", "no. 17 {} 12/27", "({})", "\u00e9{}\u00e9"])
def test_card_numbers_are_found_anywhere(number: str, text: str) -> None:
    assert card_like(text.format(number))
    assert number not in mask_text(text.format(number), MASK)


@pytest.mark.parametrize("separator", SEPARATORS)
def test_card_numbers_are_found_whatever_stands_between_their_digits(separator: str) -> None:
    number = separator.join(["4242"] * 4)

    assert mask_text(f"card:{number} 12", MASK) == f"card:{MASK} 12"
    assert mask_secrets(f"card:{number} 12") == "card:[card 4242] 12"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\uff14\uff12" * 8, MASK),
        ("x?n=%224242424242424242%22", f"x?n=%22{MASK}%22"),
        ("x?n%3D4242424242424242", f"x?n%3D{MASK}"),
        ("card_4242424242424242", f"card_{MASK}"),
    ],
)
def test_card_numbers_are_found_in_other_digits_and_beside_what_is_encoded(
    text: str, left: str
) -> None:
    assert mask_text(text, MASK) == left
    # In logs, what follows an underscore is an id's.
    assert (mask_cards(text) == text) == ("_4" in text)


@pytest.mark.parametrize(
    "text",
    [
        *("jo&#64;x.example", "jo&commat;x.example", "jo&amp;#x40;x.example", "jo\ufe6bx.example"),
        *(r"jo\u0040x.example", r"jo\\u0040x.example", r"jo\x40x.example", "jo%26%2364;x.example"),
        *("4242&nbsp;4242&nbsp;4242&nbsp;4242", "\u200e".join(["4242"] * 4), "\uff53k_live_abcdef"),
        *("sk_\u200blive_abcdef", r"sk\u005flive_abcdef", "whsec&#95;abcdef", "my_sk_live_abcdef"),
        *(r"https:\/\/checkout.stripe.com\/c\/pay\/cs_1", "checkout.stripe.com/c/pay/cs_1"),
        *("https://checkout.stripe.com:443/c/pay/cs_1", "//pay.stripe.com/receipts/1"),
    ],
)
def test_what_is_written_in_another_way_is_masked_all_the_same(text: str) -> None:
    shown = mask_text(text, MASK)
    assert MASK in shown
    assert not any(part in shown for part in ("example", "4242", "abcdef", "cs_1", "receipts/1"))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Caf\u00e9 &amp; Bar \u2460",
            r"C:\users\x41",
            "50% & 7%25",
            r"\ud83d",
            "a&b=c",
            "\ufb01n",
        ),
    ],
)
def test_what_hides_nothing_stays_as_it_was_written(text: str) -> None:
    assert mask_text(text, MASK) == text


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("hidden", [partial(mask_text, mark=MASK), mask_secrets])
def test_what_is_masked_in_logs_is_masked_for_staff_and_the_other_way_round(
    hidden: Callable[[str], str], secret: str
) -> None:
    assert "MARK" not in hidden(f"see {secret} there")


@pytest.mark.parametrize(
    "key",
    [
        *("api_key", "apiKey", "api-key", "API_KEY", "apikey", "accessToken", "token", "password"),
        *("Password", "userpassword", "passwd", "pwd", "pin", "client_secret", "clientSecret"),
        *("session_token", "hosted_invoice_url", "receipt_url", "refresh_token"),
    ],
)
def test_a_secret_is_told_by_its_key_however_it_is_spelt(key: str) -> None:
    told = {"metadata": {key: "MARK"}, "note": {key: {"id": "sk_1", "type": "MARK"}}}

    for shown in (mask_json(told, MASK), mask_json(told, MASK, personal=False)):
        assert shown == {"metadata": {key: MASK}, "note": {key: {"id": MASK, "type": MASK}}}


@pytest.mark.parametrize(
    "key",
    [
        *("Email", "e-mail", "E_MAIL", "emailaddress", "Phone Number", "customerName", "fullname"),
        *("tel", "Customer Name", "postalcode", "billingAddress", "birthdate", "phonenumber"),
    ],
)
def test_what_is_personal_is_told_by_its_key_however_it_is_spelt(key: str) -> None:
    assert mask_json({"metadata": {key: "Jane"}}, MASK) == {"metadata": {key: MASK}}


def test_what_tells_nobody_apart_is_masked_like_any_text() -> None:
    told = {
        "individual": {"type": "jane@example.com", "country": "DE", "id": "4242 4242 4242 4242"}
    }

    assert mask_json(told, MASK) == {"individual": {"type": MASK, "country": "DE", "id": MASK}}


@pytest.mark.parametrize(
    "text",
    [
        *("4242424242424241", "424242424242", "42424242424242424242"),
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
        *("o'brien@example.com", '"jane.doe"@example.com', "jane.doe\uff20example.com"),
    ],
)
def test_secrets_and_addresses_are_masked_in_texts(secret: str) -> None:
    assert mask_text(f"failed for {secret}, again", MASK) == f"failed for {MASK}, again"


@pytest.mark.parametrize("text", ["jane.doe@example.com", *CARDS, "sk_live_abcdefghij"])
def test_what_is_called_an_id_and_is_none_is_masked_like_any_text(text: str) -> None:
    ids = {"id": "ch_4242424242424242", "charge": "ch_4242424242424242"}
    masked = mask_json({"metadata": {"id": text}, **ids}, MASK)

    assert masked == {"metadata": {"id": MASK}, **ids}


@pytest.mark.parametrize(
    "subject",
    [
        {"object": "mandate", "sepa_debit": {"url": "https://x.example/file/1"}},
        {"object": "x", "next_action": {"redirect_to_url": {"url": "https://x.example/3d/1"}}},
        {"object": "x", "next_action": {"alipay_handle_redirect": {"native_url": "alipay://1"}}},
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
@pytest.mark.parametrize("personal", [True, False])
def test_pages_that_let_their_bearer_in_are_masked(subject: dict[str, Any], personal: bool) -> None:
    masked = json.dumps(mask_json(subject, MASK, personal=personal))

    assert "://" not in masked
    assert subject["object"] in masked


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
    for event in stripe_story.story(0):
        shown = mask_json(event, MASK)
        subject = shown["data"]["object"]
        assert subject["id"] == event["data"]["object"]["id"]
        assert shown["type"] == event["type"]
