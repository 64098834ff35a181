"""The API holds to its own description, whatever it is sent."""

import random
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from billing.models import MODELS
from webhooks import tokens
from webhooks.models import Scope
from webhooks.testing import deliver, sample

# What is asked of Stripe is asked outside transactions only.
pytestmark = pytest.mark.django_db(transaction=True)

EXAMPLES = 20 if connection.vendor == "postgresql" else 5
"""What each operation is sent at random, beside what its description suggests. PostgreSQL refuses
more of what can't be stored."""

CONFIG = {
    "seed": 1,
    "generation": {"max-examples": EXAMPLES, "deterministic": True},
    "checks": {
        # Nothing is set up to call Stripe with, and the API says so.
        "not_a_server_error": {"expected-statuses": ["1xx", "2xx", "3xx", "4xx", "503"]},
        # What isn't JSON's to tell, such as which of two fields to give.
        "positive_data_acceptance": {"enabled": False},
        # Each request once more without a token, which is tested below, with others' tokens too.
        "ignored_auth": {"enabled": False},
    },
}
ODD = (
    *("", '"', '""', "\xff", "a\tb", "x" * 256, '"' + "x" * 256 + '"', "*", 'W/"x"', "a, b", "\0"),
    *("-1", "bytes=9-1", "q=NaN", "application/json;q=x", "*/*;q=0", "\x7f", "%00", "text/html"),
)
HEADERS = ("Idempotency-Key", "Accept", "Accept-Language", "If-None-Match", "Range", "Content-Type")

api = schemathesis.openapi.from_wsgi(
    "/api/schema/", get_wsgi_application(), config=SchemathesisConfig.from_dict(CONFIG)
)


def operations() -> Iterator[tuple[str, str]]:
    """Every method and path that the API describes, with something in the place of each id."""
    described = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    for path, methods in described["paths"].items():
        for method in methods.keys() & {"get", "post", "put", "patch", "delete"}:
            yield method, re.sub(r"{\w+}", "x_1", path)


@pytest.fixture
def key() -> str:
    """A key that opens everything, and something to find with it."""
    deliver(sample("customer.created"))
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


def test_no_operation_opens_to_those_who_may_not(key: str) -> None:
    ada, bob = User.objects.get(username="ada"), User.objects.create(username="bob")
    now = timezone.now()
    _, no_scope = tokens.create(ada, name="none", scopes=[], actor="ada", now=now)
    _, no_permission = tokens.create(bob, name="bob", scopes=Scope, actor="ada", now=now)
    revoked, gone = tokens.create(ada, name="gone", scopes=Scope, actor="ada", now=now)
    tokens.revoke(revoked, actor="ada", now=now)
    opened = []
    for method, path in operations():
        assert path.startswith("/api/v1/")
        for credentials, status in [
            *((None, 401), ("Bearer ", 401), (f"Bearer {gone}", 401), (f"Bearer {key[:-1]}", 401)),
            *((f"Basic {key}", 401), (f"Bearer {no_scope}", 403), (f"Bearer {no_permission}", 403)),
        ]:
            headers = {"Authorization": credentials} if credentials else {}
            told = Client().generic(method.upper(), path, b"{}", headers=headers).status_code
            if told != status:
                opened.append((method, path, credentials, told))
    assert len([*operations()]) > len(MODELS)
    assert opened == []


def test_no_header_breaks_an_operation(key: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {key}"})
    rng, broken = random.Random(0), []  # noqa: S311
    for method, path in operations():
        for name in HEADERS:
            odd = {name: rng.choice(ODD)}
            status = client.generic(method.upper(), path, b"{}", headers=odd).status_code
            if status >= 500 and status != 503:
                broken.append((method, path, odd, status))
    assert broken == []
