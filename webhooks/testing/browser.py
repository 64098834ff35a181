"""Browsers of staff, for tests of the admin's screens."""

from django.contrib.auth.models import Permission, User
from django.test import Client


def log_in(*permissions: str, is_superuser: bool = False, name: str = "anna") -> Client:
    """Return a browser of a new member of staff, who has the permissions of these codenames."""
    user = User.objects.create(username=name, is_staff=True, is_superuser=is_superuser)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    # Not by the form: what a log-in takes is tried in the tests of logging in.
    client.force_login(user)
    return client


def text(client: Client, url: str, **query: str) -> str:
    """Return the page at an address, having seen that it is one."""
    response = client.get(url, query)
    assert response.status_code == 200
    return response.content.decode()
