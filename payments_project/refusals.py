"""What Django itself refuses, told in the form of every other refusal."""

from django.http import HttpRequest, HttpResponse

from webhooks.exceptions import BadRequest
from webhooks.problems import problem


def bad_request(_: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django finds suspicious: an unknown host, say."""
    return problem(BadRequest())
