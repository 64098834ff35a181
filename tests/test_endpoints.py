"""Endpoints from the environment: each with secrets and lists of its own, and other addresses."""

import json
import os
from subprocess import CompletedProcess

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from payments_project.endpoints import read_aliases, read_endpoints, read_secrets
from payments_project.reading import read
from tests import warm
from webhooks.providers import PROVIDERS
from webhooks.testing import sample

pytestmark = pytest.mark.one_database

SECRET = "whsec_of_the_connected_accounts_alone"
ENDPOINTS = {
    "WEBHOOK_ENDPOINTS": "stripe, connect-eu=stripe",
    "CONNECT_EU_WEBHOOK_SECRET": SECRET,
    "WEBHOOK_ALIASES": "/api/webhooks/stripe=stripe, /hooks/eu=connect-eu",
    "SECURE_SSL_REDIRECT": "true",
}
POST = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
for path, body, headers in json.loads(sys.argv[1]):
    answer = Client(headers=headers).post(path, body, content_type="application/json")
    told = json.loads(answer.content) if b"{" in answer.content else {}
    print(answer.status_code, told.get("code") or told.get("status"))
from webhooks.models import WebhookEvent
print(*WebhookEvent.objects.order_by("pk").values_list("endpoint", flat=True))
"""


def run(*command: str, **changes: str) -> CompletedProcess[str]:
    settings = {"DJANGO_SETTINGS_MODULE": "payments_project.settings"}
    return warm.run(os.environ | settings | changes, *command)


def posted(*deliveries: tuple[str, str], **changes: str) -> list[str]:
    """Post to paths, each signed with a secret; what is answered, and the endpoints of events."""
    requests = []
    for path, secret in deliveries:
        body = json.dumps(sample("customer.created"))
        now = timezone.now()
        signed = PROVIDERS["stripe"].sign(body.encode(), secret=secret, now=now)
        requests.append((path, body, signed))
    done = run("-c", POST, json.dumps(requests), **ENDPOINTS | changes)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_each_endpoint_believes_its_own_secret_at_each_of_its_addresses() -> None:
    own = os.environ["STRIPE_WEBHOOK_SECRET"]
    assert posted(
        ("/webhooks/stripe", own),
        ("/api/webhooks/stripe", own),
        ("/webhooks/connect-eu", SECRET),
        ("/hooks/eu", SECRET),
        ("/hooks/eu/", SECRET),
        ("/webhooks/connect-eu", own),
        ("/hooks/eu", own),
        ("/hooks/eu/more", SECRET),
    ) == [
        *["200 received"] * 5,
        *["400 invalid_signature"] * 2,
        # A page's address, where plain HTTP is sent on.
        "301 None",
        "stripe stripe connect-eu connect-eu connect-eu",
    ]


def test_each_endpoint_has_lists_of_its_own() -> None:
    own = os.environ["STRIPE_WEBHOOK_SECRET"]
    places = [("/webhooks/stripe", own), ("/webhooks/connect-eu", SECRET)]
    closed = {"ALLOWED_WEBHOOK_IPS": "198.51.100.1"}
    assert posted(*places, **closed, CONNECT_EU_ALLOWED_IPS="127.0.0.1")[:2] == [
        "403 source_not_allowed",
        "200 received",
    ]
    # Empty is as if it were not set.
    assert posted(*places, **closed, CONNECT_EU_ALLOWED_IPS=" ")[1] == "403 source_not_allowed"
    agents = posted(*places, CONNECT_EU_ALLOWED_USER_AGENTS="Stripe/")
    assert agents[:2] == ["200 received", "403 source_not_allowed"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"WEBHOOK_ENDPOINTS": "stripe,x=nobody"}, "names an unknown provider, 'nobody'"),
        ({"WEBHOOK_ENDPOINTS": "stripe,x=stripe"}, "X_WEBHOOK_SECRET is not set: the endpoint 'x'"),
        (
            {"WEBHOOK_ENDPOINTS": "connect-eu=stripe", "CONNECT_EU_WEBHOOK_SECRET": "whsec_x"},
            "A secret in CONNECT_EU_WEBHOOK_SECRET could",
        ),
        ({"CONNECT_EU_ALLOWED_IPS": "nobody"}, "`allowed_ips` of the endpoint 'connect-eu'"),
    ],
)
def test_a_server_does_not_start_with_an_endpoint_that_could_take_nothing(
    changes: dict[str, str], problem: str
) -> None:
    done = run(
        "-c", "import payments_project.wsgi", **ENDPOINTS | {"WEBHOOK_ALIASES": ""} | changes
    )

    assert done.returncode != 0
    assert problem in done.stderr


@pytest.mark.parametrize(
    ("endpoints", "problem"),
    [
        (" , ", "WEBHOOK_ENDPOINTS names none."),
        ("Stripe", "WEBHOOK_ENDPOINTS names 'Stripe'. Write small"),
        ("a/b=stripe", "WEBHOOK_ENDPOINTS names 'a/b'."),
        ("stripe=", "WEBHOOK_ENDPOINTS has an item that is not slug or"),
        ("stripe, stripe", "WEBHOOK_ENDPOINTS names 'stripe' twice."),
        ("a-b=stripe,a_b=stripe", "'a-b' and 'a_b', and both would have A_B_WEBHOOK_SECRET"),
    ],
)
def test_endpoints_that_make_no_sense_are_refused(
    endpoints: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_ENDPOINTS", endpoints)
    with pytest.raises(ImproperlyConfigured, match=problem):
        read_endpoints(read("WEBHOOK_ENDPOINTS"))


@pytest.mark.parametrize("secret", ["", " "])
def test_an_endpoint_s_secret_that_is_set_and_empty_is_an_error(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X_WEBHOOK_SECRET", secret)
    with pytest.raises(ImproperlyConfigured, match="X_WEBHOOK_SECRET is set, and empty"):
        read_secrets(read_endpoints(["x=stripe"]))


@pytest.mark.parametrize(
    ("aliases", "problem"),
    [
        ("/a", "WEBHOOK_ALIASES leads /a to '', which"),
        ("/a=nobody", "leads /a to 'nobody', which WEBHOOK_ENDPOINTS does not"),
        ("a=stripe", "WEBHOOK_ALIASES has 'a'. Write a path"),
        (r"/a?b=stripe", r"WEBHOOK_ALIASES has '/a\?b'. Write a path"),
        ("/=stripe", "WEBHOOK_ALIASES has ''. Write a path"),
        ("/admin/x=stripe", "/admin/x, which is an address of this project's"),
        ("/readyz=stripe", "/readyz, which is an address of this project's"),
        ("/a=stripe,/a/=other", "leads /a to two endpoints"),
    ],
)
def test_aliases_that_make_no_sense_are_refused(
    aliases: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBHOOK_ALIASES", aliases)
    with pytest.raises(ImproperlyConfigured, match=problem):
        read_aliases(read("WEBHOOK_ALIASES"), {"stripe": {}, "other": {}})
