"""The project's addresses, and one that fails."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from payments_project.urls import handler400, handler500
from payments_project.urls import urlpatterns as project

__all__ = ["handler400", "handler500", "urlpatterns"]

logger = logging.getLogger(__name__)


@csrf_exempt
def fail(request: HttpRequest) -> HttpResponse:
    """Fail with everything at hand."""
    body = request.body
    everything = {**settings.CACHES, "url": settings.REDIS_URL, "body": body * 20}
    sent = {name: value for name, value in request.META.items() if name.startswith("HTTP_")}
    logger.warning("about to fail with %s", everything)
    raise RuntimeError(f"{sent} {settings.STRIPE_WEBHOOK_SECRET} {settings.AUDIT_KEY} {body!r}")


urlpatterns = [path("fail", fail), *project]
