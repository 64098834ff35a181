"""Each key has one meaning, and masking, erasing and error reports all act on it."""

from inspect import currentframe
from typing import Any

import pytest
from django.test import RequestFactory

from webhooks.monitoring.error_reports import Filter
from webhooks.privacy.identities import owned, personal_values
from webhooks.privacy.masking import MASK, mask_json
from webhooks.privacy.redaction import redact
from webhooks.privacy.vocabulary import PERSONAL_WORDS, SECRET_WORDS, SHARED_WORDS, TABLE, Meaning

pytestmark = pytest.mark.one_database

TEXT = "Jo Smith, 2nd floor"


def mask(key: str, value: Any, *, free_text: bool = False) -> Any:
    return mask_json({key: value}, MASK, free_text=free_text)[key]


def erase(key: str, value: Any) -> Any:
    return redact({key: value})[key]


def keys(*meanings: Meaning) -> list[str]:
    return [key for meaning in meanings for key in TABLE[meaning]]


def test_no_key_has_two_meanings() -> None:
    every = keys(*Meaning)
    assert len(every) == len(set(every))


@pytest.mark.parametrize("key", [*keys(Meaning.SECRET), *sorted(SECRET_WORDS)])
def test_a_secret_is_masked_erased_and_kept_out_of_error_reports(key: str) -> None:
    assert mask(key, TEXT) == MASK
    assert erase(key, TEXT) is None
    scope: dict[str, Any] = {"currentframe": currentframe}
    exec(f"{key} = 'geheim'\nframe = currentframe()", scope)  # noqa: S102
    request = RequestFactory().get("/")
    shown = dict(Filter().get_traceback_frame_variables(request, scope["frame"]))
    assert "geheim" not in repr(shown[key])


@pytest.mark.parametrize("key", [*keys(Meaning.PERSONAL), *sorted(PERSONAL_WORDS)])
def test_what_identifies_somebody_is_masked_erased_and_looked_for(key: str) -> None:
    assert mask(key, TEXT) == MASK
    assert erase(key, TEXT) is None
    # A town is in the texts of all who live there.
    assert personal_values({key: TEXT}) == (set() if key in SHARED_WORDS else {TEXT})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tax_exempt", "none"),
        ("status", "succeeded"),
        ("currency", "euro"),
        ("verification", "unverified"),
        ("country_of_residence", "DE"),
        ("state", "Hamburg"),
        ("customer", "cus_123456"),
        ("recipient_name", "None"),
    ],
)
def test_nobody_is_known_by_a_provider_s_word(key: str, value: str) -> None:
    assert personal_values({"customer_details": {key: value, "name": "Jo Smith"}}) == {"Jo Smith"}


@pytest.mark.parametrize("key", keys(Meaning.PERSON))
def test_an_object_about_a_person_is_masked_erased_and_looked_for(key: str) -> None:
    assert mask(key, {"name": TEXT})["name"] == MASK
    assert erase(key, {"name": TEXT, "nickname": TEXT}) == {"name": None, "nickname": None}
    assert personal_values({key: {"name": TEXT}}) == {TEXT}


@pytest.mark.parametrize("key", keys(Meaning.FREE_TEXT, Meaning.MESSAGE))
def test_what_people_wrote_is_erased_and_looked_through(key: str) -> None:
    assert mask(key, "write to jo@example.com") == f"write to {MASK}"
    assert erase(key, TEXT) is None


@pytest.mark.parametrize("key", keys(Meaning.FREE_TEXT))
def test_what_people_wrote_is_masked_where_that_is_asked(key: str) -> None:
    assert mask(key, TEXT, free_text=True) == MASK


@pytest.mark.parametrize("key", keys(Meaning.CARD))
@pytest.mark.parametrize("value", ["4242", 4242])
def test_what_tells_cards_apart_is_shown_and_erased(key: str, value: Any) -> None:
    assert mask(key, value) == value
    assert erase(key, value) is None


@pytest.mark.parametrize("key", keys(Meaning.OWNED, Meaning.ID))
def test_ids_are_shown_and_kept(key: str) -> None:
    assert mask(key, "ch_1") == "ch_1"
    assert erase(key, "ch_1") == "ch_1"
    assert owned({key: "ch_1"}) == ({"ch_1"} if key in TABLE[Meaning.OWNED] else set())
    # Somebody's words, or an address, where an id should be.
    for text in (TEXT, "jo@example.com", "JO-SMITH-20", "jo%40example.com", "Smith"):
        assert erase(key, text) is None
        assert owned({key: text}) == set()


@pytest.mark.parametrize("key", keys(Meaning.CATALOG))
def test_what_is_sold_keeps_ids_that_were_made_up(key: str) -> None:
    for kept in ("price_1", "gold-monthly"):
        assert erase(key, kept) == kept
        assert erase(key, {"id": kept}) == {"id": kept}
    assert erase(key, TEXT) is None
    assert erase(key, {"id": "JO-SMITH-20"}) == {"id": None}


@pytest.mark.parametrize("key", keys(Meaning.CHOSEN))
def test_ids_that_are_made_up_for_a_person_are_shown_and_erased(key: str) -> None:
    for text in ("JO-SMITH-20", "jo_smith", TEXT):
        assert mask(key, text) == text
        assert erase(key, text) is None
        assert erase(key, {"id": text, "percent_off": 20}) == {"id": None, "percent_off": 20}


@pytest.mark.parametrize("key", keys(Meaning.CODE))
def test_codes_are_shown_and_kept_but_no_sentence_in_their_place(key: str) -> None:
    assert mask(key, "card_declined") == "card_declined"
    assert erase(key, "card_declined") == "card_declined"
    assert erase(key, TEXT) is None
    assert erase(key, "4242.4242.4242.4242") is None
