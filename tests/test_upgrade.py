"""An upgrade from release 0.1.0 with data in it, and the way back."""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final

import pytest
from django.apps.registry import Apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from billing.models import MODELS, Charge, Customer, Invoice, Subscription
from payments_project.staff import second_factor
from webhooks.models import AuditEntry, ErasureRequest, WebhookEvent
from webhooks.testing import deliver, sample
from webhooks.testing.api_client import bearer
from webhooks.testing.audit_trail import found

pytestmark = pytest.mark.django_db(transaction=True)

RELEASE: Final = (
    ("webhooks", "0002_append_only"),
    ("billing", "0001_initial"),
    ("staff", "0001_groups"),
)
"""The last migrations of release 0.1.0."""

FILLED: Final[dict[str, dict[str, Any]]] = {
    "webhooks.webhookevent": {"client": "", "user_agent": "", "request_id": ""},
    **{f"billing.{model._meta.model_name}": {"ask_after": None} for model in MODELS.values()},
    "billing.subscription": {"abridged": False, "ask_after": None},
    "billing.invoice": {"abridged": False, "ask_after": None},
}
"""The values that rows of 0.1.0 have in columns that came later, by model: add yours."""

CHANGED: Final[dict[tuple[str, Any], dict[str, Any]]] = {
    # A dispute named it, and nothing has told of it.
    ("billing.charge", 4): {"in_doubt": True},
}
"""The columns that an upgrade changes, with their new values, by model and key."""

DROPPED: Final = {("otp_totp.totpdevice", "confirmed", False)}
"""The rows that an upgrade drops, and nothing brings back: those with this in a column."""

LEFT: Final = Path(__file__).parent / "releases" / "0.1.0.jsonl"
"""A row on each line, its model and columns: events in every state, attempts, a chain with seals,
erasures, billing objects, staff. Written by 0.1.0 under the suite's keys, and so never edited."""

TOKEN: Final = "pay_iPD349wzIIowLYvijifG2PM4gcslFQLxDWKY1iUP_NQ"

Row = tuple[str, dict[str, Any]]


def migrate(targets: Iterable[tuple[str, str]] = ()) -> Apps:
    """Migrate to these, or to the latest; return the models as they are there."""
    executor = MigrationExecutor(connection)
    nodes = list(targets) or executor.loader.graph.leaf_nodes()
    executor.migrate(nodes)
    ContentType.objects.clear_cache()
    # Of apps that no target names, such as Django's own, the state has the latest.
    loader = MigrationExecutor(connection).loader
    state: Apps = loader.project_state(list(loader.applied_migrations)).apps
    return state


def rows_of_the_release() -> list[Row]:
    """Return the rows that 0.1.0 left, in an order in which they can be stored."""
    return [(label, fields) for label, fields in map(json.loads, LEFT.read_text().splitlines())]


def store(apps: Apps, rows: Iterable[Row]) -> None:
    """Store rows by the models of their release."""
    models: set[type[Model]] = set()
    with transaction.atomic():
        for label, fields in rows:
            model = apps.get_model(label)
            columns = {field.attname: field for field in model._meta.concrete_fields}
            row = model(**{name: columns[name].to_python(value) for name, value in fields.items()})
            # Raw: a time that is set when a row is made would be set anew.
            row.save_base(raw=True, force_insert=True)
            models.add(model)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)


def stored(apps: Apps, rows: Iterable[Row]) -> list[Row]:
    """Return the same rows as they are stored now, in the columns that they had."""
    now = []
    for label, fields in rows:
        model = apps.get_model(label)
        name = model._meta.pk.attname
        values = model._base_manager.filter(pk=fields[name]).values(*fields).first() or {}
        now.append((label, {name: as_json(value) for name, value in values.items()}))
    return now


def as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def is_kept(row: Row) -> bool:
    label, fields = row
    return not any(label == each and fields[name] == value for each, name, value in DROPPED)


@pytest.fixture
def rows() -> Iterator[list[Row]]:
    """A database that 0.1.0 left; back at the latest migrations afterwards."""
    try:
        left = rows_of_the_release()
        store(migrate(RELEASE), left)
        yield [row for row in left if is_kept(row)]
    finally:
        migrate()


def test_an_upgrade_keeps_every_row(rows: list[Row]) -> None:
    apps = migrate()
    upgraded = [
        (label, fields | CHANGED.get((label, fields.get("id")), {})) for label, fields in rows
    ]
    assert stored(apps, rows) == upgraded
    for label, columns in FILLED.items():
        for row in apps.get_model(label)._base_manager.values(*columns):
            assert row == columns, label


def test_the_way_back_keeps_every_row(rows: list[Row]) -> None:
    migrate()
    assert stored(migrate(RELEASE), rows) == rows


def test_what_the_release_believed_too_soon_is_in_doubt_until_it_goes_back(rows: list[Row]) -> None:
    old = migrate(RELEASE)
    model = old.get_model("billing.subscription")
    first = model._base_manager.all()[0]
    for count in (9, 10, 11):
        first.pk, first.provider_id = None, f"sub_{count}"
        first.items = [{**first.items[0], "id": f"si_{n}"} for n in range(count)]
        first.save(force_insert=True)
    charge = old.get_model("billing.charge")._base_manager.get(pk=4)
    charge.pk, charge.provider_id, charge.in_doubt = None, "ch_returned", True
    charge.snapshots = [{**charge.snapshots[0], "partly": {}, "doubt": True}]
    charge.save(force_insert=True)
    migrate()
    cut = Subscription.objects.filter(provider_id__startswith="sub_", in_doubt=True)
    assert [(row.provider_id, row.abridged) for row in cut] == [("sub_10", True)]
    named = Charge.objects.filter(in_doubt=True)
    assert {row.is_only_named for row in named} == {True}
    assert len(named) == 2
    # A failed refund had put its charge in doubt all along.
    kept = migrate(RELEASE).get_model("billing.charge")._base_manager.filter(in_doubt=True)
    assert [row.provider_id for row in kept] == ["ch_returned"]


@pytest.mark.postgresql
def test_an_index_that_an_interruption_left_half_made_is_made_anew(rows: list[Row]) -> None:
    name = "billing_idempotencykey_open"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX {name} ON billing_idempotencykey (scope)")
    migrate()
    with connection.cursor() as cursor:
        made = connection.introspection.get_constraints(cursor, "billing_idempotencykey")
    assert made[name]["columns"] == ["state", "id"]


def test_what_the_release_sealed_is_verified(rows: list[Row]) -> None:
    migrate()
    assert not found()
    call_command("audit", "seal", stdout=StringIO())
    assert not found()


def test_what_the_release_recorded_is_processed(rows: list[Row]) -> None:
    migrate()
    waiting = WebhookEvent.objects.filter(status="pending")
    assert waiting.count() == 2
    call_command("process_events", stdout=StringIO())
    assert not waiting.exists()
    assert Invoice.objects.filter(customer_id="cus_bea", status="open").exists()
    call_command("replay_events", "--type=invoice.paid", "--force", "--reason=x", stdout=StringIO())
    assert deliver(sample("customer.created", id="cus_bea", name="Bea Doe")).status_code == 200
    assert Customer.objects.get(provider_id="cus_bea").name == "Bea Doe"
    assert not found()


def test_whom_the_release_knew_can_be_erased(rows: list[Row]) -> None:
    migrate()
    call_command("erase_customer", "cus_bea", "--reason=she asked", stdout=StringIO())
    out = StringIO()
    call_command("erase_customer", "--unfinished", stdout=out)
    assert out.getvalue().startswith("cus_cleo: redacted:")
    assert not ErasureRequest.objects.filter(finished_at=None).exists()
    # Who had begun it with 0.1.0 is who has erased it.
    last = AuditEntry.objects.filter(subject="billing.customer:cus_cleo").latest("sequence")
    assert last.actor == "bert"
    bodies = b"".join(bytes(row.body or b"") for row in WebhookEvent.objects.all())
    assert b"@example.com" not in bodies
    call_command("audit", "seal", stdout=StringIO())
    assert not found()


def test_tokens_and_second_factors_of_the_release_are_good_for_the_same(rows: list[Row]) -> None:
    migrate()
    assert bearer(TOKEN).get("/api/v1/events").json()["results"]
    device = TOTPDevice.objects.get()
    code = f"{totp(device.bin_key):06d}"
    assert second_factor.prove(device.user, code, now=timezone.now()) == device
