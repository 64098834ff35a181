"""Pages in a real browser, which tells what their policy keeps out and what is missing."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from django.utils import timezone

from tests.processes import Environment, manage, server
from tests.system.browser import Page, browser
from tests.system.nginx import HOST, nginx
from tests.system.requests import ask, delivery
from webhooks.testing.stripe_story import story

SITE = f"https://{HOST}"
PASSWORD = "known-to-all-who-read-this"
EVENTS = f"{SITE}/admin/webhooks/webhookevent/"


def log_in(page: Page) -> None:
    """Log in by the form, and see the first page."""
    page.open(f"{SITE}/admin/login/?next=/admin/")
    fields = json.dumps({"username": "anna", "password": PASSWORD})
    # By the form's own submission, as its scripts may have a say in that.
    page.leave_by(
        f"for (const [name, text] of Object.entries({fields}))"
        " document.querySelector(`[name=${name}]`).value = text;"
        " document.querySelector('[name=password]').form.requestSubmit()"
    )


def test_staff_see_pages_without_a_complaint(deployed: Environment, tmp_path: Path) -> None:
    static = {"STATIC_FOLDER": str(tmp_path / "static")}
    manage(deployed | static, "collectstatic", "--noinput")
    account = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    named = ("--username", "anna", "--email", "anna@example.com")
    manage(deployed | account, "createsuperuser", "--noinput", *named)
    with (
        server(deployed | static) as address,
        nginx(urlsplit(address).netloc) as proxy,
        browser(proxy) as page,
    ):
        for event in story(int(timezone.now().timestamp())):
            assert ask(proxy, delivery(event=event)).status == 200
        log_in(page)
        assert page.run("location.pathname") == "/admin/"
        page.save(tmp_path / "front.png")
        page.open(EVENTS)
        assert page.run("document.querySelectorAll('#result_list tbody tr').length") > 10
        page.save(tmp_path / "events.png")
        page.leave_by("document.querySelector('#result_list tbody th a').click()")
        assert page.run("document.body.innerText.includes('evt_')")
        page.save(tmp_path / "event.png")
        page.open(f"{SITE}/api/docs/")
        # Its scripts ask for the schema once the page is there.
        page.wait_for(".opblock")
        page.save(tmp_path / "docs.png")
        complaints = page.complaints

    assert complaints == []
