"""A provider of somebody else's project, as docs/adding-a-provider.md declares it."""

import hashlib
import hmac
import json
import os
import re
from pathlib import Path

import pytest

from tests import warm
from tests.documents import read

pytestmark = pytest.mark.one_database

SECRET = "acme_secret_that_nobody_guesses_1"
POST = """
import json, sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from webhooks.models import WebhookEvent
from webhooks.signals import on
from shop.apps import ShopConfig
ShopConfig.ready(None)
on("acme", "*")(lambda event: print("handled", event.id, event.type, event.object_id))
call_command("migrate", verbosity=0)
body, *signatures = sys.argv[1:]
for signature in signatures:
    answer = Client().post("/webhooks/acme", body, content_type="application/json",
        headers={"X-Acme-Signature": signature})
    print(answer.status_code, answer.json().get("code") or answer.json().get("status"))
print(*WebhookEvent.objects.values_list("provider", "event_id", "status"))
from billing.models import Charge, Customer
print(*Charge.objects.values_list("provider_id", "status", "amount", "currency", "in_doubt"))
print(*Customer.objects.values_list("provider", "provider_id", "email"))
from webhooks.privacy.redaction import redact
from webhooks.privacy.vocabularies import vocabulary_of
print(redact({"buyer": {"id": "b1", "name": "Ada"}}, vocabulary=vocabulary_of("acme")))
"""
PAYMENT = {
    "id": "p1",
    "version": 2,
    "state": "paid",
    "total": "10.50",
    "currency": "EUR",
    "buyer": {"id": "b1", "email": "ada@x.test"},
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with the package of the document."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    text = read("adding-a-provider.md")
    for name, code in re.findall(r"```python\n# shop/(\w+\.py)\n(.+?)```", text, re.DOTALL):
        (tmp_path / "shop" / name).write_text(code)
    return tmp_path


def run(shop: Path, *command: str, **changes: str) -> tuple[int, str, str]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "payments_project.settings",
        "PYTHONPATH": os.pathsep.join([str(shop), os.environ.get("PYTHONPATH", "")]),
        "WEBHOOK_PROVIDERS": "shop.providers.ACME",
        "WEBHOOK_ENDPOINTS": "stripe, acme",
        "ACME_WEBHOOK_SECRET": SECRET,
        **changes,
    }
    code = f"import sys; sys.path.insert(0, {str(shop)!r})\n"
    done = warm.run(environment, "-c", code + command[0], *command[1:])
    return done.returncode, done.stdout, done.stderr


def test_it_proves_records_and_tells_billing_as_any_other(shop: Path) -> None:
    body = json.dumps({"id": "a1", "kind": "payment.paid", "object": PAYMENT})
    genuine = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()

    status, told, error = run(shop, POST, body, genuine, genuine, "0" * 64)

    assert status == 0, error
    assert told.splitlines() == [
        "handled a1 payment.paid p1",
        "200 received",
        "200 received",
        "400 invalid_signature",
        "('acme', 'a1', 'processed')",
        "('p1', 'succeeded', 1050, 'eur', False)",
        "('acme', 'b1', 'ada@x.test')",
        "{'buyer': {'id': 'b1', 'name': None}}",
    ]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("shop.providers.NOBODY", "which can't be had"),
        ("nowhere.ACME", "which can't be had"),
        ("shop.providers.Hmac", "which can't be had"),
        ("shop.providers.Naming", "which can't be had"),
        ("json.dumps", "which is no provider"),
        ("shop.providers.ACME,shop.providers.ACME2", "there is one named"),
    ],
)
def test_what_is_no_provider_is_refused_at_the_start(shop: Path, named: str, told: str) -> None:
    module = shop / "shop" / "providers.py"
    module.write_text(
        module.read_text() + "\nfrom dataclasses import replace\nACME2 = replace(ACME)\n"
    )

    status, _, error = run(shop, "import django; django.setup()", WEBHOOK_PROVIDERS=named)

    assert status != 0
    assert "WEBHOOK_PROVIDERS names" in error
    assert told in error
