"""Holding back those who guess passwords, by django-axes, without holding back their victims.

Failures are counted per account and address together, and per address alone: whoever guesses is
locked out, and the account's owner, who comes from another address, is not. Guessing from many
addresses at once is what the second factor is for.
"""

import copy
from typing import Any, Final

from axes.handlers.database import AxesDatabaseHandler
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.crypto import salted_hmac

from webhooks.guards import client_address as clients

PER_ADDRESS: Final = 4
"""The failures that an address may have at all accounts, as a multiple of `AXES_FAILURE_LIMIT`."""

NOWHERE: Final = "0.0.0.0"  # noqa: S104
"""All whose address nothing tells are one client."""


class LockoutHandler(AxesDatabaseHandler):
    """Counts failures by `AXES_LOCKOUT_PARAMETERS`, and keeps nothing that was typed."""

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Return the failures, as they count towards `AXES_FAILURE_LIMIT`."""
        at_account, at_all = (
            sum(attempts.values_list("failures_since_start", flat=True))
            for attempts in self.get_user_attempts(request, credentials)
        )
        failures: int = max(at_account, at_all // PER_ADDRESS)
        return failures

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        """Forgive an account's failures; what else came from its address stays."""
        # Or whoever guesses could clear an address by logging in to an account of their own.
        at_account, _ = self.filter_user_attempts(request, credentials)
        count, _ = at_account.delete()
        return int(count)

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Count a failure, without what the form held: passwords end up in the wrong fields."""
        if request is None:
            return
        # axes stores what the forms held; it is given a copy, as the view still needs the form.
        bare = copy.copy(request)
        bare.GET, bare.POST = QueryDict(), QueryDict()
        super().user_login_failed(sender, credentials, bare, **kwargs)
        request.axes_locked_out = bare.axes_locked_out
        request.axes_credentials = bare.axes_credentials


def account(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Return the account that is tried; for an unknown one a mark, as it may be a password."""
    name = str((credentials or {}).get("username") or "")
    # PostgreSQL refuses a text with a NUL.
    if "\0" not in name and User.objects.filter(username=name).exists():
        return name
    mark = salted_hmac("webhooks.lockouts", name.encode(errors="replace")).hexdigest()
    return f"unknown {mark[:16]}"


def client_address(request: HttpRequest) -> str:
    """Return a request's client address, as far as our proxies tell (`TRUSTED_PROXY_COUNT`).

    Each of them adds to the end of `X-Forwarded-For` whom it heard from; what stands before is
    the client's to forge.
    """
    return clients.household(clients.address(request.META)).partition("/")[0] or NOWHERE


def refusal(request: HttpRequest, *_: Any) -> HttpResponse:
    """Answer somebody who is locked out, in the same way whatever the account and the password."""
    seconds = round(settings.AXES_COOLOFF_TIME.total_seconds())
    context = {**admin.site.each_context(request), "title": "Log in", "minutes": seconds // 60}
    answer = render(request, "staff/locked_out.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
