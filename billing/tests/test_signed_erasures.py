"""Nothing is erased but what somebody began on record, whatever SQL puts into the tables."""

import logging
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from billing.models import Customer
from billing.tasks import finish_erasures
from webhooks import audit
from webhooks.models import AuditEntry, ErasureRequest, SuppressedId, WebhookEvent
from webhooks.privacy.erasure import request_erasure
from webhooks.testing import deliver, stripe_objects
from webhooks.testing.audit_trail import copy, execute, first_found_when_altered, found
from webhooks.testing.browser import log_in, text
from webhooks.testing.stripe_events import envelope

pytestmark = pytest.mark.django_db

NOW = 1_790_000_000
SCOPE: dict[str, Any] = {"provider": "stripe", "account": "", "livemode": False}


def tell(event_type: str, subject: stripe_objects.Object) -> WebhookEvent:
    event = envelope(event_type, subject, NOW)
    assert deliver(event).status_code == 200
    return WebhookEvent.objects.get(event_id=event["id"])


def customer(name: str) -> WebhookEvent:
    subject = stripe_objects.customer(NOW, id=f"cus_{name}") | {"email": f"{name}@example.com"}
    return tell("customer.created", subject)


@pytest.fixture(autouse=True)
def _customers() -> None:
    for name in ("ada", "bob"):
        customer(name)


def knows(name: str) -> bool:
    return Customer.objects.filter(provider_id=f"cus_{name}", email__startswith=name).exists()


def insert(customer_id: str, actor: str = "grace") -> ErasureRequest:
    """Put an erasure into the table as somebody with SQL would, and not as the project does."""
    return ErasureRequest.objects.create(
        **SCOPE, customer_id=customer_id, actor=actor, begun_at=timezone.now()
    )


def suppress(erasure: ErasureRequest, object_id: str) -> SuppressedId:
    """Put a suppressed id into the table as somebody with SQL would."""
    return SuppressedId.objects.create(**SCOPE, erasure=erasure, object_id=object_id)


def begin(customer_id: str, actor: str = "grace") -> ErasureRequest:
    return request_erasure(**SCOPE, customer_id=customer_id, actor=actor, now=timezone.now())[0]


def go_on() -> str:
    """Return what the command says, with its error if it fails."""
    out = StringIO()
    try:
        call_command("erase_customer", "--unfinished", stdout=out)
    except CommandError as error:
        out.write(f"error: {error}")
    return out.getvalue()


def test_an_erasure_that_nobody_began_is_refused_and_others_go_on() -> None:
    forged = insert("cus_ada")
    suppress(forged, "cus_ada")
    begin("cus_bob", "anna")
    said = go_on()

    assert "cus_ada: refused" in said
    assert "error: 1 erasures were refused" in said
    assert knows("ada")
    assert not knows("bob")
    assert not AuditEntry.objects.filter(actor="grace").exists()
    forged.refresh_from_db()
    assert forged.finished_at is None
    assert any(f"webhooks.erasurerequest {forged.pk} (cus_ada)" in what for what in found())


def test_the_schedule_refuses_an_unsigned_erasure_too(caplog: pytest.LogCaptureFixture) -> None:
    insert("cus_ada")
    with caplog.at_level(logging.ERROR):
        finish_erasures()

    assert knows("ada")
    assert "cus_ada" in caplog.text


@pytest.mark.parametrize("change", ["subject", "details"])
def test_a_beginning_that_somebody_wrote_is_none(change: str) -> None:
    began = begin("cus_bob", "anna")
    entry = AuditEntry.objects.get(subject="billing.customer:cus_bob")
    copy(AuditEntry, entry.pk, sequence=entry.pk + 1)
    # As whoever goes on with the chain would have to, without its key.
    execute("UPDATE webhooks_audithead SET sequence = %s", entry.pk + 1)
    forged = insert("cus_ada", "anna")
    details = f'{{"begun": true, "erasure": {forged.pk}}}'
    if change == "subject":
        details = '{"begun": true}'
        execute("UPDATE webhooks_erasure SET begun_at = %s", began.begun_at)
    execute(
        "UPDATE webhooks_auditentry SET subject = %s, details = %s WHERE sequence = %s",
        "billing.customer:cus_ada",
        details,
        entry.pk + 1,
    )
    assert "cus_ada: refused" in go_on()
    assert knows("ada")


def test_an_erasure_turned_to_another_customer_is_refused() -> None:
    began = begin("cus_ada")
    execute("UPDATE webhooks_erasure SET customer_id = 'cus_bob' WHERE id = %s", began.pk)
    assert "cus_bob: refused" in go_on()
    assert knows("bob")


@pytest.mark.parametrize("column", ["account", "provider"])
def test_an_erasure_turned_to_another_account_is_refused(column: str) -> None:
    began = begin("cus_ada")
    execute(f"UPDATE webhooks_erasure SET {column} = 'other' WHERE id = %s", began.pk)  # noqa: S608
    assert "cus_ada: refused" in go_on()


def test_an_erasure_goes_on_in_the_name_of_who_signed_its_beginning() -> None:
    began = begin("cus_ada", "anna")
    execute("UPDATE webhooks_erasure SET actor = 'grace' WHERE id = %s", began.pk)
    assert "cus_ada: redacted" in go_on()
    assert not knows("ada")
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {"anna"}


def test_who_erases_a_customer_whose_erasure_was_put_in_begins_it(settings: Settings) -> None:
    insert("cus_ada")
    out = StringIO()
    call_command("erase_customer", "cus_ada", "--reason=asked", stdout=out)
    assert not knows("ada")
    assert not AuditEntry.objects.filter(actor="grace").exists()
    audit.seal(now=timezone.now())
    assert not found()
    # The page names who signed it, and not who is in the row.
    row = Customer.objects.get(provider_id="cus_ada")
    page = text(log_in("view_customer"), f"/admin/billing/customer/{row.pk}/change/")
    assert "grace" not in page


def test_every_altered_column_of_an_erasure_is_named() -> None:
    erasure = begin("cus_ada")
    begin("cus_bob")
    audit.seal(now=timezone.now())
    assert not found()
    what = first_found_when_altered(erasure)
    # Emptied and set again as ids become known.
    assert what.pop("finished_at") == ""
    for column, finding in what.items():
        assert f"webhooks.erasurerequest {erasure.pk}" in finding, column
    for column, finding in first_found_when_altered(SuppressedId.objects.earliest("pk")).items():
        assert "webhooks.suppressedid" in finding, column


def test_a_deleted_suppressed_id_is_named() -> None:
    begin("cus_ada")
    audit.seal(now=timezone.now())
    execute("DELETE FROM webhooks_erased")
    assert "webhooks.suppressedid" in found()[0]
    assert "deleted" in found()[0]


def test_an_id_that_somebody_put_in_takes_nothing_from_a_stranger(settings: Settings) -> None:
    began = begin("cus_ada")
    forged = suppress(began, "cus_bob")
    assert any(f"webhooks.suppressedid {forged.pk} (cus_bob)" in what for what in found())
    late = customer("bob")
    assert b"bob@example.com" in bytes(late.body or b"")
    assert late.status == "failed"
    assert "cus_bob" not in late.last_error
    assert "audit verify" in late.last_error
    forged.delete()
    call_command("replay_events", "--status=failed", "--reason=x", stdout=StringIO())
    late.refresh_from_db()
    assert late.status == "processed"
    assert not found()


def test_where_workers_process_it_waits_for_them_as_it_came(settings: Settings) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    suppress(begin("cus_ada"), "cus_bob")
    late = customer("bob")
    assert late.status == "pending"
    assert late.erased_at is None


@pytest.mark.parametrize("object_id", ["cus_bob", "ch_bob"])
def test_an_id_put_under_somebodys_erasure_erases_nobody_else(object_id: str) -> None:
    tell("charge.succeeded", stripe_objects.charge(NOW, id="ch_bob", customer=None))
    suppress(begin("cus_ada"), object_id)
    assert "cus_ada: redacted" in go_on()
    assert knows("bob")
    assert not WebhookEvent.objects.filter(object_id__in=["cus_bob", "ch_bob"]).exclude(
        erased_at=None
    )


def test_ids_put_under_another_erasure_keep_nobody_from_being_erased() -> None:
    tell("charge.succeeded", stripe_objects.charge(NOW, id="ch_ada", customer="cus_ada"))
    forged = insert("cus_other")
    for object_id in ("cus_ada", "ch_ada"):
        suppress(forged, object_id)
    call_command("erase_customer", "cus_ada", "--reason=asked", stdout=StringIO())
    assert not knows("ada")
    assert WebhookEvent.objects.get(object_id="ch_ada").erased_at
    (only,) = found()
    assert only.startswith(f"webhooks.erasurerequest {forged.pk} (cus_other): inserted")


def test_ids_that_stand_unproven_under_the_persons_own_erasure_hide_nothing_from_it() -> None:
    intent = {"id": "pi_ada", "object": "payment_intent", "customer": "cus_ada"}
    tell("payment_intent.created", intent)
    # Each is known by the one before alone.
    tell("charge.succeeded", {"id": "ch_ada", "object": "charge", "payment_intent": "pi_ada"})
    tell("review.opened", {"id": "prv_ada", "object": "review", "charge": "ch_ada", "note": "Ada"})
    erasure = insert("cus_ada")
    for object_id in ("cus_ada", "pi_ada", "ch_ada", "prv_ada"):
        suppress(erasure, object_id)
    call_command("erase_customer", "cus_ada", "--reason=asked", stdout=StringIO())
    assert not WebhookEvent.objects.filter(object_id__endswith="_ada", erased_at=None).exists()


def test_an_erasure_that_was_begun_and_is_gone_is_named() -> None:
    began = begin("cus_ada")
    execute("DELETE FROM webhooks_erased")
    execute("DELETE FROM webhooks_erasure")
    assert found() == [f"webhooks.erasurerequest {began.pk}: deleted; entry 1 began it"]


def test_a_former_key_still_proves_a_suppressed_id(settings: Settings) -> None:
    begin("cus_ada")
    former = settings.AUDIT_KEY
    settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = "a-new-key-of-good-length-it-is", [former]
    assert customer("ada").erased_at
    settings.AUDIT_KEY_FALLBACKS = []
    # Neither redacted nor handled: nothing tells whether the person was erased.
    assert customer("ada").status == "failed"


def test_an_id_that_a_server_of_the_version_before_stored_is_signed_when_it_is_found_again() -> (
    None
):
    charge = stripe_objects.charge(NOW, id="ch_ada", customer="cus_ada")
    tell("charge.succeeded", charge)
    began = begin("cus_ada")
    go_on()
    execute("UPDATE webhooks_erased SET mac = ''")
    execute("UPDATE webhooks_erasure SET finished_at = NULL")
    assert tell("charge.updated", charge).status == "failed"
    assert "cus_ada: redacted" in go_on()
    assert not found()
    call_command("replay_events", "--status=failed", "--reason=x", stdout=StringIO())
    assert WebhookEvent.objects.get(type="charge.updated").erased_at
    began.refresh_from_db()
    assert began.finished_at
