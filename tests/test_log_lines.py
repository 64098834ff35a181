"""A line of the log for everything that happens, with its fields, as text and as JSON."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from pytest_django import Settings

from tests.commands import OUR_APPS
from tests.log import lines
from webhooks.events import Event
from webhooks.intake.refusal_sampling import FIRST
from webhooks.management.logged import LoggedCommand
from webhooks.monitoring import request_ids
from webhooks.monitoring.log_lines import Line
from webhooks.monitoring.logs import Formatter, JsonFormatter
from webhooks.providers import PROVIDERS
from webhooks.testing import deliver, sample
from webhooks.testing.client import post
from webhooks.testing.plugin import Subscribe

STRIPE = {"endpoint": "stripe", "provider": "stripe"}
KEY = "sk_test_0123456789abcdef"
HOSTILE = f'Jo "x"\r\n2026-11-27 ERROR all is lost\t\\ é \ud83d {KEY}'


@pytest.fixture(autouse=True)
def info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged meanwhile, as JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
class TestDeliveries:
    def test_one_that_is_accepted_and_then_repeated(self, caplog: Any) -> None:
        event = sample("test.happened")
        deliver(event)
        deliver(event)
        told = {"event_id": event["id"], "type": "test.happened", "status": "200", **STRIPE}
        assert lines(caplog, "delivery") == [
            (logging.INFO, {"outcome": "accepted", **told}),
            (logging.INFO, {"outcome": "repeated", **told}),
        ]

    def test_each_event_of_one_and_one_without_any(
        self, caplog: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = [Event(provider="stripe", id=f"evt_{n}", type="a.b", payload={}) for n in (1, 2)]
        for events in (made, []):
            monkeypatch.setattr(
                PROVIDERS["stripe"], "verify", lambda *_, events=events, **__: events
            )
            post(b"{}", {"Stripe-Signature": "x"})
        accepted = {"outcome": "accepted", "status": "200", **STRIPE}
        assert [fields for _, fields in lines(caplog, "delivery")] == [
            {**accepted, "event_id": "evt_1", "type": "a.b"},
            {**accepted, "event_id": "evt_2", "type": "a.b"},
            accepted,
        ]

    def test_refusals_are_told_as_they_are_sampled(self, caplog: Any) -> None:
        for _ in range(100):
            post(b"{}", {})
        told = lines(caplog, "delivery")
        assert len(told) < 2 * FIRST
        assert {level for level, _ in told} == {logging.WARNING}
        assert sum(int(fields["refusals"]) for _, fields in told) == 64
        expected = {"outcome": "refused", "code": "missing_signature", "status": "400"}
        assert told[0][1] == {**expected, "refusals": "1", **STRIPE}

    def test_a_name_that_strangers_choose_is_printable_and_short(self, caplog: Any) -> None:
        post(b"{}", {}, "/webhooks/" + "é" * 100)
        [(_, fields)] = lines(caplog, "delivery")
        assert fields["endpoint"].isascii()
        assert len(fields["endpoint"]) <= 64

    def test_one_that_can_t_be_recorded(self, caplog: Any) -> None:
        def fail(*_: Any) -> None:
            raise OperationalError("away")

        with connection.execute_wrapper(fail):
            deliver(sample("test.happened"))
        [(level, fields)] = lines(caplog, "delivery")
        assert (level, fields["code"]) == (logging.WARNING, "storage_unavailable")


@pytest.mark.django_db
def test_each_attempt_is_told_with_the_handlers_that_failed(
    subscribe: Subscribe, caplog: Any
) -> None:
    def fail(_: Event) -> None:
        raise ValueError("never")

    event = sample("test.happened")
    deliver(event)
    subscribe(fail)
    other = sample("test.happened")
    deliver(other)
    told = {"type": "test.happened", "attempt": "1", "trigger": "delivery", **STRIPE}
    failed = f"{fail.__module__}.{fail.__qualname__}"
    assert lines(caplog, "attempt") == [
        (logging.INFO, {"outcome": "ignored", "event_id": event["id"], **told}),
        (
            logging.WARNING,
            {"outcome": "retrying", "event_id": other["id"], "failed": failed, **told},
        ),
    ]


class TestCommands:
    def test_all_of_ours_are_told(self) -> None:
        ours = {name: app for name, app in get_commands().items() if app in OUR_APPS}
        silent = [
            name
            for name, app in ours.items()
            if not isinstance(load_command_class(app, name), LoggedCommand)
        ]
        assert not silent, "these are no `LoggedCommand`: what becomes of them is in no log"

    @pytest.mark.django_db
    def test_one_that_succeeds_and_one_that_fails(self, caplog: Any) -> None:
        output = io.StringIO()
        call_command("audit", "status", stdout=output)
        with pytest.raises(CommandError):
            call_command("release_event", "evt_none", "--reason", "x")
        assert lines(caplog, "command") == [
            (logging.INFO, {"outcome": "ok", "command": "audit status"}),
            (
                logging.WARNING,
                {"outcome": "failed", "command": "release_event", "exit_status": "1"},
            ),
        ]
        assert "outcome" not in output.getvalue()

    @pytest.mark.django_db
    def test_a_person_at_a_terminal_is_spared_the_line(
        self, caplog: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        call_command("audit", "status", stdout=io.StringIO())
        assert lines(caplog, "command") == []


@pytest.mark.one_database
class TestFormats:
    def test_json_is_one_object_a_line_with_nothing_secret(
        self, log: io.StringIO, settings: Settings
    ) -> None:
        settings.STRIPE_API_KEY = KEY
        logger = logging.getLogger("shop")
        with request_ids.within("edge-1"):
            logger.warning("told by %s", HOSTILE)
            logger.error(Line("sale", buyer=HOSTILE, outcome="sold", ms=1.5, code=""))
        logger.error("failed", exc_info=ValueError(HOSTILE), stack_info=True)
        written = log.getvalue()
        assert KEY not in written
        message, line, failure = [json.loads(each) for each in written.splitlines()]

        common = {"logger": "shop", "request_id": "edge-1"}
        masked = HOSTILE.replace(KEY, "[hidden]")
        assert message.pop("timestamp").endswith("Z")
        assert message == {**common, "level": "warning", "event": f"told by {masked}"}
        del line["timestamp"]
        told = {"event": "sale", "buyer": masked, "outcome": "sold", "ms": 1.5}
        assert line == {**common, "level": "error", **told}
        assert failure["exception"] == f"ValueError: {masked}"
        assert "stack_info=True" in failure["stack"]
        assert "request_id" not in failure

    def test_text_keeps_a_line_s_fields_apart_on_one_line(self, settings: Settings) -> None:
        settings.STRIPE_API_KEY = KEY
        formatter = Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
        line = Line("sale", buyer=HOSTILE, type="a.b", empty="", said='x="1"', ms=1.5)
        with request_ids.within("edge-1"):
            written = formatter.format(logging.LogRecord("shop", 30, "", 1, line, (), None))
        assert written.isascii()
        assert len(written.splitlines()) == 1
        assert KEY not in written
        assert ' WARNING shop sale buyer="Jo ' in written
        assert written.endswith('type=a.b said="x=\\"1\\"" ms=1.5 [edge-1]')

    def test_a_line_that_nobody_takes_is_not_rendered(self, caplog: Any) -> None:
        caplog.set_level(logging.WARNING)

        class Dear:
            def __str__(self) -> str:
                raise AssertionError

        logging.getLogger("shop").info(Line("sale", buyer=Dear()))  # type: ignore[arg-type]
