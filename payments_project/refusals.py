"""Django's own refusals, answered in the form of every other refusal."""

from inspect import unwrap

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from webhooks.exceptions import BadRequest, Failure
from webhooks.problems import problem


def bad_request(_: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django finds suspicious: an unknown host, say."""
    return problem(BadRequest())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that is none, with Django's own page."""
    # Unwrapped: Django would look for a CSRF token in the form, and fail with a 500 over one that
    # can't be read. There is no form on the page that would need the token.
    page: HttpResponse = unwrap(defaults.page_not_found)(request, exception)
    return page


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer where this project failed: programs in their form, people with a page."""
    if request.path_info.startswith("/api/"):
        return problem(Failure())
    return defaults.server_error(request)
