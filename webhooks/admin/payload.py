"""A payload, made readable."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from django.template.defaultfilters import filesizeformat
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString

from webhooks import strict_json
from webhooks.models import WebhookEvent
from webhooks.monitoring.logs import without_own_secrets
from webhooks.privacy.masking import MASK, mask_json
from webhooks.privacy.vocabularies import COMMON, Vocabulary, vocabulary_of

# Each token is marked up by itself: for a payload beyond this size the page would be too heavy.
MAX_COLOURED: Final = 200_000

UNREADABLE: Final = "This is not JSON that can be masked."

# With many values deep down, there is more to indent by than to show.
MAX_INDENTED: Final = 4_000_000

# No part gives back what it took: text that is no JSON after all costs no more than text that is.
_TOKEN = re.compile(
    r'(?P<key>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?=:)'
    r'|(?P<string>"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z))'
    r"|(?P<number>-?\d[\d.eE+-]*)"
    r"|(?P<word>true|false|null)"
    r'|(?P<rest>[^"\dtfn-]+|.)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Payload:
    """The panel with what the provider sent; without a text once it was cleaned up."""

    text: str | None
    size: str
    is_masked: bool = True
    raw_url: str = ""
    template: ClassVar[str] = "webhooks/panels/payload.html"


def payload_panel(event: WebhookEvent, raw_url: str = "") -> Payload:
    """Return the payload of an event, masked; `raw_url` leads those who may to what is masked."""
    if event.body is None:
        return Payload(None, "")
    body = bytes(event.body)
    text = masked(body, vocabulary_of(event.provider))
    return Payload(colour(text), filesizeformat(len(body)), raw_url=raw_url)


def raw_panel(body: bytes, provider: str) -> Payload:
    """Return a payload as it was signed, indented and coloured, but for what opens anything."""
    text = masked(body, vocabulary_of(provider), personal=False)
    return Payload(colour(text), filesizeformat(len(body)), is_masked=False)


def masked(body: bytes, vocabulary: Vocabulary = COMMON, *, personal: bool = True) -> str:
    """Return a body as JSON on many lines, without what opens anything.

    Without what identifies a person either, if what is `personal` is to be masked.
    """
    try:
        payload = mask_json(strict_json.read(body), MASK, personal=personal, vocabulary=vocabulary)
        return without_own_secrets(_readable(payload))
    except ValueError:
        # Shown as it is, it might show anybody's address: what can't be read can't be masked.
        return UNREADABLE


def _readable(payload: object) -> str:
    lines = json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(payload)
    text = "".join(_at_most(MAX_INDENTED, lines))
    # JSON may hold lone surrogates, which no page can be sent with.
    return text.encode(errors="backslashreplace").decode()


def colour(text: str) -> SafeString:
    """Return the HTML of a JSON text, every part of it escaped."""
    if len(text) > MAX_COLOURED:
        return escape(text)
    return format_html_join("", '<span class="json-{}">{}</span>', _tokens(text))


def _at_most(length: int, pieces: Iterable[str]) -> Iterator[str]:
    for piece in pieces:
        length -= len(piece)
        if length < 0:
            raise ValueError("too long")
        yield piece


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for token in _TOKEN.finditer(text):
        yield token.lastgroup or "", token.group()
