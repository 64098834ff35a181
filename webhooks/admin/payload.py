"""A payload, made readable."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from django.template.defaultfilters import filesizeformat
from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString

from webhooks.logs import without_secrets
from webhooks.models import WebhookEvent

# Each token is marked up by itself: for a payload beyond this size the page would be too heavy.
MAX_COLOURED: Final = 200_000

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)'
    r'|(?P<string>"(?:[^"\\]|\\.)*")'
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
    template: ClassVar[str] = "admin/panels/payload.html"


def payload_panel(event: WebhookEvent) -> Payload:
    """The payload of an event, indented and coloured."""
    if event.body is None:
        return Payload(None, "")
    body = bytes(event.body)
    return Payload(colour(without_secrets(indent(body))), filesizeformat(len(body)))


def indent(body: bytes) -> str:
    """A body as JSON on many lines, or as it is when it isn't JSON."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode(errors="backslashreplace")
    # JSON may hold lone surrogates, which no page can be sent with.
    return text.encode(errors="backslashreplace").decode()


def colour(text: str) -> SafeString:
    """The HTML of a JSON text, every part of it escaped."""
    if len(text) > MAX_COLOURED:
        return escape(text)
    return format_html_join("", '<span class="json-{}">{}</span>', _tokens(text))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for token in _TOKEN.finditer(text):
        yield token.lastgroup or "", token.group()
