"""The health endpoints: is this process alive, and can it take deliveries?"""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse

from payments_project.metrics import may_read
from payments_project.readiness import readiness
from webhooks.problems import takes


@takes("GET", "HEAD")
def alive(_: HttpRequest) -> JsonResponse:
    """Answer 200 whenever the process answers at all."""
    # Asks nobody else: whoever restarts on this answer could not mend a database that is away.
    return JsonResponse({"status": "alive"})


@takes("GET", "HEAD")
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when deliveries can be taken, else 503.

    The state of each part is told to those who may read the metrics. What deliveries don't need
    makes the status `degraded`, and the answer is still 200: a load balancer that took this server
    out would refuse what it can record.
    """
    found = readiness()
    body: dict[str, Any] = {"status": found.status}
    if may_read(request):
        body["parts"] = dict(found.parts)
    status = HTTPStatus.OK if found.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse(body, status=status)
