"""The audit trail's screens."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.timezone import now

from webhooks import audit
from webhooks.models import AuditEntry, Replay, Trigger
from webhooks.processing.replay import request_replay
from webhooks.testing.audit_trail import alter, lay
from webhooks.testing.browser import log_in, text

pytestmark = pytest.mark.django_db

LIST = "/admin/webhooks/auditentry/"
EXPORT = f"{LIST}export/"


@pytest.fixture
def auditor() -> Client:
    return log_in("view_auditentry", "export_auditentry", name="eve")


def page(entry: AuditEntry) -> str:
    return f"{LIST}{entry.pk}/change/"


def entry_of(action: str) -> AuditEntry:
    entry: AuditEntry = AuditEntry.objects.filter(action=action).latest("sequence")
    return entry


def test_the_list_tells_who_did_what_and_how_far_all_is_sealed(auditor: Client) -> None:
    lay()
    shown = text(auditor, LIST)
    for fact in ("Command run", "ada", "Logged in", "Rows sealed", "Sealed up to"):
        assert fact in shown
    assert str(audit.current_anchor()) in shown


@pytest.mark.parametrize(
    "query", [{"act": "command.run"}, {"q": "ada"}, {"q": "subject"}, {"q": "command.run"}]
)
def test_entries_are_filtered_and_searched(auditor: Client, query: dict[str, str]) -> None:
    lay()
    found = auditor.get(LIST, query).context["cl"].result_list
    assert [entry.action for entry in found] == ["command.run"]


def test_seals_say_what_they_seal_and_can_be_left_out(auditor: Client) -> None:
    lay(events=2)
    assert '3 of <span class="code" title="webhooks.webhookevent">' in text(auditor, LIST)
    found = auditor.get(LIST, {"act": "-seals"}).context["cl"].result_list
    assert [entry.action for entry in found] == ["command.run", "staff.login"]


def test_the_reason_of_a_rerun_is_with_its_entry(auditor: Client) -> None:
    event = lay()
    order = request_replay(
        trigger=Trigger.STAFF, actor="ada", reason="ticket <7>", events=[event.pk], now=now()
    )
    entry = entry_of("event.rerun")
    assert "ticket &lt;7&gt;" in text(auditor, page(entry))
    Replay.objects.filter(pk=order.pk).delete()
    assert "not kept here" in text(auditor, page(entry))


def test_a_subject_is_a_link_for_those_who_may_see_it(auditor: Client) -> None:
    user = User.objects.get(username="eve")
    entry = audit.record(AuditEntry.Action.LOGIN, actor="eve", subject="auth.user:1", now=now())
    for subject in ("auth.user:", "auth.nothing:1", "a.b.c:1", "no label"):
        audit.record(AuditEntry.Action.LOGIN, actor="eve", subject=subject, now=now())
        assert "<span" in text(auditor, page(entry_of("staff.login")))
    assert "/admin/auth/user/1/" not in text(auditor, page(entry))
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert "/admin/auth/user/1/" in text(auditor, page(entry))


def test_a_page_tells_whether_the_entry_fits(auditor: Client) -> None:
    lay()
    entry = entry_of("command.run")
    shown = text(auditor, page(entry))
    for fact in ("value", "Fits its neighbours", entry.mac):
        assert fact in shown
    alter(entry, "actor")
    assert "Does not fit" in text(auditor, page(entry))


def test_a_page_says_when_the_key_is_missing(auditor: Client, settings: Any) -> None:
    lay()
    settings.AUDIT_KEY = "another-key-altogether-of-good-length"
    assert "not at hand" in text(auditor, page(entry_of("command.run")))


def test_not_even_superusers_change_audit_entries(auditor: Client) -> None:
    lay()
    User.objects.update(is_superuser=True)
    entry = entry_of("command.run")
    assert auditor.get(f"{LIST}add/").status_code == 403
    assert auditor.post(f"{LIST}{entry.pk}/delete/").status_code == 403
    assert auditor.post(page(entry), {"actor": "x"}).status_code == 403


def test_the_export_can_be_verified_alone(auditor: Client, tmp_path: Path) -> None:
    lay()
    assert "goes on record" in text(auditor, EXPORT)
    assert not AuditEntry.objects.filter(action="audit.exported")
    answer = auditor.post(EXPORT)
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"".join(answer))
    assert "attachment" in answer.headers["Content-Disposition"]
    assert entry_of("audit.exported").actor == "eve"
    done = subprocess.run(
        [sys.executable, "-I", audit.VERIFIER, path],
        env={**os.environ, "AUDIT_KEY": settings.AUDIT_KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "verified: nothing altered, deleted or inserted\n"


def test_who_may_look_may_not_export() -> None:
    client = log_in("view_auditentry")
    assert client.get(LIST).status_code == 200
    assert client.get(EXPORT).status_code == 403
    assert client.post(EXPORT).status_code == 403
    assert not AuditEntry.objects.filter(action="audit.exported").exists()


def test_who_may_export_must_be_able_to_look() -> None:
    client = log_in("export_auditentry")
    assert client.get(LIST).status_code == 403
    assert client.post(EXPORT).status_code == 403
