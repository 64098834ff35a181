"""The views that the endpoint is compared with, on the same server and settings."""

import hmac
import json
import time

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from benchmarks.models import PlainEvent

TOLERANCE_SECONDS = 300


@csrf_exempt
def empty(request: HttpRequest) -> HttpResponse:
    """Return an empty answer: the cost of the server and of Django by themselves."""
    # Read, as by the others: with its body unread, a request would cost its connection as well.
    _ = request.body
    return HttpResponse()


@csrf_exempt
def plain(request: HttpRequest) -> HttpResponse:
    """Verify, get or create, and answer: the receiver that most tutorials end with."""
    if not _is_proven(request.body, request.headers.get("Stripe-Signature", "")):
        return HttpResponse(status=400)
    payload = json.loads(request.body)
    with transaction.atomic():
        PlainEvent.objects.select_for_update().get_or_create(
            event_id=payload["id"], defaults={"type": payload["type"], "payload": payload}
        )
    return HttpResponse()


def _is_proven(body: bytes, header: str) -> bool:
    parts = dict(part.split("=", 1) for part in header.split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.digest(settings.STRIPE_WEBHOOK_SECRET.encode(), signed, "sha256").hex()
    is_recent = abs(time.time() - int(parts["t"])) <= TOLERANCE_SECONDS
    return is_recent and hmac.compare_digest(expected, parts["v1"])
