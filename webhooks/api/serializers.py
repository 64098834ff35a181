"""Events, as the API shows them. What the provider sent is not among it."""

from typing import ClassVar

from rest_framework import serializers

from webhooks.api.fields import FlagField, Shown, StrictSerializer, TextField
from webhooks.models import Attempt, WebhookEvent


class EventSerializer(Shown):
    """An event, and where it stands."""

    has_payload = serializers.BooleanField(
        read_only=True, help_text="true when it can be processed again"
    )

    class Meta:
        model = WebhookEvent
        fields: ClassVar = [
            "provider",
            "event_id",
            "type",
            "object_type",
            "object_id",
            "customer_id",
            "account",
            "livemode",
            "api_version",
            "endpoint",
            "provider_created_at",
            "received_at",
            "last_received_at",
            "deliveries",
            "sha256",
            "has_payload",
            "status",
            "attempts",
            "available_at",
            "settled_at",
            "last_error",
        ]


class HandlerSerializer(serializers.Serializer[dict[str, object]]):
    """The outcome of one handler."""

    name = serializers.CharField()
    outcome = serializers.CharField(help_text="succeeded, failed or skipped")
    ms = serializers.FloatField()
    error = serializers.CharField()


class AttemptSerializer(Shown):
    """One try at processing an event, and who asked for it when somebody did."""

    handlers = HandlerSerializer(many=True, read_only=True)
    actor = serializers.CharField(source="replay.actor", default=None, read_only=True)
    reason = serializers.CharField(source="replay.reason", default=None, read_only=True)

    class Meta:
        model = Attempt
        fields: ClassVar = [
            "number",
            "trigger",
            "actor",
            "reason",
            "started_at",
            "duration_ms",
            "outcome",
            "handlers",
        ]


class ReplaySerializer(StrictSerializer):
    """A request to process an event again: its reason, and whether to force it."""

    reason = TextField(max_length=500, trim_whitespace=True, help_text="Kept with the attempt.")
    force = FlagField(
        default=False,
        help_text="Also run the handlers that have succeeded: their effects may happen twice.",
    )


class ReplayedSerializer(serializers.Serializer[dict[str, object]]):
    """The result of a replay."""

    provider = serializers.CharField()
    event_id = serializers.CharField()
    status = serializers.ChoiceField(choices=WebhookEvent.Status.choices)
    outcome = serializers.ChoiceField(
        choices=Attempt.Outcome.choices,
        allow_null=True,
        help_text="Of the attempt made at once; null where workers make it.",
    )
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
