"""Django's own refusals, answered in the form of every other refusal."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from webhooks.exceptions import BadRequest, Failure
from webhooks.problems import problem


def bad_request(_: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django finds suspicious: an unknown host, say."""
    return problem(BadRequest())


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer where this project failed: programs in their form, people with a page."""
    if request.path_info.startswith("/api/"):
        return problem(Failure())
    return defaults.server_error(request)
