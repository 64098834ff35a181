"""Middleware between a session and the pages that it opens."""

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from payments_project.staff import second_factor

OPEN: Final = frozenset(
    {"admin:login", "admin:logout", "admin:jsi18n", "second-factor", "second-factor-token"}
)
"""The views open to a session whose second factor is still due."""


class SecondFactorMiddleware:
    """Lets a session whose second factor is due prove it, and do nothing else.

    In the admin it is led to where that is done; everywhere else it is nobody's session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Look at the session, if the request has one."""
        # Without a cookie there is nobody to look up: deliveries and probes cost no query.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        match = request.resolver_match
        if match is None or match.view_name in OPEN or not _is_due(request):
            return None
        # The API has no page to prove anything on: there, the session simply opens nothing.
        request.user = AnonymousUser()
        if not request.path.startswith(reverse("admin:index")):
            return None
        where = reverse("second-factor-token", query={"next": request.get_full_path()})
        return HttpResponseRedirect(where)


def _is_due(request: HttpRequest) -> bool:
    user: Any = request.user
    return user.is_authenticated and not user.is_verified() and second_factor.is_due(user)
