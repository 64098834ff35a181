"""The API holds to its own description, whatever it is sent."""

from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from billing.tests import builders
from payments_project.wsgi import application
from webhooks import tokens
from webhooks.models import Scope
from webhooks.tests.conftest import deliver, make_event

# What is asked of Stripe is asked outside transactions only.
pytestmark = pytest.mark.django_db(transaction=True)

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
def key() -> str:
    """A key that opens everything, and something to find with it."""
    deliver(make_event("customer.created", data={"object": builders.customer()}))
    user = User.objects.create_superuser("ada")
    _, key = tokens.create(user, name="all", scopes=Scope, actor="tests", now=timezone.now())
    return key


def test_the_description_is_complete() -> None:
    output = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=output)
    assert "openapi: 3.1" in output.getvalue()


@api.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_every_operation_does_as_it_says(case: schemathesis.Case[Any], key: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {key}"})
