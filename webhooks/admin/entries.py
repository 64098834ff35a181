"""The parts of an audit entry as HTML."""

import json
from typing import Any, Final

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from webhooks import audit
from webhooks.admin.values import NOTHING, badge, code, link, page_url, search_url
from webhooks.models import AuditEntry, AuditReason, Replay

REASON_ELSEWHERE: Final = "not kept here; its keyed hash is among the details"


def subject_shown(entry: AuditEntry) -> str:
    """Return what it was done to; for a seal, how many rows of which table."""
    details = entry.details
    if entry.action == AuditEntry.Action.SEALED and "count" in details:
        return format_html("{} of {}", details["count"], code(str(details.get("table", ""))))
    return code(entry.subject)


def linked_subject(request: HttpRequest, entry: AuditEntry) -> str:
    """Return the same, as a link to its screen where the user may open it."""
    shown = subject_shown(entry)
    label, _, key = entry.subject.partition(":")
    # A subject is a text: it may be of a table that is gone, or of no table at all.
    try:
        model = apps.get_model(label)
        screen = admin.site.get_model_admin(model)
    except (LookupError, ValueError, NotRegistered):
        return shown
    if not key or not screen.has_view_permission(request):
        return shown
    # Some subjects are named by what they are known by elsewhere, such as a customer's id.
    if not key.isdecimal():
        return link(search_url(model, key), shown)
    opts = model._meta
    return link(reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[key]), shown)


def reason_of(entry: AuditEntry) -> str:
    """Return why, in the words given with the entry or with the re-run it was about."""
    if given := AuditReason.objects.filter(entry=entry).first():
        return given.text
    replay_id = entry.details.get("replay")
    if isinstance(replay_id, int) and (replay := Replay.objects.filter(pk=replay_id).first()):
        return replay.reason or NOTHING
    return REASON_ELSEWHERE if "reason" in entry.details else NOTHING


def details_of(entry: AuditEntry) -> str:
    """Return everything else, as JSON."""
    return _as_json(entry.details) if entry.details else NOTHING


def mac_of(entry: AuditEntry) -> str:
    """Return the entry's HMAC, and a badge that says if it fits."""
    fits = audit.verify_entry(entry)
    if fits is None:
        verdict = badge("Signed with a key that is not at hand", "warning")
    else:
        verdict = (
            badge("Fits its neighbours", "success") if fits else badge("Does not fit", "danger")
        )
    return format_html("{} {}", code(entry.mac), verdict)


def neighbour(sequence: int) -> str:
    """Return a link to the entry with this number, if there is one."""
    entry = AuditEntry.objects.filter(sequence=sequence).first()
    return link(page_url(entry), str(entry)) if entry else NOTHING


def _as_json(details: Any) -> str:
    text = json.dumps(details, indent=2, ensure_ascii=False)
    return format_html('<pre class="scrolled">{}</pre>', text)
