"""Single values as HTML, on every screen alike."""

from datetime import datetime
from typing import Final, Literal

from django.db.models import Model
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from webhooks.admin.style import LABEL_TEMPLATE
from webhooks.models.permissions import may_view
from webhooks.providers import PROVIDERS

NOTHING: Final = "\N{EN DASH}"
# Unlike the formats of a language, these sort, and mean the same to every reader.
DAY: Final = "Y-m-d"
TIME: Final = "H:i:s"

BadgeKind = Literal["", "primary", "info", "success", "warning", "danger"]


def badge(text: str, kind: BadgeKind = "") -> SafeString:
    """Return a coloured label."""
    return render_to_string(LABEL_TEMPLATE, {"text": text, "type": kind, "size": "md"})


def mode(livemode: bool) -> SafeString:
    """Return a badge that says if real money is meant."""
    return badge("Live", "primary") if livemode else badge("Test")


def origin(provider: str, livemode: bool) -> SafeString:
    """Return badges that say whose it is, and if real money is meant."""
    return format_html("{} {}", badge(provider), mode(livemode))


def moment(value: datetime | None) -> SafeString | str:
    """Return a moment to the second, in the project's time zone."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    day, time = date_format(local, DAY), date_format(local, TIME)
    return format_html("<time><span>{}</span> {}</time>", day, time)


def ordinal(place: int) -> str:
    """Return the place in a row, in words as far as they are short."""
    return {1: "first", 2: "second", 3: "third"}.get(place, f"{place}th")


def time_of(value: datetime, now: datetime) -> str:
    """Return a moment near to now: its time, and its day where that is another."""
    local = timezone.localtime(value)
    same_day = local.date() == timezone.localtime(now).date()
    return date_format(local, TIME if same_day else f"{DAY} {TIME}")


def code(text: str) -> SafeString | str:
    """Return an id, a hash or a name in a program, in a fixed-width font."""
    # Cut off on a list by the style sheet, whole in the title.
    return format_html('<span class="code" title="{0}">{0}</span>', text) if text else NOTHING


def event_type(text: str) -> SafeString:
    """Return an event's type, which a line break may take apart after a dot."""
    return format_html_join(mark_safe(".<wbr>"), "{}", ((part,) for part in text.split(".")))


def link(url: str, text: str) -> SafeString:
    """Return a link to another screen."""
    return format_html('<a class="link" href="{}">{}</a>', url, text)


def link_if_viewable(request: HttpRequest, model: type[Model], url: str, text: str) -> str:
    """Return a link to a screen of a model's; the text alone for those who may not open it."""
    return link(url, text) if may_view(request.user, model) else text


def page_url(row: Model) -> str:
    """Return the address of an object's page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def search_url(model: type[Model], text: str) -> str:
    """Return the address of a model's list, searched for a text."""
    screen = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return reverse(screen, query={"q": text})


def two_lines(upper: str, lower: str) -> SafeString:
    """Return a cell with what matters above, and what tells it apart below."""
    return format_html('<div class="two-lines">{}<div>{}</div></div>', upper, lower)


def dashboard_link(
    provider: str, object_type: str, object_id: str, account: str, livemode: bool
) -> SafeString | str:
    """Return a link to the provider's own page about an object; empty where there is none."""
    # A row may be of a provider that this version no longer knows.
    known = PROVIDERS.get(provider)
    url = known.dashboard_url(object_type, object_id, account, livemode) if known else ""
    if not url:
        return ""
    return format_html(
        '<a class="link" href="{}" target="_blank" rel="noopener noreferrer">'
        'in&nbsp;{}<span class="material-symbols-outlined">open_in_new</span></a>',
        url,
        provider.capitalize(),
    )
