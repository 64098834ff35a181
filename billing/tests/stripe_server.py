"""The smallest Stripe there is: it makes objects, once per idempotency key, and fails to order."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

SECRET = "pi_1_secret_known_to_none"


class StripeServer:
    """What was made, what was asked for, and what is to go wrong next."""

    def __init__(self) -> None:
        self.url = ""
        self.objects: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, str, dict[str, str]]] = []
        self.faults: list[str] = []  # drop, hang, busy, garble, or a status
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self._answers: dict[tuple[str, str], tuple[str, int, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    @property
    def keys(self) -> list[str]:
        """The idempotency keys that came, in their order."""
        return [key for _, _, key, _ in self.requests]

    def answer(self, method: str, path: str, key: str, account: str, body: str) -> Any:
        """The status, document, and whether it is a repeated one; None drops the connection."""
        with self._lock:
            self.requests.append((method, path, key, dict(parse_qsl(body))))
            fault = self.faults.pop(0) if self.faults else ""
            if fault == "busy":
                return 429, {"error": {"type": "rate_limit_error"}}, False
            replayed = (account, key) in self._answers
            if not replayed:
                self._answers[account, key] = (body, *self._execute(method, path, body, fault))
        asked, status, document = self._answers[account, key]
        if asked != body:
            return 400, {"error": {"type": "idempotency_error", "message": "other"}}, False
        if fault == "hang":
            self.reached.set()
            self.go_on.wait(30)
        if fault == "garble":
            return status, f"<html>{document}", replayed
        return None if fault in ("drop", "hang") else (status, document, replayed)

    def _execute(self, method: str, path: str, body: str, fault: str) -> tuple[int, dict[str, Any]]:
        if fault.isdigit():
            secret = f"sk_test_0123 {SECRET}"
            error = {
                "code": "card_declined",
                "decline_code": "insufficient_funds",
                "param": "amount",
            }
            intent = {"payment_intent": {"client_secret": SECRET}}
            return int(fault), {"error": {**error, **intent, "message": f"Declined {secret}"}}
        parts = path.partition("?")[0].split("/")[2:]
        found = next((each for each in self.objects if each["id"] == parts[-1]), None)
        if method == "DELETE" and found and found["status"] != "canceled":
            found["status"] = "canceled"
        elif method == "DELETE" or (method == "GET" and not found):
            return 404, {"error": {"code": "resource_missing", "message": "No such object"}}
        elif not found:
            made = {"id": f"{parts[-1]}_{len(self.objects)}", "client_secret": SECRET}
            self.objects.append({**made, "status": "active", "items": {"data": [{"id": "si_1"}]}})
            found = self.objects[-1]
        return 200, dict(found)


@contextmanager
def standing_in() -> Iterator[StripeServer]:
    """A server on this machine, in threads."""
    stripe = StripeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            # Only what is posted has a key; anything else is done anew each time.
            key = self.headers["Idempotency-Key"] or f"none-{len(stripe.requests)}"
            account = self.headers["Stripe-Account"] or ""
            answered = stripe.answer(self.command, self.path, key, account, body)
            if answered is None:
                self.close_connection = True
                return
            status, document, replayed = answered
            said = (document if isinstance(document, str) else json.dumps(document)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.send_header("Stripe-Should-Retry", "false")
            if replayed:
                self.send_header("Idempotent-Replayed", "true")
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_DELETE = do_POST  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
        thread.start()
        stripe.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield stripe
        finally:
            stripe.go_on.set()
            server.shutdown()
            thread.join()
