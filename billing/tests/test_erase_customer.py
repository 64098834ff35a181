"""Asking for a customer to be erased, by command and on the customer's page."""

import json
from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing.models import BillingChange, Charge, Customer, Dispute, IdempotencyKey
from billing.privacy import erasure, outcomes
from billing.tasks import finish_erasures
from webhooks import audit
from webhooks.events import Event, ObjectScope
from webhooks.exceptions import PermanentFailure, Unprepared
from webhooks.models import (
    Attempt,
    AuditEntry,
    ErasureRequest,
    SuppressedId,
    Trigger,
    WebhookEvent,
)
from webhooks.privacy.erasure import request_erasure
from webhooks.privacy.suppression import remember
from webhooks.processing.replay import replay, request_replay
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver
from webhooks.testing import stripe_objects as objects
from webhooks.testing.audit_trail import alter, execute, found
from webhooks.testing.browser import log_in, text
from webhooks.testing.plugin import Subscribe
from webhooks.testing.stripe_events import envelope, thin_sample

pytestmark = pytest.mark.django_db

SCOPE = ObjectScope(provider="stripe", account="", livemode=False)
NOW = 1_790_000_000


def tell(event_type: str, subject: objects.Object, **changes: object) -> None:
    deliver(envelope(event_type, subject, NOW, **changes))


def customer(customer_id: str, **changes: object) -> None:
    tell("customer.created", objects.customer(NOW, id=customer_id) | changes)


@pytest.fixture
def ada() -> Customer:
    """A customer with a disputed charge, beside another customer with as much."""
    for name in ("ada", "bob"):
        customer(f"cus_{name}", name=name.title(), email=f"{name}@example.com")
        tell("charge.succeeded", objects.charge(NOW, id=f"ch_{name}", customer=f"cus_{name}"))
        dispute = objects.dispute(NOW, id=f"du_{name}", charge=f"ch_{name}")
        tell("charge.dispute.created", dispute | {"metadata": {"who": name}})
    return Customer.objects.get(provider_id="cus_ada")


def erase(*arguments: str) -> str:
    out = StringIO()
    call_command("erase_customer", *arguments, "--reason=ticket 7", stdout=out)
    return out.getvalue()


def bodies_with(text: str) -> list[str]:
    rows = WebhookEvent.objects.order_by("pk").values_list("type", "body")
    return [kind for kind, body in rows if text in bytes(body or b"").decode()]


def test_only_the_customers_own_data_is_erased(ada: Customer) -> None:
    hashes = dict(WebhookEvent.objects.values_list("event_id", "sha256"))
    assert erase("cus_ada").startswith("redacted: 1 charge, 1 customer, 1 dispute, 3 events,")
    ada.refresh_from_db()
    assert (ada.name, ada.email, ada.balance) == ("", "", 0)
    assert Charge.objects.get(provider_id="ch_ada").card_last4 == ""
    assert Dispute.objects.get(provider_id="du_ada").metadata == {}
    assert bodies_with("ada@") == []
    assert dict(WebhookEvent.objects.values_list("event_id", "sha256")) == hashes

    bob = Customer.objects.get(provider_id="cus_bob")
    assert (bob.name, bob.email) == ("Bob", "bob@example.com")
    assert Dispute.objects.get(provider_id="du_bob").metadata == {"who": "bob"}
    assert bodies_with("bob@") == ["customer.created"]


def test_an_event_that_names_another_customer_is_that_ones(ada: Customer) -> None:
    for name in ("ada", "bob"):
        method = {"id": "pm_1", "object": "payment_method", "customer": f"cus_{name}"}
        tell(
            "payment_method.attached", method | {"billing_details": {"email": f"{name}@x.example"}}
        )
    erase("cus_ada")

    assert bodies_with("ada@x") == []
    assert bodies_with("bob@x") == ["payment_method.attached"]


def test_an_event_that_only_says_that_it_was_erased_is_redacted(ada: Customer) -> None:
    guest = objects.charge(NOW, id="ch_guest", customer=None)
    tell("charge.succeeded", guest | {"billing_details": {"email": "Ada@example.com"}})
    execute("UPDATE webhooks_webhookevent SET erased_at = received_at")
    assert erase("cus_ada").startswith("redacted: 2 charge, 1 customer, 1 dispute, 4 events,")
    assert bodies_with("ada@") == bodies_with("Ada@") == []
    assert bodies_with("bob@") == ["customer.created"]


def test_what_was_redacted_is_not_redacted_again(ada: Customer) -> None:
    erase("cus_ada")
    before = list(WebhookEvent.objects.order_by("pk").values())
    assert erase("cus_ada") == "nothing is left to erase\n"
    assert list(WebhookEvent.objects.order_by("pk").values()) == before


def test_a_late_event_that_only_says_that_it_was_erased_is_redacted(
    ada: Customer, settings: Settings
) -> None:
    erase("cus_ada")
    settings.WEBHOOK_PROCESSING = "loop"
    execute("DELETE FROM webhooks_erased WHERE object_id = 'cus_ada'")
    tell("customer.updated", objects.customer(NOW + 1, id="cus_ada", email="ada@example.com"))
    remember(ErasureRequest.objects.get(), ["cus_ada"])
    execute("UPDATE webhooks_webhookevent SET erased_at = received_at")
    assert [attempt.outcome for attempt in sweep()] == [Attempt.Outcome.PROCESSED]
    assert bodies_with("ada@") == []


def test_what_went_wrong_is_not_told_of_somebody_erased_meanwhile(
    ada: Customer, subscribe: Subscribe
) -> None:
    def erase_and_fail() -> None:
        erase("cus_ada")
        raise PermanentFailure("Ada Lovelace can't be billed")

    def ask_for_it(event: Event) -> None:
        raise Unprepared(erase_and_fail)

    subscribe(ask_for_it, "customer.updated")
    tell("customer.updated", objects.customer(NOW + 1, id="cus_ada", name="Ada Lovelace"))

    event = WebhookEvent.objects.latest("pk")
    attempt = event.attempt_set.get()
    assert (event.status, attempt.outcome) == ("failed", "failed")
    assert "PermanentFailure" in event.last_error
    kept = f"{event.last_error} {attempt.error} {attempt.handlers} {bodies_with('Lovelace')}"
    assert "Lovelace" not in kept


def test_who_sent_it_is_erased_with_it(ada: Customer) -> None:
    WebhookEvent.objects.update(client="198.51.100.1", user_agent="Stripe/1.0", request_id="r1")
    erase("cus_ada")
    # Of the person comes more, too late.
    tell("customer.updated", objects.customer(NOW + 1, id="cus_ada", name="Ada"))

    senders = WebhookEvent.objects.values_list("client", "user_agent", "request_id")
    assert set(senders.filter(erased_at__isnull=False)) == {("", "", "")}
    assert set(senders.filter(erased_at__isnull=True)) == {("198.51.100.1", "Stripe/1.0", "r1")}
    assert WebhookEvent.objects.filter(erased_at__isnull=False).count() == 4


def test_of_a_stored_answer_that_can_t_be_read_the_key_is_kept(ada: Customer) -> None:
    now = timezone.now()
    row = IdempotencyKey.objects.create(
        scope="api:1",
        key="order-1",
        state=IdempotencyKey.State.COMPLETED,
        response_body="nobody reads this",
        created_at=now,
        expires_at=now + timedelta(days=1),
    )

    erase("cus_ada")

    # Without its key, the same request would be another, and be charged for again.
    row.refresh_from_db()
    assert row.response_body == ""


def test_erasing_is_recorded_without_personal_data(ada: Customer) -> None:
    erase("cus_ada")
    entries = AuditEntry.objects.filter(action=AuditEntry.Action.ERASED).order_by("pk")
    first, *_, last = entries
    assert {entry.subject for entry in entries} == {"billing.customer:cus_ada"}
    assert first.details["reason"] == audit.keyed_hash("ticket 7")
    assert last.details["rows"]["events"] == 3


def test_thin_events_are_redacted_before_and_after(ada: Customer) -> None:
    related = {"id": "cus_ada", "type": "customer", "url": "/v1/customers/cus_ada"}
    early, late = (
        thin_sample("v1.customer.updated", related_object=related, reason={"by": "Ada Lovelace"})
        for _ in range(2)
    )
    deliver(early)
    erase("cus_ada")
    deliver(late)

    for event in (early, late):
        row = WebhookEvent.objects.get(event_id=event["id"])
        assert row.erased_at
        left = json.loads(bytes(row.body or b""))
        assert left["related_object"]["id"] == "cus_ada"
        assert left["created"] == event["created"]
        assert left["reason"] != event["reason"]


def test_an_erased_customer_is_not_erased_again(ada: Customer) -> None:
    erase("cus_ada")
    entries = AuditEntry.objects.count()
    assert erase("cus_ada") == "nothing is left to erase\n"
    assert AuditEntry.objects.count() == entries


def test_a_dry_run_changes_nothing(ada: Customer) -> None:
    out = StringIO()
    call_command("erase_customer", "cus_ada", "--dry-run", stdout=out)  # without a reason yet
    assert out.getvalue().startswith("would be redacted: 1 charge")
    assert bodies_with("ada@") == ["customer.created"]
    assert not SuppressedId.objects.exists()
    assert not AuditEntry.objects.filter(action=AuditEntry.Action.ERASED).exists()


@pytest.mark.parametrize("event_type", ["customer.created", "charge.dispute.created"])
def test_an_event_that_lost_its_payload_before_the_erasure_reached_it_comes_to_an_end(
    ada: Customer, event_type: str
) -> None:
    now = timezone.now()
    begun, _ = request_erasure("stripe", "", False, "cus_ada", actor="anna", now=now)
    remember(begun, ["du_ada"])
    events = WebhookEvent.objects.filter(type=event_type, object_id__in=["cus_ada", "du_ada"])
    events.update(body=None, status=WebhookEvent.Status.PENDING, available_at=now)

    assert [attempt.outcome for attempt in sweep()] == [Attempt.Outcome.FAILED]

    event = events.get()
    assert event.erased_at
    assert "cleaned up" in event.last_error


def test_an_interrupted_erasure_is_finished_by_the_next_run(ada: Customer) -> None:
    class Pulled(Exception):
        pass

    def pull(_: object) -> None:
        raise Pulled

    with pytest.raises(Pulled):
        erasure.erase("cus_ada", SCOPE, actor="anna", reason="", progress=pull)
    assert ErasureRequest.objects.get().finished_at is None
    customer("cus_ada", name="Ada again", email="ada@example.com")
    assert bodies_with("Ada again") == []
    assert "1 dispute" in erase("cus_ada")
    assert ErasureRequest.objects.get().finished_at
    assert bodies_with("ada@") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cus_nobody"], "Nothing is known of a customer cus_nobody"),
        (["cus_ada", "--livemode"], "Nothing is known"),
        (["cus_ada", "--account", "acct_other"], "Nothing is known"),
    ],
)
def test_an_unknown_customer_is_an_error(ada: Customer, arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        erase(*arguments)


def test_an_ambiguous_customer_must_be_chosen(ada: Customer) -> None:
    tell("customer.created", objects.customer(NOW, id="cus_ada"), livemode=True)
    with pytest.raises(CommandError, match="--account '' --livemode"):
        erase("cus_ada")
    erase("cus_ada", "--testmode")
    assert Customer.objects.get(livemode=True).name == "Ada Example"


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_dispute_is_known_by_a_charge_that_is_theirs(ada: Customer, comes_late: bool) -> None:
    erase("cus_ada")
    charge = ("charge.succeeded", objects.charge(NOW, id="ch_new", customer="cus_ada"))
    if not comes_late:
        tell(*charge)
    dispute = objects.dispute(NOW, id="du_new", charge="ch_new")
    tell("charge.dispute.created", dispute | {"metadata": {"who": "ada"}})
    tell("charge.dispute.closed", {"id": "du_new", "object": "dispute", "evidence": {"x": "ada"}})
    if comes_late:
        assert Dispute.objects.get(provider_id="du_new").metadata == {"who": "ada"}
        tell(*charge)
    assert Dispute.objects.get(provider_id="du_new").metadata == {}
    assert bodies_with('"ada"') == []
    assert WebhookEvent.objects.filter(erased_at=None, object_id="du_new").count() == 0


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_customer_s_id_that_somebody_made_up_keeps_the_books_together(comes_late: bool) -> None:
    own = "ada@shop"
    customer(own, name="Ada", email="ada@example.com")
    charge = objects.charge(NOW, id="ch_own", customer=own, amount=700)
    if comes_late:
        erase(own)
    tell("charge.succeeded", charge | {"description": "for Ada"})
    if not comes_late:
        erase(own)
    tell("customer.updated", objects.customer(NOW, id=own, balance=-5, name="Ada again"))
    kept = Charge.objects.get(provider_id="ch_own")
    assert (kept.customer_id, kept.amount, kept.card_last4) == (own, 700, "")
    assert bodies_with("for Ada") == []
    left = Customer.objects.get(provider_id=own)
    assert (left.balance, left.name, left.email) == (-5, "", "")


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_transfer_is_known_by_the_charge_that_it_came_from(
    ada: Customer, comes_late: bool
) -> None:
    transfer = {
        "id": "tr_1",
        "object": "transfer",
        "amount": 700,
        "description": "for Ada",
        "source_transaction": "ch_ada",
        "transfer_group": "ADA-ada@example.com",
    }
    if comes_late:
        erase("cus_ada")
    tell("transfer.created", transfer)
    tell("transfer.created", transfer | {"id": "tr_2", "source_transaction": "ch_bob"})
    if not comes_late:
        erase("cus_ada")
    [theirs, others] = WebhookEvent.objects.filter(type="transfer.created").order_by("pk")
    left = json.loads(bytes(theirs.body or b""))["data"]["object"]
    gone = {"description": None, "transfer_group": None}
    assert left == transfer | gone
    assert others.erased_at is None


def test_late_events_are_redacted_before_processing(ada: Customer, settings: Settings) -> None:
    erase("cus_ada")
    settings.WEBHOOK_PROCESSING = "loop"
    tell("customer.updated", objects.customer(NOW, id="cus_ada", email="ada@example.com"))
    row = WebhookEvent.objects.latest("pk")
    assert (row.status, bodies_with("ada@")) == ("pending", [])
    assert row.erased_at
    assert len(row.sha256) == 64
    tell("customer.updated", objects.customer(NOW, id="cus_bob", email="bob@example.com"))
    assert bodies_with("bob@") == ["customer.created", "customer.updated"]


@pytest.mark.parametrize("by_command", [True, False])
def test_a_scheduled_search_finds_what_ids_do_not(ada: Customer, by_command: bool) -> None:
    erase("cus_ada")
    review = {"id": "prv_1", "object": "review", "charge": "ch_new", "ip_address": "203.0.113.77"}
    tell("review.opened", review)
    tell("charge.succeeded", objects.charge(NOW, id="ch_new", customer="cus_ada"))
    assert bodies_with("203.0.113.77") == ["review.opened"]
    if by_command:
        call_command("erase_customer", "--unfinished", stdout=StringIO())
    else:
        finish_erasures()
    assert bodies_with("203.0.113.77") == []
    assert ErasureRequest.objects.get().finished_at


@pytest.fixture
def anna() -> Client:
    return log_in("view_customer", "erase_customer")


def page(row: Customer) -> str:
    return f"/admin/billing/customer/{row.pk}/erase/"


def test_staff_erase_with_the_id_and_a_reason(ada: Customer, anna: Client) -> None:
    assert b"can't be undone" in anna.get(page(ada)).content
    for typed in ("cus_bob", ""):
        answer = anna.post(page(ada), {"customer_id": typed, "reason": "ticket 7"})
        assert answer.status_code == 200
    assert anna.post(page(ada), {"customer_id": "cus_ada"}).status_code == 200
    assert bodies_with("ada@") == ["customer.created"]

    answer = anna.post(page(ada), {"customer_id": "cus_ada", "reason": "ticket 7"}, follow=True)
    assert "Erased: 1 charge" in answer.content.decode()
    assert "Personal data erased" in answer.content.decode()
    assert bodies_with("ada@") == []
    assert AuditEntry.objects.filter(action=AuditEntry.Action.ERASED).latest("pk").actor == "anna"


def test_the_admin_does_not_offer_a_second_erasure(ada: Customer) -> None:
    anna = log_in("view_customer", "erase_customer", "view_webhookevent")
    record = f"/admin/billing/customer/{ada.pk}/change/"
    assert page(ada) in anna.get(record).content.decode()

    anna.post(page(ada), {"customer_id": "cus_ada", "reason": "ticket 7"})

    assert page(ada) not in anna.get(record).content.decode()
    event = WebhookEvent.objects.exclude(erased_at=None).latest("pk")
    shown = anna.get(f"/admin/webhooks/webhookevent/{event.pk}/change/").content.decode()
    assert "; the hash is of what was signed" in shown
    assert "&lt;time" not in shown


@pytest.mark.parametrize("allowed", ["view_customer", "erase_customer"])
def test_erasing_takes_both_permissions(ada: Customer, allowed: str) -> None:
    client = log_in(allowed)
    assert client.post(page(ada), {"customer_id": "cus_ada", "reason": "x"}).status_code == 403
    assert client.get(page(ada)).status_code == 403
    assert not ErasureRequest.objects.exists()


def erase_with_altered_rows(*arguments: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("erase_customer", *arguments, stdout=out)
    return f"{out.getvalue()}{error.value}"


def test_what_was_altered_in_the_database_is_kept_and_named(ada: Customer) -> None:
    audit.seal(now=timezone.now())
    charge = WebhookEvent.objects.get(object_id="ch_ada")
    body = bytes(charge.body or b"").replace(b'"amount":900000', b'"amount":100')
    WebhookEvent.objects.filter(pk=charge.pk).update(body=body.replace(b"ch_ada", b"ch_xda"))
    before = found()
    said = erase_with_altered_rows("cus_ada", "--reason=ticket 7")

    assert "1 rows were kept" in said
    assert found() == before
    assert before
    assert ErasureRequest.objects.get().finished_at is None
    # Tried again by whoever goes on with it, and once it is as it was, erased.
    assert "1 rows were kept" in erase_with_altered_rows("--unfinished")
    WebhookEvent.objects.filter(pk=charge.pk).update(body=charge.body)
    call_command("erase_customer", "--unfinished", stdout=StringIO())
    charge.refresh_from_db()
    assert charge.erased_at
    assert found() == []
    assert ErasureRequest.objects.get().finished_at
    assert AuditEntry.objects.filter(action=AuditEntry.Action.ALTERED).count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has its types watched")
@pytest.mark.parametrize("body", ["CAST(body AS TEXT)", "CAST(x'fffe' AS TEXT)", "7"])
@pytest.mark.parametrize("object_id", ["ch_ada", "du_ada"])
def test_an_erasure_goes_on_past_a_body_that_is_no_bytes(
    ada: Customer, object_id: str, body: str
) -> None:
    execute(f"UPDATE webhooks_webhookevent SET body = {body} WHERE object_id = '{object_id}'")  # noqa: S608
    if is_same_text := body == "CAST(body AS TEXT)":
        erase("cus_ada")
    else:
        assert "1 rows were kept" in erase_with_altered_rows("cus_ada", "--reason=ticket 7")

    events = WebhookEvent.objects.filter(erased_at=None, object_id__endswith="_ada")
    assert [event.object_id for event in events] == ([] if is_same_text else [object_id])


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_the_customers_page_says_that_an_altered_row_was_kept(
    ada: Customer, anna: Client, is_interrupted: bool
) -> None:
    audit.seal(now=timezone.now())
    charge = WebhookEvent.objects.get(object_id="ch_ada")
    WebhookEvent.objects.filter(pk=charge.pk).update(body=bytes(charge.body or b"") + b" ")
    record = f"/admin/billing/customer/{ada.pk}/change/"
    if is_interrupted:
        with pytest.raises(KeyboardInterrupt):
            erasure.erase("cus_ada", SCOPE, actor="anna", reason="x", progress=interrupt)
        assert "or it was interrupted" in text(anna, record)
        erase_with_altered_rows("--unfinished")
    else:
        anna.post(page(ada), {"customer_id": "cus_ada", "reason": "ticket 7"})

    for _ in range(2):
        shown = text(anna, record)
        assert "do not fit their seals: 1." in shown
        assert "audit verify" in shown
        assert "or it was interrupted" not in shown
        # Tried again, as it is every hour, it says so still, and adds nothing to the trail.
        entries = AuditEntry.objects.count()
        finish_erasures()
        assert AuditEntry.objects.count() == entries

    # Somebody else's erasure of that id is another.
    other = request_erasure("stripe", "acct_1", False, "cus_ada", actor="x", now=timezone.now())[0]
    assert outcomes.rows_kept(other) == 0
    WebhookEvent.objects.filter(pk=charge.pk).update(body=charge.body)
    finish_erasures()
    assert "do not fit" not in text(anna, record)
    # What comes later is no longer put down to that row.
    ErasureRequest.objects.update(finished_at=None)
    assert "or it was interrupted" in text(anna, record)


def interrupt(so_far: Counter[str]) -> None:
    """Interrupt it once all is erased, before anything tells of what was kept."""
    if so_far["history"]:
        raise KeyboardInterrupt


def test_an_altered_entry_of_the_history_is_kept(ada: Customer) -> None:
    audit.seal(now=timezone.now())
    change = BillingChange.objects.filter(provider_id="cus_ada").earliest("pk")
    alter(change, "fields")
    before = found()

    assert "1 rows were kept" in erase_with_altered_rows("cus_ada", "--reason=ticket 7")
    assert found() == before


def test_an_id_written_into_a_payload_by_sql_erases_nobody_else(ada: Customer) -> None:
    audit.seal(now=timezone.now())
    charge = WebhookEvent.objects.get(object_id="ch_ada")
    WebhookEvent.objects.filter(pk=charge.pk).update(
        body=bytes(charge.body or b"").replace(b"ch_ada", b"ch_bob")
    )
    erase_with_altered_rows("cus_ada", "--reason=ticket 7")

    assert not SuppressedId.objects.filter(object_id="ch_bob").exists()


@pytest.mark.parametrize("is_marked", [False, True])
def test_an_altered_event_that_only_what_it_names_leads_to_is_kept_and_named(
    ada: Customer, is_marked: bool
) -> None:
    tell("review.opened", {"id": "prv_ada", "object": "review", "charge": "ch_ada", "note": "Ada"})
    audit.seal(now=timezone.now())
    review = WebhookEvent.objects.filter(object_id="prv_ada")
    review.update(sha256="0" * 64, erased_at=timezone.now() if is_marked else None)

    assert "1 rows were kept" in erase_with_altered_rows("cus_ada", "--reason=ticket 7")
    assert not SuppressedId.objects.filter(object_id="prv_ada").exists()
    assert ErasureRequest.objects.get().finished_at is None
    entry = AuditEntry.objects.get(action=AuditEntry.Action.ALTERED)
    assert entry.subject == f"webhooks.webhookevent:{review.get().pk}"


def test_an_altered_event_of_an_erased_customer_is_not_handled(ada: Customer) -> None:
    tell("customer.updated", objects.customer(NOW + 1, id="cus_ada", name="Ada"))
    event = WebhookEvent.objects.latest("pk")
    audit.seal(now=timezone.now())
    body = event.body
    WebhookEvent.objects.filter(pk=event.pk).update(body=bytes(body or b"") + b" ")
    erase_with_altered_rows("cus_ada", "--reason=ticket 7")
    order = request_replay(
        trigger=Trigger.STAFF, actor="ada", reason="again", now=timezone.now(), events=[event.pk]
    )
    replay(WebhookEvent.objects.filter(pk=event.pk), order)
    event.refresh_from_db()

    assert event.status == WebhookEvent.Status.FAILED
    assert "altered in the database" in event.last_error
    assert Customer.objects.get(provider_id="cus_ada").name == ""
