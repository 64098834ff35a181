"""The metrics endpoint, for Prometheus."""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from payments_project.readiness import readiness
from webhooks.exceptions import NotAuthorised
from webhooks.monitoring import gauges, metrics
from webhooks.problems import problem, takes


class _Everything(Collector):
    # At every scrape: gauges say how things stand at that moment.
    def collect(self) -> Iterator[Metric]:
        yield from metrics.collect()
        yield from gauges.collect(timezone.now())
        yield parts()


def parts() -> GaugeMetricFamily:
    """Return which of the parts that `/readyz` tells of answer; it is what was found for that."""
    family = GaugeMetricFamily("webhooks_part_up", "Whether a part answers", labels=["part"])
    for part, state in readiness().parts.items():
        family.add_metric([part], state == "ok")
    return family


@never_cache
@takes("GET")
def show(request: HttpRequest) -> HttpResponse:
    """Answer whoever has the `METRICS_TOKEN` with all metrics as text; anyone where none is set.

    https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    if not may_read(request):
        answer = problem(NotAuthorised())
        answer["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return answer
    return HttpResponse(generate_latest(_Everything()), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """True for whoever sends the `METRICS_TOKEN`, and for anyone where none is set."""
    if not settings.METRICS_TOKEN:
        return True
    sent = request.headers.get("Authorization", "")
    # In constant time, and as bytes: of texts that are not ASCII the comparison raises.
    return hmac.compare_digest(
        sent.encode(errors="replace"), f"Bearer {settings.METRICS_TOKEN}".encode()
    )
