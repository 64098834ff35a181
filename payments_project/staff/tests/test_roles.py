"""The groups that staff begin with, as migrations make and remove them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from payments_project.staff.roles import ROLES

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(to: str) -> None:
    call_command("migrate", "staff", to, verbosity=0)


@pytest.fixture(autouse=True)
def _groups() -> Any:
    # The test before may have emptied the tables.
    migrate("zero")
    migrate("0001")
    yield
    Group.objects.all().delete()
    migrate("zero")
    migrate("0001")


def held(role: str) -> set[str]:
    permissions = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}" for each in permissions}


def test_groups_have_the_permissions_of_the_roles() -> None:
    assert {role: held(role) for role in ROLES} == ROLES


def test_changed_groups_are_left_alone() -> None:
    more = Permission.objects.get(codename="view_group")
    Group.objects.get(name="Support").permissions.set([more])
    member = User.objects.create(username="anna")
    member.groups.add(Group.objects.get(name="Support"))

    migrate("zero")
    migrate("0001")

    assert held("Support") == {"auth.view_group"}
    assert member.groups.get().name == "Support"


def test_undoing_the_migration_removes_empty_groups() -> None:
    migrate("zero")

    assert not Group.objects.filter(name__in=ROLES).exists()
