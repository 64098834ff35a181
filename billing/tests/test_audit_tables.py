"""The history of billing objects is sealed: what was done to it behind our back is found."""

from typing import Any

import pytest
from django.utils import timezone

from billing.audit_tables import CHANGES
from billing.models import BillingChange
from webhooks import audit
from webhooks.models import AuditEntry
from webhooks.testing import deliver, sample
from webhooks.testing.audit_trail import execute, first_found_when_altered, found, hidden

pytestmark = pytest.mark.django_db


@pytest.fixture
def change() -> Any:
    deliver(sample("invoice.paid"))
    audit.seal(now=timezone.now())
    return BillingChange.objects.latest("pk")


def test_every_altered_column_of_a_change_is_named(change: BillingChange) -> None:
    assert not found()
    told = first_found_when_altered(change)
    assert told.pop("id").startswith(f"billing.billingchange {change.pk}: deleted")
    assert told.keys() == {*CHANGES.fixed, *CHANGES.erasable}
    for column, what in told.items():
        assert what.startswith(f"billing.billingchange {change.pk} ("), column
        assert "altered" in what, column
        assert ("its fields" in what) == (column == "fields")


def test_a_deleted_change_is_named(change: BillingChange) -> None:
    execute("DELETE FROM billing_billingchange WHERE id = %s", change.pk)
    assert found()[0].startswith(f"billing.billingchange {change.pk}: deleted")


def test_an_erased_value_that_comes_back_is_named(change: BillingChange) -> None:
    rows = {BillingChange: [change.pk]}
    held = audit.hold(rows)
    BillingChange.objects.filter(pk=change.pk).update(fields={"email": "erased"})
    audit.amend(AuditEntry.Action.ERASED, rows, held=held, actor="ada", now=timezone.now())
    assert not found()
    BillingChange.objects.filter(pk=change.pk).update(fields=change.fields)
    assert "its fields is not what" in found()[0]


def test_an_entry_that_is_erased_while_its_seal_is_hidden_is_named(change: BillingChange) -> None:
    rows = {BillingChange: [change.pk]}
    with hidden(CHANGES.label):
        BillingChange.objects.filter(pk=change.pk).update(fields={"total": [1, 2]})
        held = audit.hold(rows)
        audit.amend(AuditEntry.Action.ERASED, rows, held=held, actor="ada", now=timezone.now())
    assert "changed by" in found()[0]


def test_an_entry_that_is_erased_before_its_seal_is_no_finding() -> None:
    deliver(sample("invoice.paid"))
    rows = {BillingChange: [BillingChange.objects.latest("pk").pk]}
    for number in range(2):
        held = audit.hold(rows)
        BillingChange.objects.filter(pk__in=rows[BillingChange]).update(fields={"total": [number]})
        audit.amend(AuditEntry.Action.ERASED, rows, held=held, actor="ada", now=timezone.now())
        audit.seal(now=timezone.now())
        assert found() == []
