"""Fields that take JSON's types as they are: no text for a number, no 1 for true."""

from typing import Any

from rest_framework import serializers


class TextField(serializers.CharField):
    """A text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WholeField(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """True or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it doesn't know: a field mistyped would be passed over."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                dict.fromkeys(unknown, "There is no such field."), code="unknown_field"
            )
        return super().to_internal_value(data)


class Shown(serializers.ModelSerializer[Any]):
    """A row as it is shown: every field is always there, and none is taken."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Return the fields, for reading."""
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return fields
