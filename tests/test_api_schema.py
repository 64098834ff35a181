"""The API holds to its own description, whatever it is sent."""

from collections.abc import Iterator
from io import StringIO

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from billing.tests import builders
from payments_project.wsgi import application
from webhooks import tokens
from webhooks.models import Scope
from webhooks.tests.conftest import deliver, make_event

pytestmark = pytest.mark.django_db

EXAMPLES = 20
CONFIG = {
    "seed": 1,
    "generation": {"max-examples": EXAMPLES, "deterministic": True},
    "checks": {
        # Nothing is set up to call Stripe with, and the API says so.
        "not_a_server_error": {"expected-statuses": ["1xx", "2xx", "3xx", "4xx", "503"]},
        # What isn't JSON's to tell, such as which of two fields to give.
        "positive_data_acceptance": {"enabled": False},
    },
}


api = schemathesis.openapi.from_wsgi(
    "/api/schema/", application, config=SchemathesisConfig.from_dict(CONFIG)
)


@pytest.fixture
def key() -> Iterator[str]:
    """A key that opens everything, and something to find with it."""
    deliver(make_event(id="evt_1"))
    builders.send(builders.event("customer.created", builders.customer()))
    user = User.objects.create_superuser("ada")
    _, key = tokens.create(user, name="all", scopes=Scope, now=timezone.now())
    # A request would close the test's connection; Django's own test client sees to it likewise.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield key
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_the_description_is_complete() -> None:
    output = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=output)
    assert "openapi: 3.1" in output.getvalue()


@api.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_every_operation_does_as_it_says(case: schemathesis.Case, key: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"})
