"""The one view that providers post to."""

import json

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from webhooks import conf
from webhooks.exceptions import Rejected
from webhooks.guards.admission import IncomingDelivery, admit, read_body
from webhooks.guards.sender import sender_of
from webhooks.intake import alarms, refusals
from webhooks.intake.receive import open_endpoint, receive_delivery
from webhooks.monitoring import traces
from webhooks.problems import problem, takes
from webhooks.providers import PROVIDERS
from webhooks.responses import ResponseThen

ROUTE = "/webhooks/{endpoint}"
"""The address of every endpoint, as traces name it: strangers choose what is in its place."""

RECEIVED = json.dumps({"status": "received"})
RECEIVED_AGAIN = json.dumps({"status": "received", "idempotent_replay": True})


@csrf_exempt
@takes("POST")
def receive(request: HttpRequest, endpoint: str) -> HttpResponse:
    """Take a delivery: 200 once its events are committed, else a problem document (RFC 9457)."""
    with traces.delivering(ROUTE):
        return _answer(request, endpoint)


def _answer(request: HttpRequest, endpoint: str) -> HttpResponse:
    now = timezone.now()
    delivery = IncomingDelivery(request.META)
    try:
        opened = open_endpoint(endpoint)
        admit(delivery, opened)
        delivery.body = _read_body(request, delivery)
        received = receive_delivery(
            opened, delivery.body, delivery, now=now, sender=sender_of(delivery)
        )
    except Rejected as refusal:
        refused = refusals.refuse(refusal, delivery, endpoint, now=now)
        return problem(
            refused.answer, then=refused.put_on_record if refused.is_remarkable else None
        )
    alarms.prove(endpoint, now=now)
    if told := PROVIDERS[opened.provider].accepted:
        return HttpResponse(told, content_type="text/plain; charset=utf-8")
    told = RECEIVED if received.is_new else RECEIVED_AGAIN
    response = ResponseThen(received.answer or told, content_type="application/json")
    response.then = received.then
    return response


def _read_body(request: HttpRequest, delivery: IncomingDelivery) -> bytes:
    # Django takes a body without a length for an empty one; a server that marks the end of
    # its input lets a body sent in chunks be read.
    in_chunks = not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated")
    return read_body(
        request.META["wsgi.input"] if in_chunks else request,
        declared=delivery.length,
        limit=conf.max_body_bytes(),
    )
