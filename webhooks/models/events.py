"""Events as they were received: the log of them, and the queue of what is to do."""

from datetime import datetime
from typing import ClassVar, Final

from django.db import models

from webhooks import strict_json
from webhooks.events import Event
from webhooks.models.bodies import BodyField
from webhooks.models.globs import Glob
from webhooks.models.replays import Replay
from webhooks.models.senders import LONGEST_REQUEST_ID, LONGEST_USER_AGENT

FETCHED: Final = "(fetched)"
"""In the place of an endpoint, and no endpoint's name: the event was asked for, not delivered.

Its body is what the provider's API answered with, which nobody signed; proof is the connection.
"""

models.CharField.register_lookup(Glob)


class EventQuerySet(models.QuerySet["WebhookEvent"]):
    """Events by the state they are in."""

    def due(self, now: datetime) -> "EventQuerySet":
        """Return those pending and nobody's now; the longest waiting first, then the oldest."""
        # A claim moves `available_at` to its lease's end, so a lost worker's events come due too.
        return self.filter(status=WebhookEvent.Status.PENDING, available_at__lte=now).order_by(
            "available_at", "id"
        )

    def retrying(self, now: datetime) -> "EventQuerySet":
        """Return those that nobody holds, to be tried again or re-run at a later time."""
        return self.filter(
            status=WebhookEvent.Status.PENDING, available_at__gt=now, claimed_at__isnull=True
        )

    def in_lane(self, lane: "WebhookEvent.Lane") -> "EventQuerySet":
        """Return those waiting in this lane."""
        return self.filter(lane=lane)

    def of_type(self, pattern: str) -> "EventQuerySet":
        """Return those whose type matches, where `*` stands for any run of characters."""
        return self.filter(type__glob=pattern)

    def replayable(self) -> "EventQuerySet":
        """Return those that still have their payload."""
        return self.filter(body__isnull=False)

    def ignorable(self, now: datetime) -> "EventQuerySet":
        """Return those that failed, and those tried in vain that nobody is at work on."""
        in_flight = models.Q(claimed_at__isnull=False, available_at__gt=now)
        tried = models.Q(status=WebhookEvent.Status.PENDING, attempts__gt=0) & ~in_flight
        return self.filter(models.Q(status=WebhookEvent.Status.FAILED) | tried)

    def in_flight(self, now: datetime) -> "EventQuerySet":
        """Return those claimed and not settled yet, while their leases run."""
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
        """The queue of an event: nothing in a later lane is taken while an earlier one has work."""

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

    body = BodyField(
        null=True, help_text="the signed bytes, less what was erased; none once cleaned up"
    )
    erased_at = models.DateTimeField(
        "personal data erased", null=True, blank=True, help_text="the hash stays as it was"
    )
    # Kept for good: it proves what was signed when the payload is gone.
    sha256 = models.CharField("SHA-256", max_length=64, help_text="of the signed bytes")
    secret_id = models.CharField(
        "proven by",
        max_length=16,
        blank=True,
        help_text="the id of the secret that proved it; empty for what was fetched",
    )
    # Of the first delivery. Empty for what was fetched, what release 0.1.0 recorded, and once the
    # payload has been cleaned up or the person erased.
    client = models.CharField("client address", max_length=45, blank=True, db_default="")
    user_agent = models.CharField(max_length=LONGEST_USER_AGENT, blank=True, db_default="")
    request_id = models.CharField(
        "request id",
        max_length=LONGEST_REQUEST_ID,
        blank=True,
        db_default="",
        help_text="the proxy's",
    )
    received_at = models.DateTimeField("received")
    last_received_at = models.DateTimeField("last received")
    # Defaults are the database's where the statement that records an event leaves columns out.
    deliveries = models.PositiveIntegerField(db_default=1)

    status = models.CharField(max_length=16, choices=Status, db_default=Status.PENDING)
    lane = models.PositiveSmallIntegerField(choices=Lane, db_default=Lane.FRESH)
    # One column is the schedule and the lease: a lost worker's event comes due like a retry.
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
    # A copy of the last attempt's, so that lists show it without a join.
    last_error = models.TextField(blank=True, db_default="")
    settled_at = models.DateTimeField("settled", null=True, blank=True)
    replay = models.ForeignKey(
        Replay,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="waiting",
        # Nobody looks for it, and every attempt writes it.
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
            # Partial: the queue costs what is in it, however many events were ever received.
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
            # For the clean-up, which would otherwise read past every tombstone.
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
        """True when it came because we asked for it, and not, at first, by a delivery."""
        return self.endpoint == FETCHED

    @property
    def times_delivered(self) -> int:
        """The number of deliveries; `deliveries` counts a fetch as one."""
        return self.deliveries - self.was_fetched

    def as_event(self) -> Event:
        """Return the event as handlers receive it. The body must still be there."""
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
