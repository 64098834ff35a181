"""The screen of refused deliveries: samples, with what tells them apart."""

from collections.abc import Iterable
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest

from webhooks import conf, exceptions
from webhooks.admin.filters import Choices
from webhooks.admin.panels import Fact, Facts, Panel
from webhooks.admin.readonly import ReadOnlyAdmin
from webhooks.admin.style import ChoiceFilter
from webhooks.admin.values import NOTHING, code, moment
from webhooks.models import Refusal

KINDS: Final[tuple[type[exceptions.Rejected], ...]] = (
    exceptions.InvalidSignature,
    exceptions.StaleSignature,
    exceptions.MissingSignature,
    exceptions.MalformedSignature,
    exceptions.MalformedEvent,
    exceptions.SourceNotAllowed,
    exceptions.UnknownEndpoint,
    exceptions.PayloadTooLarge,
    exceptions.UnsupportedMediaType,
    exceptions.RateLimited,
    exceptions.EndpointNotConfigured,
)
ELSEWHERE: Final = "(elsewhere)"
"""In the place of an endpoint, and no endpoint's name."""


class CodeFilter(ChoiceFilter):
    """A filter by the code that the sender was told."""

    title = "code"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(kind.code, kind.code) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(code=self.value()) if self.value() else queryset


class EndpointFilter(ChoiceFilter):
    """One of the endpoints there are, or none of them."""

    title = "endpoint"
    parameter_name = "endpoint"

    # From the settings, not from the rows, in which strangers' guesses stand too.
    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        slugs = list(conf.setting("WEBHOOK_ENDPOINTS"))
        return [*((slug, slug) for slug in slugs), (ELSEWHERE, "none there is")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        # Strangers may write any name there: those can't be choices of their own.
        if value == ELSEWHERE:
            return queryset.exclude(endpoint__in=list(conf.setting("WEBHOOK_ENDPOINTS")))
        return queryset.filter(endpoint=value) if value else queryset


@admin.register(Refusal)
class RefusalAdmin(ReadOnlyAdmin):
    """Refused deliveries, of which a few of many are kept, and never for long."""

    list_display = ("refused", "problem_code", "where", "who", "user_agent", "times")
    list_filter = (CodeFilter, EndpointFilter)
    search_fields = ("client",)
    search_help_text = "Client address"

    @admin.display(description="refused")
    def refused(self, row: Refusal) -> str:
        """Return when."""
        return moment(row.recorded_at)

    @admin.display(description="code")
    def problem_code(self, row: Refusal) -> str:
        """Return the code that the sender was told."""
        return code(row.code)

    @admin.display(description="endpoint")
    def where(self, row: Refusal) -> str:
        """Return the endpoint, as the sender wrote it."""
        return code(row.endpoint)

    @admin.display(description="client")
    def who(self, row: Refusal) -> str:
        """Return the address it came from."""
        return code(row.client)

    @admin.display(description="stands for")
    def times(self, row: Refusal) -> str:
        """Return how many there were since the last one recorded."""
        return f"{row.weight:,}"

    def panels(self, request: HttpRequest, obj: Refusal) -> Iterable[Panel]:
        yield Facts(
            "Refused delivery",
            [
                [
                    Fact("Refused", moment(obj.recorded_at)),
                    Fact("Code", self.problem_code(obj)),
                    Fact("Endpoint", self.where(obj)),
                    Fact("Client address", self.who(obj)),
                    Fact("Stands for", _weight(obj)),
                ],
                [
                    Fact("User agent", obj.user_agent or NOTHING, wide=True),
                    Fact("SHA-256 of the body", code(obj.sha256), wide=True),
                ],
            ],
        )


def _weight(refusal: Refusal) -> str:
    if refusal.weight == 1:
        return "itself alone"
    return f"{refusal.weight:,} since the last one recorded"
