"""The screen of idempotency keys: found by what is known of them, and nothing secret shown."""

from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.idempotency import keys
from billing.idempotency.encryption import encrypt
from billing.idempotency.hashed_keys import hashed
from billing.models import IdempotencyKey
from billing.stripe_client import StripeClient
from webhooks.testing import browser
from webhooks.testing.api_client import issue
from webhooks.testing.browser import log_in
from webhooks.testing.fake_stripe import Fault, Served

pytestmark = pytest.mark.django_db

LIST = "/admin/billing/idempotencykey/"
LEASE, LIFETIME = timedelta(minutes=2), timedelta(days=1)


@pytest.fixture
def operator() -> Client:
    return log_in("view_idempotencykey")


def begun(scope: str, key: str, *, ago: timedelta = timedelta(0)) -> keys.Started:
    """A key that somebody is at, or was until the process died."""
    now = timezone.now() - ago
    started = keys.begin(scope, key, "0" * 64, now=now, lease=LEASE, lifetime=LIFETIME)
    assert isinstance(started, keys.Started)
    return started


def found(client: Client, **query: str) -> set[int]:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def page(client: Client, pk: int) -> str:
    shown = unescape(browser.text(client, f"{LIST}{pk}/change/"))
    return shown.replace("\N{NO-BREAK SPACE}", " ")


def test_a_call_to_stripe_is_found_by_what_it_made_and_by_its_key(
    stripe: Served, operator: Client
) -> None:
    now = timezone.now()
    made = StripeClient().create_customer({"name": "Ada"}, reference="order-1", now=now)
    stripe.world.faults.add(Fault("error_before", times=9))
    with pytest.raises(Exception, match="Stripe"):
        StripeClient().create_portal_session({"customer": made["id"]}, now=now)
    done, failed = IdempotencyKey.objects.order_by("pk")

    assert found(operator) == {done.pk, failed.pk}
    assert found(operator, q=made["id"]) == found(operator, q=done.key) == {done.pk}
    assert found(operator, operation="create_customer") == {done.pk}
    assert found(operator, operation="create_portal_session") == {failed.pk}
    assert found(operator, operation="api") == found(operator, scope="stripe:acct_1") == set()
    assert found(operator, scope="stripe") == {done.pk, failed.pk}
    assert found(operator, state="completed") == {done.pk}
    assert found(operator, state="failed") == {failed.pk}
    shown = page(operator, done.pk)
    for text in (made["id"], done.key, "Create customer", "200", f"{done.expires_at:%H:%M:%S}"):
        assert text in shown


def test_a_callers_key_is_found_and_neither_shown_once_hashed_nor_its_answer_ever(
    operator: Client,
) -> None:
    till = User.objects.create(username="till")
    issue(till)
    scope, known, secret = f"api:{till.pk}", "order of Ada Lovelace", "cs_test_secret_1"
    started = begun(scope, known)
    body = encrypt(f'{{"data": "{secret}"}}', started.row_reference)
    assert keys.complete(started, keys.StoredResponse(201, body=body))
    assert found(operator, q=known) == {started.pk}
    assert known in page(operator, started.pk)

    IdempotencyKey.objects.update(key=hashed(scope, known), response_status=402)
    assert found(operator, answer="4xx") == {started.pk}
    assert found(operator, answer="5xx") == set()
    assert found(operator, q=known) == {started.pk}
    assert found(operator, q="order of somebody else") == set()
    assert "hashed, as it may name somebody erased" in page(operator, started.pk)
    for shown in (page(operator, started.pk), browser.text(operator, LIST, q="")):
        assert known not in shown
        assert secret not in shown
        assert body not in shown


def test_what_its_process_left_is_told_from_what_somebody_is_at(operator: Client) -> None:
    left, held = begun("stripe", "create_refund-1", ago=timedelta(hours=1)), begun("stripe", "x")

    assert found(operator, state="stale") == {left.pk}
    assert found(operator, state="started") == {held.pk}
    shown = page(operator, left.pk)
    assert "Stale" in shown
    assert f"since {IdempotencyKey.objects.get(pk=left.pk).locked_until:%H:%M:%S}" in shown
    assert "nothing to remove" in shown
    assert "In flight" in page(operator, held.pk)
    # As it says: the next one takes it over.
    assert begun("stripe", "create_refund-1").pk == left.pk


def test_its_list_never_counts_and_never_reads_answers(operator: Client) -> None:
    begun("stripe", "x")
    with CaptureQueriesContext(connection) as queries:
        found(operator, state="started", q="x")
    asked = [each["sql"] for each in queries if "billing_idempotencykey" in each["sql"]]
    assert len(asked) == 1
    assert not [sql for sql in asked if "COUNT(" in sql or "response_body" in sql]


def test_nobody_changes_it_and_being_staff_is_no_permission() -> None:
    started = begun("stripe", "x")
    master, nobody = log_in(is_superuser=True, name="master"), log_in("view_customer")
    for part in ("change", "delete"):
        url, sent = f"{LIST}{started.pk}/{part}/", {"post": "yes", "state": "failed"}
        assert master.post(url, sent).status_code == 403
    assert master.post(f"{LIST}add/").status_code == 403
    for url in (LIST, f"{LIST}{started.pk}/change/"):
        assert nobody.get(url).status_code == 403
    assert IdempotencyKey.objects.get().state == "started"
