"""The screen of idempotency keys: what was asked for once, and how it ended."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from billing.admin.key_states import STALE, state_of
from billing.idempotency.hashed_keys import is_hashed, names_of
from billing.models import IdempotencyKey
from billing.stripe_client import StripeClient
from webhooks.admin.filters import Choices
from webhooks.admin.panels import Fact, Facts, Panel
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.style import ChoiceFilter, DropdownFilter, TextFilter
from webhooks.admin.values import NOTHING, badge, code, link_if_viewable, moment, search_url
from webhooks.models import ApiToken, WebhookEvent
from webhooks.privacy.masking import MASK, mask_text

State = IdempotencyKey.State

OPERATIONS: Final = tuple(name for name in vars(StripeClient) if not name.startswith("_"))
"""The calls to Stripe. The key of each begins with its name."""

MOST_CALLERS: Final = 1000
"""A key that was hashed is looked for under the hashes that it has for so many users."""


class StateFilter(ChoiceFilter):
    """The stored state; started ones are told apart by whether anybody is still at it."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            (State.STARTED, "In flight"),
            (STALE, "Stale"),
            (State.FAILED, "To be tried again"),
            (State.COMPLETED, "Completed"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value, now = self.value(), timezone.now()
        if value == STALE:
            return queryset.filter(state=State.STARTED, locked_until__lte=now)
        if value == State.STARTED:
            return queryset.filter(state=value, locked_until__gt=now)
        return queryset.filter(state=value) if value else queryset


class OperationFilter(DropdownFilter):
    """One of the calls to Stripe, or whatever programs ask the API for."""

    title = "operation"
    parameter_name = "operation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("api", "Requests to the API"), *((name, _words(name)) for name in OPERATIONS)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "api":
            return queryset.filter(scope__startswith="api:")
        return queryset.filter(key__startswith=f"{self.value()}-") if self.value() else queryset


class ScopeFilter(TextFilter):
    """The owner of keys, whole."""

    title = "scope (stripe, stripe:ACCOUNT or api:USER)"
    parameter_name = "scope"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        # No database stores the NUL that an address can hold.
        value = (self.value() or "").strip().replace("\0", "")
        return queryset.filter(scope=value) if value else queryset


class AnswerFilter(ChoiceFilter):
    """The kinds of answers that are worth a look. Most are 2xx."""

    title = "answer"
    parameter_name = "answer"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [("4xx", "4xx, refused"), ("5xx", "5xx, failed")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        first = {"4xx": 400, "5xx": 500}.get(self.value() or "")
        return queryset.filter(response_status__range=(first, first + 99)) if first else queryset


@admin.register(IdempotencyKey)
class KeyAdmin(ReadOnlyAdmin):
    """Keys of the last day or two, without what was answered: that may hold secrets."""

    list_display = ("operation", "status", "scope_shown", "object", "answer", "begun", "expires")
    list_filter = (StateFilter, OperationFilter, ScopeFilter, AnswerFilter)
    search_fields = ("response_id",)
    search_help_text = "Key as its caller knows it, or the object's id"

    def get_queryset(self, request: HttpRequest) -> Any:
        # Not even read: no page has any use for it.
        return super().get_queryset(request).defer("response_body")

    def found_by(self, request: HttpRequest, term: str) -> Q:
        # An erasure may have hashed the key, which is another hash for each user.
        callers = ApiToken.objects.order_by("user_id").values_list("user_id", flat=True).distinct()
        names = {name for user in callers[:MOST_CALLERS] for name in names_of(f"api:{user}", term)}
        return super().found_by(request, term) | Q(key__in={term, *names})

    @admin.display(description="operation")
    def operation(self, row: IdempotencyKey) -> str:
        """Return what was asked for."""
        return _operation(row)

    @admin.display(description="state")
    def status(self, row: IdempotencyKey) -> str:
        """Return how it ended, or since when it has not."""
        now = timezone.now()
        state = state_of(row, now)
        return format_html("{} {}", badge(state.label, state.kind), state.when)

    @admin.display(description="scope")
    def scope_shown(self, row: IdempotencyKey) -> str:
        """Return whose key it is."""
        return code(row.scope)

    @admin.display(description="object")
    def object(self, row: IdempotencyKey) -> str:
        """Return the id of what was made or changed."""
        return code(row.response_id) if row.response_id else NOTHING

    @admin.display(description="answer")
    def answer(self, row: IdempotencyKey) -> str:
        """Return the status that was answered."""
        return str(row.response_status or NOTHING)

    @admin.display(description="begun")
    def begun(self, row: IdempotencyKey) -> str:
        """Return when it was first asked for."""
        return moment(row.created_at)

    @admin.display(description="expires")
    def expires(self, row: IdempotencyKey) -> str:
        """Return from when on the key is as good as new."""
        return moment(row.expires_at)

    def panels(self, request: HttpRequest, obj: IdempotencyKey) -> Iterable[Panel]:
        about = [
            Fact("State", self.status(obj)),
            Fact("Operation", _operation(obj)),
            Fact("Scope", self.scope_shown(obj)),
            Fact("Object", _events_about(request, obj)),
            Fact("Answered with", self.answer(obj)),
            Fact("What this means", state_of(obj, timezone.now()).meaning, wide=True),
        ]
        details = [
            Fact("Tries", str(obj.attempts)),
            Fact("Begun", self.begun(obj)),
            Fact("Expires", self.expires(obj)),
            Fact("Others may take it over", moment(obj.locked_until)),
            Fact("Key", _key(obj), wide=True),
            Fact("SHA-256 of what was asked for", code(obj.parameters_hash), wide=True),
        ]
        zone = timezone.get_current_timezone_name()
        yield Facts(f"Idempotency key (times in {zone})", [about, details])


def _operation(row: IdempotencyKey) -> str:
    name, _, _ = row.key.partition("-")
    return _words(name) if name in OPERATIONS and row.scope.startswith("stripe") else "API request"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _key(row: IdempotencyKey) -> str:
    if is_hashed(row.key):
        return format_html("hashed, as it may name somebody erased: {}", code(row.key))
    # Whoever calls the API chooses its words.
    return code(mask_text(row.key, MASK) if row.scope.startswith("api:") else row.key)


def _events_about(request: HttpRequest, row: IdempotencyKey) -> str:
    if not row.response_id:
        return NOTHING
    url = search_url(WebhookEvent, row.response_id)
    return link_if_viewable(request, WebhookEvent, url, code(row.response_id))
