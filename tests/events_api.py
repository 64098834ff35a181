"""A stand-in for Stripe's list of events, on this machine."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


class EventsApi:
    """The events of each account as they were made, and the requests that were answered."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.events: dict[str, list[Json]] = defaultdict(list)
        self.undelivered: set[str] = set()
        self.requests: list[dict[str, str]] = []
        self.failures: dict[int, int] = {}
        """For which requests, counted from 1, to answer with what status instead."""
        self.silent_from = 0
        """From which request on, counted from 1, there is no answer; 0 for none of them."""
        self.repeats_itself = False
        self.ends = threading.Event()

    def made(self, event: Json, *, account: str = "", delivered: bool = True) -> Json:
        """Have made an event, the newest so far."""
        self.events[account].append(event)
        if not delivered:
            self.undelivered.add(event["id"])
        return event

    def answer(self, query: dict[str, str], account: str) -> tuple[int, Json]:
        """What `GET /v1/events` says."""
        self.requests.append({**query, "account": account})
        if failure := self.failures.get(len(self.requests)):
            return failure, {"error": {"message": "made to fail", "type": "api_error"}}
        listed = list(reversed(self.events[account]))
        if (after := query.get("starting_after")) and not self.repeats_itself:
            ids = [event["id"] for event in listed]
            if after not in ids:
                return 400, {"error": {"message": f"No such event: {after}"}}
            listed = listed[ids.index(after) + 1 :]
        since = int(query.get("created[gte]", 0))
        listed = [event for event in listed if event["created"] >= since]
        if query.get("delivery_success") == "false":
            listed = [event for event in listed if event["id"] in self.undelivered]
        limit = int(query.get("limit", 10))
        return 200, {
            "object": "list",
            "url": "/v1/events",
            "data": listed[:limit],
            "has_more": len(listed) > limit or self.repeats_itself,
        }


@contextmanager
def events_api() -> Iterator[EventsApi]:
    """Serve it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path != "/v1/events" or "sk_test" not in self.headers["Authorization"]:
                status, answer = 401, {"error": {"message": "Invalid API Key provided"}}
            else:
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                status, answer = api.answer(query, self.headers.get("Stripe-Account", ""))
            if 0 < api.silent_from <= len(api.requests):
                api.ends.wait()
                return
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        api = EventsApi(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield api
        finally:
            api.ends.set()
            server.shutdown()
            thread.join()
