"""Serve providers, probes and Prometheus by a short stack of middleware; people get all of it."""

import re
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve
from django.utils.module_loading import import_string

Handler = Callable[[HttpRequest], HttpResponseBase]

STACK: Final = (
    "django.middleware.security.SecurityMiddleware",
    "payments_project.headers.HeadersMiddleware",
    # It checks the host, and writes the length of each answer.
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
"""None of these has any hook besides those around the request: no other is called here."""


class MachineMiddleware:
    """Answers `MACHINE_PATHS` with `STACK` alone, and hands everything else on.

    What isn't run can't be attacked: no session, form, log-in, message or file is looked at.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        answer: Any = convert_exception_to_response(_view)
        for name in reversed(STACK):
            # As Django does it: an error becomes an answer before the next one sees it.
            answer = convert_exception_to_response(import_string(name)(answer))
        self.answer: Handler = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_machine = re.match(settings.MACHINE_PATHS, request.path_info)
        return (self.answer if is_machine else self.get_response)(request)


def _view(request: HttpRequest) -> HttpResponseBase:
    match = resolve(request.path_info)
    request.resolver_match = match
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response
