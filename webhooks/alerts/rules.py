"""The rules of this app, in one table. Importing it registers them."""

from typing import Final

from webhooks.alerts import audit_rules, delivery_rules, event_rules, process_rules
from webhooks.monitoring.alert_rules import Rule, Severity, Terms, register

CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING
DAY: Final = 24 * 3600.0

register(
    Rule(
        "nothing_genuine",
        "Nothing genuine gets in",
        CRITICAL,
        Terms(threshold=0, cool_down=0),
        "none: WEBHOOK_ALARMS has its numbers",
        "A genuine delivery has been taken.",
        delivery_rules.nothing_genuine,
    ),
    Rule(
        "refusals",
        "Refusals come in bursts",
        WARNING,
        # As long as the alarm itself is quiet, which would not raise it again before.
        Terms(threshold=0, cool_down=1800),
        "none: WEBHOOK_ALARMS has its numbers",
        "Refusals are as few as usual.",
        delivery_rules.refusals,
    ),
    Rule(
        "secret_unproven",
        "A secret proves nothing any more",
        WARNING,
        Terms(threshold=20, cool_down=300),
        "deliveries in a row that former secrets alone proved",
        "The current secret proves deliveries.",
        delivery_rules.secret_unproven,
    ),
    Rule(
        "events_failed",
        "Events have failed",
        CRITICAL,
        Terms(threshold=1, cool_down=60),
        "failed events",
        "No event has failed that somebody would have to see to.",
        event_rules.events_failed,
    ),
    Rule(
        "events_wait",
        "Events wait too long",
        CRITICAL,
        Terms(threshold=300, cool_down=120),
        "seconds that an event is due",
        "No event waits for long.",
        event_rules.events_wait,
    ),
    Rule(
        "processing_slow",
        "Processing is slow",
        WARNING,
        Terms(threshold=5, cool_down=600),
        "seconds that one attempt in twenty takes",
        "Attempts are as quick as they should be.",
        event_rules.processing_slow,
    ),
    Rule(
        "no_worker",
        "No worker is seen",
        CRITICAL,
        Terms(threshold=120, cool_down=0),
        "seconds without a heartbeat",
        "It is at work again.",
        process_rules.no_worker,
    ),
    Rule(
        "no_beat",
        "No beat is seen",
        CRITICAL,
        Terms(threshold=120, cool_down=0),
        "seconds without a heartbeat",
        "It is at work again.",
        process_rules.no_beat,
    ),
    Rule(
        "audit_damaged",
        "The audit trail is damaged",
        CRITICAL,
        Terms(threshold=0, cool_down=0),
        "none",
        "`audit verify` found everything as it was recorded.",
        audit_rules.audit_damaged,
    ),
    Rule(
        "seal_late",
        "The seal is late",
        WARNING,
        Terms(threshold=1800, cool_down=0),
        "seconds, or three times AUDIT_SEAL_EVERY_MINUTES if that is longer",
        "What was recorded is sealed.",
        audit_rules.seal_late,
    ),
    Rule(
        "events_never_came",
        "Events never came",
        WARNING,
        Terms(threshold=DAY, cool_down=0),
        "seconds that a reconciliation counts for",
        "For a day, nothing had to be fetched.",
        event_rules.events_never_came,
    ),
    Rule(
        "new_api_version",
        "An API version is new",
        WARNING,
        Terms(threshold=DAY, cool_down=0),
        "seconds that a version is new",
        "The version has been there for a day.",
        event_rules.new_api_version,
    ),
)
