"""The version is one, wherever it is shown."""

import re

import pytest
from django.test import Client

from payments_project import __version__
from tests.documents import ROOT


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} - \d{{4}}-\d\d-\d\d", headings[1])


@pytest.mark.parametrize("page", ["", "webhooks/webhookevent/", "password_change/"])
def test_staff_see_the_version_on_every_page(admin_client: Client, page: str) -> None:
    assert f"Version {__version__}" in admin_client.get(f"/admin/{page}").content.decode()


@pytest.mark.django_db
def test_strangers_do_not_see_the_version(client: Client) -> None:
    assert __version__ not in client.get("/admin/login/").content.decode()
