"""The events that belong to something else, for the pages of other apps."""

from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from webhooks.admin.panels import Panel, Table, Withheld
from webhooks.admin.states import state
from webhooks.admin.values import badge, code, event_type, link, moment, page_url, search_url
from webhooks.models import WebhookEvent
from webhooks.models.permissions import may_view

SHOWN: Final = 20


def events_url(text: str) -> str:
    """Return the address of the list of events, searched for a text."""
    return search_url(WebhookEvent, text)


def events_panel(request: HttpRequest, title: str, *, term: str, **where: object) -> Panel:
    """Return the latest events in an indexed selection, with a link to the rest, by `term`."""
    if not may_view(request.user, WebhookEvent):
        return Withheld()
    now = timezone.now()
    # By the key, which is the order of arrival: `received_at` would need an index for each column
    # that is selected by.
    events = WebhookEvent.objects.filter(**where).defer("body").order_by("-id")[:SHOWN]
    return Table(
        title,
        ["Event", "Id", "Status", "Received", "Error"],
        [
            [
                link(page_url(event), event_type(event.type)),
                code(event.event_id),
                badge((shown := state(event, now)).label, shown.kind),
                moment(event.received_at),
                event.last_error,
            ]
            for event in events
        ],
        more_url=events_url(term),
    )
