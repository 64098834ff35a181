"""Showing what is allowed, and comparing it with what a provider publishes."""

import io
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from webhooks.guards.published_sources import PUBLISHED

pytestmark = pytest.mark.one_database

STRIPE = list(PUBLISHED["stripe"].networks)


def allowed_sources(*arguments: str) -> str:
    output = io.StringIO()
    call_command("allowed_sources", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Stripe's list, in the form in which it is published, after a blank line."""
    file = tmp_path / "ips_webhooks.json"
    file.write_text("\n " + json.dumps({"WEBHOOKS": STRIPE}))
    return file


@pytest.fixture
def address(published: Path) -> Iterator[str]:
    """The address of a server that has the list."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(published.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/ips_webhooks.json"
        server.shutdown()
        thread.join()


def test_allowed_sources_are_shown(settings: Settings) -> None:
    assert "stripe: any addresses" in allowed_sources()
    settings.ALLOWED_WEBHOOK_IPS = "stripe, 10.0.0.0/8"
    settings.ALLOWED_WEBHOOK_USER_AGENTS = "Stripe/"

    told = allowed_sources()
    assert "stripe: 16 addresses or networks\n" in told
    assert "  3.18.12.63\n" in told
    assert "  10.0.0.0/8\n" in told
    assert "user agents: Stripe/\n" in told


def test_the_list_as_it_is_published_is_read_from_where_it_is(
    settings: Settings, address: str
) -> None:
    settings.ALLOWED_WEBHOOK_IPS = "stripe"

    told = allowed_sources("--refresh", "--url", address)
    assert told == "the list kept here: as published\nthe endpoint 'stripe': as published\n"


def test_a_published_address_that_is_not_allowed_is_reported_with_its_fix(
    settings: Settings, published: Path
) -> None:
    settings.ALLOWED_WEBHOOK_IPS = "stripe"
    moved = [*STRIPE[1:], "192.0.2.1"]
    published.write_text(json.dumps({"WEBHOOKS": moved}))

    with pytest.raises(CommandError, match=f"Set ALLOWED_WEBHOOK_IPS={','.join(moved)}$"):
        allowed_sources("--refresh", "--url", str(published))
    settings.ALLOWED_WEBHOOK_IPS = ",".join([*moved, STRIPE[0]])
    told = allowed_sources("--refresh", "--url", str(published))
    assert f"the endpoint 'stripe': - {STRIPE[0]} is in it, and not published" in told
    assert "the list kept here: + 192.0.2.1 is published, and not in it" in told


def test_a_list_of_lines_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "cidr.txt"
    file.write_text("91.108.4.0/22\n149.154.160.0/20\n")

    told = allowed_sources("--refresh", "--provider", "telegram", "--url", str(file))
    assert told == "the list kept here: as published\n"


@pytest.mark.parametrize("content", ["", "{}", "[]", "{", "<html></html>", '["3.18.12.63", "x"]'])
def test_a_malformed_list_is_reported(published: Path, content: str) -> None:
    published.write_text(content)

    with pytest.raises(CommandError, match="ips_webhooks"):
        allowed_sources("--refresh", "--url", str(published))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://192.0.2.1/ips.json", "without HTTPS"),
        ("http://127.0.0.1:9/ips.json", "refused"),
        ("https://127.0.0.1:9/ips.json", "refused"),
        ("no-such-file", "No such file"),
    ],
)
def test_an_address_without_a_list_is_reported(url: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        allowed_sources("--refresh", "--url", url)
