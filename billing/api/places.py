"""The place in which a billing object is looked for."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from webhooks.api.fields import TextField
from webhooks.api.views import Place


@extend_schema_field({"type": "boolean"})
class FlagParameter(serializers.ChoiceField):
    """`true` or `false`, and nothing else."""

    # Not REST framework's BooleanField, which takes `1`, `yes` and `on` as well.
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(["true", "false"], **kwargs)


class ObjectPlace(Place):
    """The account and mode in which an object's id is looked for: our own account by default."""

    account = TextField(
        default="", allow_blank=True, max_length=255, help_text="A connected account."
    )
    livemode = FlagParameter(required=False)

    def lookups(self) -> dict[str, Any]:
        """Return the fields to filter by, with their values."""
        found = super().lookups()
        if "livemode" in found:
            found["livemode"] = found["livemode"] == "true"
        return found
