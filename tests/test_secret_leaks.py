"""Secrets go in by every door, and come out of none."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.utils import timezone

from payments_project.development import server_command
from tests.processes import Environment, answers, manage, process, query, wait_until
from webhooks.privacy.masking import MASK
from webhooks.providers import PROVIDERS
from webhooks.testing import sample
from webhooks.testing.servers import free_port

CURRENT, FORMER = "whsec_MARKEDcurrentsecret00000001", "whsec_MARKEDformersecret000000002"
CARD, CARD_IN_GROUPS = "4242424242424242", "5555 5555 5555 4444"
CLIENT_SECRET = "pi_3MARKED_secret_MARKEDclient9"
SECRETS = {
    "STRIPE_WEBHOOK_SECRET": f"{CURRENT},{FORMER}",
    "STRIPE_API_KEY": "sk_test_MARKEDapikey000000000003",
    "SECRET_KEY": "MARKED-django-key-04-" + "x7" * 20,
    "AUDIT_KEY": "MARKED-audit-key-005-" + "y8" * 20,
    "METRICS_TOKEN": "MARKED-metrics-token-0006",
    "REDIS_URL": "redis://:MARKEDredis07@127.0.0.1:9/0",
    "ALERT_URLS": "json://ada:MARKEDalert12@127.0.0.1:9/MARKEDtoken13,slack://MARKEDtoken14/x/y",
}
HEADERS = {
    "Authorization": "Bearer pay_MARKEDbearer0800000000000000000000000000000000",
    "Cookie": "sessionid=MARKEDsession09; csrftoken=MARKEDcsrf10",
}
TABLES = {
    "webhooks_webhookevent": "last_error",
    "webhooks_attempt": "error, handlers",
    "billing_paymentintent": "description, metadata",
    "billing_charge": "failure_message, metadata",
    "billing_billingchange": "*",
    "webhooks_auditentry": "*",
    "webhooks_alert": "*",
    "webhooks_alertmessage": "*",
}


class Told:
    """Everything that was said, by whom, and what must not be in it."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.marks = ["MARKED", CARD, CARD_IN_GROUPS, CARD_IN_GROUPS.replace(" ", "")]

    def hear(self, who: str, text: str) -> None:
        self.texts.append((who, text))

    def leaks(self) -> list[str]:
        return [
            f"{who}: …{text[max(0, text.index(mark) - 80) :][:200]}"
            for who, text in self.texts
            for mark in self.marks
            if mark in text
        ]


@contextmanager
def talkative_stripe() -> Iterator[str]:
    """A Stripe that answers every call with all that it was sent."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = f"No: {self.headers['Authorization']} {CLIENT_SECRET} {CARD}"
            body = json.dumps({"error": {"message": told, "type": "invalid_request_error"}})
            self.send_response(400)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    web = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{web.server_port}"
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


@pytest.fixture
def marked(environment: Environment) -> Environment:
    environment |= SECRETS | {"DJANGO_SETTINGS_MODULE": "tests.leaking.settings"}
    if url := environment["DATABASE_URL"]:
        environment["DATABASE_URL"] = url.replace("postgres@", "postgres:MARKEDdatabase11@")
    return environment


@pytest.mark.parametrize(
    ("debug", "form"), [("false", "text"), ("false", "json"), ("true", "text")]
)
def test_marked_secrets_appear_nowhere(marked: Environment, debug: str, form: str) -> None:
    told, port = Told(), free_port()
    with talkative_stripe() as stripe:
        if debug == "true":
            # With any other host than this machine, a server in debug mode does not start.
            marked |= {"ALLOWED_HOSTS": "127.0.0.1"}
        marked |= {"DEBUG": debug, "STRIPE_API_BASE": stripe}
        marked |= {"LOG_LEVEL": "DEBUG", "LOG_FORMAT": form}
        key = manage(marked, "shell", "-c", MAKE_USER).split()[-1]
        told.marks.append(key[4:])
        _, *command = server_command(port, workers=1)
        with process(marked, *command) as web:
            wait_until(lambda: answers(port), web)
            address = f"http://127.0.0.1:{port}"
            post_everything(address, told)
            read_everything(address, told, key)
            web.terminate()
            told.hear("the server", web.communicate(timeout=30)[0])
        if debug == "true":
            assert told.leaks() == []
            assert "RuntimeError" in dict(told.texts)["/fail"]  # the page for developers
            return
        told.hear("commands", run(marked, RUN_COMMANDS))
        told.hear("a crash", run(marked, CRASH))
        pages = run(marked, READ_ADMIN)
        assert MASK in pages
        told.hear("the admin", pages)
    for table, columns in TABLES.items():
        told.hear(table, str(query(marked, f"SELECT {columns} FROM {table}")))  # noqa: S608

    assert told.leaks() == []
    assert sum("[hidden]" in text for _, text in told.texts) > 5
    said = dict(told.texts)
    for line in ("delivery", "attempt", "provider_call"):
        assert f'"event":"{line}"' in said["the server"].replace(": ", ":") or form == "text"
        assert f" {line} outcome=" in said["the server"] or form == "json"
    assert "[card 4242]" in said["webhooks_attempt"]
    assert "[card 4242]" in said["billing_paymentintent"]


MAKE_USER = """
from django.contrib.auth.models import User
from django.utils import timezone
from webhooks.models import Scope
from webhooks.tokens import create
user = User.objects.create_superuser("anna", password="open sesame")
print(create(user, name="x", scopes=list(Scope), actor="x", now=timezone.now())[1])
"""

TELL = """
from django.utils import timezone
from webhooks.alerts.evaluation import raise_at_once
from webhooks.alerts.outbox import deliver
from webhooks.monitoring.alert_rules import Finding
raise_at_once("refusals", Finding("a burst"), now=timezone.now())
deliver()
"""
RUN_COMMANDS = (
    f"TELL = {TELL!r}"
    """
from django.core.management import call_command
for command in [
    ["replay_events", "--status", "pending", "--reason", "x"],
    ["process_events"],
    ["reconcile_events", "--since", "1d"],
    ["reconcile_billing", "--since", "1d"],
    ["check", "--deploy", "--database", "default"],
    ["check", "--tag", "webhooks"],
    ["send_test_alert"],
    ["shell", "-c", TELL],
]:
    try:
        call_command(*command)
    except Exception as error:
        print(error)
"""
)
CRASH = "from django.conf import settings; raise ValueError(settings.SECRET_KEY)"
READ_ADMIN = """
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from billing.models import PaymentIntent
from webhooks.models import Alert, WebhookEvent
browser = Client()
browser.force_login(User.objects.get())
rows = [*WebhookEvent.objects.all(), *PaymentIntent.objects.all()]
rows += Alert.objects.all()
assert Alert.objects.filter(messages__attempts=1).exists()
pages = ["/admin/", "/admin/webhooks/webhookevent/", "/admin/webhooks/alert/"]
for row in rows:
    name = row._meta.model_name
    pages.append(reverse(f"admin:{row._meta.app_label}_{name}_change", args=[row.pk]))
for page in pages:
    answer = browser.get(page, secure=True)
    assert answer.status_code == 200, (page, answer.status_code)
    print(answer.headers, answer.content.decode())
"""


def run(environment: Environment, program: str) -> str:
    """What a program of the project's says, whatever becomes of it."""
    with process(environment, "manage.py", "shell", "-c", program) as started:
        said: str = started.communicate(timeout=60)[0]
    return said


def post_everything(address: str, told: Told) -> None:
    """Every kind of delivery, each with secrets in its payload, its headers, its signature."""
    now = timezone.now()
    long_ago = now - timedelta(days=1)
    for event in events():
        body = json.dumps(event).encode()
        for secret, moment in [(CURRENT, now), (FORMER, now), ("whsec_x", now), (FORMER, long_ago)]:
            headers = PROVIDERS["stripe"].sign(body, secret=secret, now=moment)
            told.marks.append(headers["Stripe-Signature"].split("v1=")[1])
            ask(address, "/webhooks/stripe", told, body, headers)
    for body in [b"{", CARD.encode(), b"x" * 2_000_000, json.dumps({"id": CURRENT}).encode()]:
        signed = PROVIDERS["stripe"].sign(body, secret=CURRENT, now=now)
        for headers in [signed, {"Stripe-Signature": f"t=x,v1={CURRENT}"}, {}]:
            ask(address, "/webhooks/stripe", told, body, headers)
            ask(address, "/webhooks/elsewhere", told, body, headers)


def events() -> list[dict[str, Any]]:
    """Events that are processed, fail, and make the database fail."""
    made = [sample(kind) for kind in KINDS]
    for event in made:
        event["data"]["object"] |= {
            "client_secret": CLIENT_SECRET,
            "description": f"paid with {CARD_IN_GROUPS}",
            "metadata": {"card": CARD, CARD_IN_GROUPS: "typed in"},
        }
    return made


KINDS = ("payment_intent.succeeded", "charge.failed", "leak.raised", "leak.asked")


def read_everything(address: str, told: Told, key: str) -> None:
    """Every page and every answer, errors included."""
    for path in ["/fail", "/nowhere", "/healthz", "/readyz", "/metrics", "/admin/login/"]:
        for accept in ["text/html", "application/json"]:
            ask(address, path, told, None, {"Accept": accept})
    ask(
        address,
        "/fail",
        told,
        CLIENT_SECRET.encode(),
        {"Stripe-Signature": "t=1,v1=" + "MARKED" * 4},
    )
    with_token = {"Authorization": f"Bearer {SECRETS['METRICS_TOKEN']}"}
    assert "webhooks_attempt" in ask(address, "/metrics", told, None, with_token)
    asked = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for path in ["/api/v1/payment-intents", "/api/v1/charges", "/api/v1/nowhere"]:
        ask(address, path, told, None, asked)
    wanted = {"amount": 100, "currency": "usd", "metadata": {"card": CARD}}
    for body in [json.dumps(wanted).encode(), b"{"]:
        headers = asked | {"Idempotency-Key": f"k{len(body)}"}
        ask(address, "/api/v1/payment-intents", told, body, headers)


def ask(address: str, path: str, told: Told, body: bytes | None, headers: dict[str, str]) -> str:
    request = Request(address + path, body, HEADERS | headers)  # noqa: S310
    try:
        answer = urlopen(request)  # noqa: S310
    except HTTPError as error:
        answer = error
    except OSError:
        return ""  # a server may close a connection before it has read a body that is too large
    with answer:
        text = f"{answer.headers}{answer.read().decode(errors='replace')}"
    told.hear(path, text)
    return text
