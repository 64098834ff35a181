"""The one view that providers post to."""

import json
import logging
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from webhooks import conf, guards, intake
from webhooks.exceptions import Rejected
from webhooks.problems import problem

logger = logging.getLogger(__name__)

RECEIVED = json.dumps({"status": "received"})
RECEIVED_AGAIN = json.dumps({"status": "received", "idempotent_replay": True})


class _Headers:
    # `request.headers` parses every header of the request, for the one that is wanted here.
    def __init__(self, meta: Mapping[str, str]) -> None:
        self.meta = meta

    def get(self, name: str, default: str, /) -> str:
        return self.meta.get(f"HTTP_{name.upper().replace('-', '_')}", default)


@csrf_exempt
@require_POST
def receive(request: HttpRequest, endpoint: str) -> HttpResponse:
    """Take a delivery: 200 once its events are committed, else a problem document (RFC 9457)."""
    try:
        is_new = intake.receive(
            intake.open_endpoint(endpoint),
            _read_body(request),
            _Headers(request.META),
            now=timezone.now(),
        )
    except Rejected as refusal:
        logger.warning("refused a delivery to %.64r: %s", endpoint, refusal.code)
        return problem(refusal)
    return HttpResponse(RECEIVED if is_new else RECEIVED_AGAIN, content_type="application/json")


def _read_body(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or ""
    # Django takes a body without a length for an empty one; a server that marks the end of
    # its input lets a body sent in chunks be read.
    in_chunks = not length and request.META.get("wsgi.input_terminated")
    return guards.read_body(
        request.META["wsgi.input"] if in_chunks else request,
        declared=int(length) if length.isdecimal() else None,
        limit=conf.max_body_bytes(),
    )
