"""The permission to see a model's rows, asked for in one way by screens and by the API."""

from typing import Any

from django.contrib.auth import get_permission_codename
from django.db.models import Model


def may_view(user: Any, model: type[Model]) -> bool:
    """True when the user has the model's own `view` permission.

    Django's admin takes `change` for it as well; here that lets nobody see anything.
    """
    codename = get_permission_codename("view", model._meta)
    return bool(user.has_perm(f"{model._meta.app_label}.{codename}"))
