"""The rows that somebody ticked on a list."""

import re
from typing import Any, Final

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.http import HttpRequest

from webhooks.admin.style import ModelAdmin

# As many digits as a key of 64 bits can have without one that is out of its range.
_KEY: Final = re.compile(r"[0-9]{1,18}")


class SelectionAdmin(ModelAdmin):
    """Left to itself, a `ModelAdmin` hands the database whatever is sent in the place of a key."""

    def response_action(self, request: HttpRequest, queryset: Any) -> Any:
        """Do what was asked for with the rows. Raises `BadRequest`."""
        if not all(map(_KEY.fullmatch, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest("What was chosen are not the keys of rows.")
        return super().response_action(request, queryset)
