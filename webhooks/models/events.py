"""Events as they were received, the requests to process them again, and each try at it."""

from datetime import datetime
from typing import ClassVar, Final

from django.db import models

from webhooks import strict_json
from webhooks.events import Event
from webhooks.models.globs import Glob

FETCHED: Final = "(fetched)"
"""In the place of an endpoint, and no endpoint's name: the event was asked for, not delivered.

Its body is what the provider's API answered with, which nobody signed; proof is the connection.
"""

models.CharField.register_lookup(Glob)


class Trigger(models.TextChoices):
    """Why an attempt was made."""

    DELIVERY = "delivery", "Delivery"
    RETRY = "retry", "Retry"
    SWEEP = "sweep", "Sweep"
    STAFF = "staff", "Staff"
    COMMAND = "command", "Command"
    RECONCILIATION = "reconcile", "Reconciliation"
    API = "api", "API"


class Replay(models.Model):
    """A request to process events again: who asked, why, and how."""

    trigger = models.CharField(max_length=16, choices=Trigger)
    actor = models.CharField(max_length=150, help_text="the staff account or the system user")
    reason = models.TextField(blank=True)
    force = models.BooleanField(
        default=False, help_text="also run the handlers that had already succeeded"
    )
    created_at = models.DateTimeField()
    selection = models.JSONField(
        default=dict, help_text="which events, as the command was asked, for it to resume"
    )
    cursor = models.BigIntegerField(default=0, help_text="the last event made due so far")
    finished_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.get_trigger_display()} re-run by {self.actor}"


class EventQuerySet(models.QuerySet["WebhookEvent"]):
    """Events by the state they are in."""

    def due(self, now: datetime) -> "EventQuerySet":
        """Pending, and nobody's at this moment; the longest waiting first, then the oldest."""
        return self.filter(status=WebhookEvent.Status.PENDING, available_at__lte=now).order_by(
            "available_at", "id"
        )

    def in_lane(self, lane: "WebhookEvent.Lane") -> "EventQuerySet":
        """Those waiting in this lane."""
        return self.filter(lane=lane)

    def of_type(self, pattern: str) -> "EventQuerySet":
        """Those whose type matches, where `*` stands for any run of characters."""
        return self.filter(type__glob=pattern)

    def replayable(self) -> "EventQuerySet":
        """Those that still have their payload."""
        return self.filter(body__isnull=False)

    def ignorable(self, now: datetime) -> "EventQuerySet":
        """Those that failed, and those tried in vain that nobody is at work on."""
        in_flight = models.Q(claimed_at__isnull=False, available_at__gt=now)
        tried = models.Q(status=WebhookEvent.Status.PENDING, attempts__gt=0) & ~in_flight
        return self.filter(models.Q(status=WebhookEvent.Status.FAILED) | tried)

    def in_flight(self, now: datetime) -> "EventQuerySet":
        """Claimed, and not settled yet."""
        return self.filter(
            status=WebhookEvent.Status.PENDING, claimed_at__isnull=False, available_at__gt=now
        )


class WebhookEvent(models.Model):
    """One event of a provider's: the log of what was received, and the queue of what is to do.

    `attempts` counts claims and is the fencing token: only the claimant whose number is still
    in the row may settle it. Rows are made by `webhooks.intake.record` alone.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Ignored"
        FAILED = "failed", "Failed"

    class Lane(models.IntegerChoices):
        """Where an event waits: nothing in a later lane is taken while an earlier one has work."""

        FRESH = 0, "Fresh"
        BULK = 1, "Bulk re-run"

    provider = models.CharField(max_length=32)
    event_id = models.CharField("event id", max_length=255)
    endpoint = models.CharField(max_length=64, help_text="where it came in")
    type = models.CharField(max_length=255)
    object_type = models.CharField(max_length=255, blank=True)
    object_id = models.CharField("object", max_length=255, blank=True)
    customer_id = models.CharField("customer", max_length=255, blank=True)
    account = models.CharField(
        max_length=255, blank=True, help_text="the connected account; empty for our own"
    )
    livemode = models.BooleanField("live mode", default=False)
    api_version = models.CharField("API version", max_length=255, blank=True)
    provider_created_at = models.DateTimeField("made by the provider", null=True, blank=True)

    body = models.BinaryField(
        null=True, help_text="the signed bytes, less what was erased; none once cleaned up"
    )
    erased_at = models.DateTimeField(
        "personal data erased", null=True, blank=True, help_text="the hash stays as it was"
    )
    sha256 = models.CharField("SHA-256", max_length=64, help_text="of the signed bytes")
    secret_id = models.CharField(
        "proven by",
        max_length=16,
        blank=True,
        help_text="the id of the secret that proved it; empty for what was fetched",
    )
    received_at = models.DateTimeField("received")
    last_received_at = models.DateTimeField("last received")
    deliveries = models.PositiveIntegerField(db_default=1)

    status = models.CharField(max_length=16, choices=Status, db_default=Status.PENDING)
    lane = models.PositiveSmallIntegerField(choices=Lane, db_default=Lane.FRESH)
    available_at = models.DateTimeField(
        help_text="pending: when it may next be claimed; a claim moves it to the lease's end"
    )
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="by the claim in force")
    attempts = models.PositiveIntegerField()
    schedule_start = models.PositiveIntegerField(
        db_default=0, help_text="how many attempts had been made when the retry schedule last began"
    )
    lost_leases = models.PositiveIntegerField(
        db_default=0, help_text="how many workers in a row took it and were not heard of again"
    )
    succeeded = models.JSONField(
        db_default=models.Value([], models.JSONField()),
        help_text="the handlers that need not run again",
    )
    last_error = models.TextField(blank=True, db_default="")
    settled_at = models.DateTimeField("settled", null=True, blank=True)
    replay = models.ForeignKey(
        Replay,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="waiting",
        db_index=False,
        help_text="the re-run asked for and not made yet",
    )

    objects: ClassVar[EventQuerySet] = EventQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "event"
        permissions: ClassVar = [
            ("replay_webhookevent", "Can re-run events"),
            ("bulk_replay_webhookevent", "Can re-run many events at once"),
            ("force_replay_webhookevent", "Can re-run handlers that have succeeded"),
            ("ignore_webhookevent", "Can have failed events ignored"),
            ("view_raw_payload", "Can see payloads unmasked"),
        ]
        constraints: ClassVar = [
            # The id first: staff look an event up by its id alone.
            models.UniqueConstraint(fields=["event_id", "provider"], name="webhooks_event_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["lane", "available_at", "id"],
                name="webhooks_event_due",
                condition=models.Q(status="pending"),
            ),
            models.Index(
                fields=["-id"], name="webhooks_event_failed", condition=models.Q(status="failed")
            ),
            models.Index(fields=["type", "-id"], name="webhooks_event_type"),
            models.Index(
                fields=["account", "-id"],
                name="webhooks_event_account",
                condition=~models.Q(account=""),
            ),
            models.Index(fields=["received_at"], name="webhooks_event_received"),
            models.Index(
                fields=["received_at"],
                name="webhooks_event_payload",
                condition=models.Q(body__isnull=False),
            ),
            models.Index(fields=["object_id"], name="webhooks_event_object"),
            models.Index(fields=["customer_id"], name="webhooks_event_customer"),
            models.Index(
                fields=["sha256"], name="webhooks_event_sha256", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

    @property
    def was_fetched(self) -> bool:
        """Whether it came to us because we asked for it, and not, at first, by a delivery."""
        return self.endpoint == FETCHED

    @property
    def times_delivered(self) -> int:
        """How often it was delivered, which `deliveries` tells of all but the fetched."""
        return self.deliveries - self.was_fetched

    def as_event(self) -> Event:
        """The event as handlers receive it. The body must still be there."""
        return Event(
            provider=self.provider,
            id=self.event_id,
            type=self.type,
            payload=strict_json.read(bytes(self.body or b"")),
            created_at=self.provider_created_at,
            received_at=self.received_at,
            livemode=self.livemode,
            account=self.account,
            api_version=self.api_version,
            object_type=self.object_type,
            object_id=self.object_id,
            customer_id=self.customer_id,
            secret_id=self.secret_id,
            is_first_attempt=self.attempts == 1,
        )


class Attempt(models.Model):
    """One try at processing an event, written in the transaction that it describes."""

    class Outcome(models.TextChoices):
        PROCESSED = "processed", "Processed"
        IGNORED = "ignored", "Ignored"
        RETRYING = "retrying", "Will be retried"
        FAILED = "failed", "Failed"

    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="attempt_set")
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=16, choices=Trigger)
    replay = models.ForeignKey(
        Replay, null=True, blank=True, on_delete=models.PROTECT, related_name="attempts"
    )
    started_at = models.DateTimeField()
    duration_ms = models.FloatField("duration (ms)")
    outcome = models.CharField(max_length=16, choices=Outcome)
    handlers = models.JSONField(
        default=list, help_text="per handler: name, outcome (succeeded, failed, skipped), ms, error"
    )
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "number"], name="webhooks_attempt_once"),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number}: {self.get_outcome_display()}"
