"""The apps in somebody else's project, by the very lines of docs/adopting.md."""

import hashlib
import hmac
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.conf import settings

from tests import foreign_project
from tests.conftest import database_of_its_own
from tests.foreign_project import ForeignProject
from tests.processes import wait_until
from webhooks.testing.servers import free_port

DOCUMENT = Path(settings.BASE_DIR, "docs", "adopting.md").read_text()

Visit = tuple[tuple[str, str, dict[str, str]], ...]

CUSTOMER = {"username": "customer@example.com", "password": "known-to-tests"}
STAFF = {"username": "staff@example.com", "password": "known-to-tests"}
CUSTOMERS_VISIT: Visit = (
    ("get", "/accounts/login/", {}),
    ("post", "/accounts/login/", {**CUSTOMER, "password": "mistyped"}),
    ("post", "/accounts/login/", CUSTOMER),
    ("get", "/", {}),
    ("post", "/accounts/logout/", {}),
)
STAFFS_VISIT: Visit = (
    ("get", "/admin/login/", {}),
    ("post", "/admin/login/", STAFF),
    ("get", "/admin/people/person/", {}),
)


def lines(title: str) -> Iterator[tuple[str, str]]:
    """Yield the files and the lines that a section of the document has added to them."""
    section = DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    yield from re.findall(r"```python\n# (\w+\.py)\n(.+?)```", section, re.DOTALL)


def settled(pages: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return pages without what is random in them."""
    return [
        (status, re.sub(r'(csrfmiddlewaretoken" value)="\w+"', r"\1", page))
        for status, page in pages
    ]


def without_menu(pages: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return pages of the admin without the list of its apps, in which ours appear too."""
    return [
        (status, re.sub(r"<nav.+?</nav>", "", page, flags=re.DOTALL))
        for status, page in settled(pages)
    ]


@contextmanager
def served(project: ForeignProject) -> Iterator[int]:
    """Serve the project as its developers do; yields the port."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "manage.py", "runserver", "--noreload", str(port)],
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until(lambda: _status(port, "GET", "/accounts/login/") == 200, server)
        yield port
    finally:
        server.terminate()
        server.communicate(timeout=30)


def deliver(port: int, event: dict[str, object]) -> int | None:
    """Post an event as Stripe signs it; return the status of the answer."""
    body, now = json.dumps(event).encode(), int(time.time())
    secret = settings.STRIPE_WEBHOOK_SECRET.encode()
    signature = hmac.new(secret, f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": f"t={now},v1={signature}",
    }
    return _status(port, "POST", "/webhooks/stripe", body, headers)


def _status(port: int, method: str, path: str, *rest: object) -> int | None:
    with suppress(OSError), closing(HTTPConnection("127.0.0.1", port)) as connection:
        connection.request(method, path, *rest)  # type: ignore[arg-type]
        return connection.getresponse().status
    return None


EVENT = {
    "id": "evt_of_a_foreign_project",
    "object": "event",
    "type": "customer.created",
    "created": 1_790_000_000,
    "livemode": False,
    "data": {
        "object": {
            "id": "cus_of_a_foreign_project",
            "object": "customer",
            "email": "customer@example.com",
            "created": 1_790_000_000,
            "livemode": False,
        }
    },
}

EVENTS = "/admin/webhooks/webhookevent/"
FILTERED = {
    "status": "processed",
    "type": "customer",
    "livemode__exact": "0",
    "received_at_from": "2026-01-01",
    "received_at_to": "no day",
    "q": "evt_of_a_foreign_project",
}
SCREENS: Visit = (
    ("post", "/admin/login/", STAFF),
    ("get", f"{EVENTS}1/change/", {}),
    ("get", EVENTS, {}),
    ("get", f"{EVENTS}1/rerun/", {}),
    ("post", f"{EVENTS}1/rerun/", {"reason": "to see"}),
    ("post", f"{EVENTS}1/raw/", {"reason": "to see more"}),
    ("get", "/admin/webhooks/auditentry/", {"recorded_at_from": "2026-01-01"}),
    ("get", "/admin/webhooks/auditentry/1/change/", {}),
    ("get", "/admin/webhooks/auditentry/export/", {}),
    ("get", "/admin/webhooks/refusal/", {}),
    ("get", "/admin/webhooks/apitoken/", {}),
)
SCREENS_OF_BILLING: Visit = (
    ("get", EVENTS, FILTERED),
    ("get", "/admin/billing/customer/", {"q": "customer@example.com"}),
    ("get", "/admin/billing/customer/1/change/", {}),
    ("get", "/admin/billing/customer/1/erase/", {}),
)


@pytest.mark.parametrize(
    ("titles", "has_unfold"),
    [
        # On PostgreSQL only the fullest: the others differ in pages and settings.
        pytest.param(["Receive events"], False, id="webhooks", marks=pytest.mark.one_database),
        pytest.param(["Receive events", "Billing state"], False, id="webhooks and billing"),
        pytest.param(
            ["Receive events", "Billing state"],
            True,
            id="webhooks and billing beside unfold",
            marks=pytest.mark.one_database,
        ),
    ],
)
def test_the_apps_stand_in_a_project_of_others(
    tmp_path: Path, titles: list[str], has_unfold: bool
) -> None:
    with database_of_its_own() as database:
        project = foreign_project.make(tmp_path, database, has_unfold=has_unfold)
        *_, facts, customers, staffs = project.do(
            ["command", "makemigrations", "people"],
            ["command", "migrate"],
            ["people"],
            ["facts"],
            ["visit", *CUSTOMERS_VISIT],
            ["visit", *STAFFS_VISIT],
        )

        for name, added in (each for title in titles for each in lines(title)):
            project.append(name, added)
        _, problems, changes, findings = project.do(
            ["command", "migrate"],
            ["command", "check"],
            ["command", "makemigrations", "--check", "--dry-run"],
            ["command", "doctor", "--offline"],
        )
        assert "no issues" in problems
        assert "No changes" in changes
        assert "every migration is applied" in findings
        with served(project) as port:
            assert deliver(port, EVENT) == 200

        has_billing = "Billing state" in titles
        facts_now, customers_now, staffs_now, acts, screens, more_acts = project.do(
            ["facts"],
            ["visit", *CUSTOMERS_VISIT],
            ["visit", *STAFFS_VISIT],
            ["acts"],
            ["visit", *SCREENS, *(SCREENS_OF_BILLING if has_billing else ())],
            ["acts"],
        )
        # Its own pages are as they were to the last byte, and so are its screens but for the menu.
        assert facts_now == facts
        assert settled(customers_now) == settled(customers)
        assert without_menu(staffs_now) == without_menu(staffs)
        # Nobody's login is on record, staff's neither: the project didn't ask for it.
        assert [act for act in acts if act.startswith("staff.")] == []
        assert [status for status, _ in screens if status not in (200, 302)] == []
        _, (status, event), (_, events), (_, form), _, (_, raw), *_ = screens
        assert status == 200
        for page in (event, events, form, raw):
            assert EVENT["id"] in page
        assert ("Processed" if has_billing else "Ignored") in event
        assert "to see more" not in raw
        assert set(more_acts) - set(acts) == {"event.rerun", "payload.viewed"}
        if has_billing:
            for _, page in screens[-4:]:
                assert "of_a_foreign_project" in page


@pytest.mark.parametrize("app", ["webhooks", "billing"])
def test_the_apps_replace_no_template_of_others(app: str) -> None:
    folder = Path(settings.BASE_DIR, app, "templates")
    names = [path.relative_to(folder) for path in folder.rglob("*.html")]
    assert {name.parts[0] for name in names} == {app}
