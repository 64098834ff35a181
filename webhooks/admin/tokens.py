"""The screen of the API's keys: whose they are, what they open, and an end to them."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone

from webhooks import tokens
from webhooks.admin.panels import Fact, Facts, Panel
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.style import action
from webhooks.admin.values import badge, code, moment
from webhooks.models import ApiToken


@admin.register(ApiToken)
class TokenAdmin(ReadOnlyAdmin):
    """Keys are made by `manage.py api_token`, which shows each once."""

    list_display = ("key", "name", "user", "opens", "validity", "used")
    list_select_related = ("user",)
    search_fields = ("prefix", "name")
    search_help_text = "Name, or how the key begins"
    actions = ("revoke_selected",)

    @admin.display(description="begins with")
    def key(self, row: ApiToken) -> str:
        """Return enough of it to recognise it."""
        return code(row.prefix)

    @admin.display(description="scopes")
    def opens(self, row: ApiToken) -> str:
        """Return what it may be used for."""
        return ", ".join(row.scopes)

    @admin.display(description="status")
    def validity(self, row: ApiToken) -> str:
        """Return a badge that says if it opens anything."""
        if row.revoked_at:
            return badge("Revoked", "danger")
        # A key does what its user may: with the account switched off, nothing.
        is_valid = row.is_valid(timezone.now()) and row.user.is_active
        return badge("Valid", "success") if is_valid else badge("Not valid", "warning")

    @admin.display(description="last used")
    def used(self, row: ApiToken) -> str:
        """Return when it last opened something."""
        return moment(row.last_used_at)

    def panels(self, request: HttpRequest, obj: ApiToken) -> Iterable[Panel]:
        moments = [("Made", obj.created_at), ("Last used", obj.last_used_at)]
        ends = [("Expires", obj.expires_at), ("Revoked", obj.revoked_at)]
        about = [
            Fact("Begins with", code(obj.prefix)),
            Fact("Name", obj.name),
            Fact("User", str(obj.user)),
            Fact("Scopes", self.opens(obj)),
            Fact("Status", self.validity(obj)),
        ]
        yield Facts(
            "API token", [about, [Fact(label, moment(when)) for label, when in moments + ends]]
        )

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """True when the user may revoke keys."""
        return request.user.has_perm("webhooks.change_apitoken")

    @action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: Any) -> None:
        """Let keys open nothing from now on."""
        # One by one: each is an entry of its own in the audit trail.
        for token in queryset:
            tokens.revoke(token, actor=request.user.get_username(), now=timezone.now())
            messages.success(request, f"{token} opens nothing any more.")
