"""What is taken out of texts, and what stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.monitoring.scrubbing import mask_cards, mask_secrets

pytestmark = pytest.mark.one_database

TOKEN = "pay_" + "aB3-_" * 8 + "xyz"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("the secret whsec_abc123 is", "the secret [hidden] is"),
        ("('whsec_abc', 'whsec_def')", "('[hidden]', '[hidden]')"),
        ("Invalid API Key provided: sk_live_****1234", "Invalid API Key provided: [hidden]"),
        ("rk_test_51abc", "[hidden]"),
        ("'pi_3Nabc_secret_Xyz123'", "'[hidden]'"),
        ("cs_test_a1_secret_fidwdXVs", "[hidden]"),
        ("t=1700000000,v1=00112233445566778899aabbccddeeff", "t=1700000000,[hidden]"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: [hidden]"),
        (f"the key {TOKEN}.", "the key [hidden]."),
        ("Cookie: sessionid=abcdef123456; a=b", "Cookie: [hidden]; a=b"),
        ("postgres://anna:geheim@db/x", "postgres://[hidden]@db/x"),
        ("redis://:geheim@cache:6379/0", "redis://[hidden]@cache:6379/0"),
        ("host=db password=geheim dbname=x", "host=db [hidden] dbname=x"),
        ("Failing row contains (1, a@b.example).", "Failing row contains ([hidden]"),
        ("my-own-secret and my%2Down", "[hidden] and my%2Down"),
        ("x 4242 4242 4242 4242 y", "x [card 4242] y"),
        ("4242-4242-4242-4242", "[card 4242]"),
        ("at 12 4000056655665556 exp 12", "at 12 [card 5556] exp 12"),
        ("378282246310005,5555555555554444", "[card 0005],[card 4444]"),
    ],
)  # fmt: skip
def test_secrets_are_removed(text: str, left: str) -> None:
    assert mask_secrets(text, ["my-own-secret", "x"]) == left


@pytest.mark.parametrize(
    "text",
    [
        "evt_4242424242424242 of cus_NffrFeUfNV2Hib",
        "2026-11-21 10:00:12,345 WARNING webhooks.views refused a delivery to 'stripe'",
        "4242424242424241",
        "123456789012",
        "550e8400-e29b-41d4-a716-446655440000",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "webhooks/tests/test_secret_checks.py",
        "STRIPE_WEBHOOK_SECRET is not set; password authentication failed for user anna",
        "https://example.com/a:b@c",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert mask_secrets(text) == text


@given(st.text(alphabet="0123456789 -", max_size=60))
def test_no_whole_number_that_could_be_a_card_s_is_left(text: str) -> None:
    left = mask_cards(text)

    assert not any(
        13 <= len(word) <= 19 and word.isdigit() and is_luhn(word) for word in left.split()
    )


def is_luhn(digits: str) -> bool:
    doubled = [2 * int(digit) for digit in digits[-2::-2]]
    return (sum(map(int, digits[::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
