"""The world on a loopback port."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from webhooks.testing.fake_stripe.api import NO_ANSWER, Api, ApiRequest, ApiResponse
from webhooks.testing.fake_stripe.control import Control
from webhooks.testing.fake_stripe.deliveries import Deliveries, Policy
from webhooks.testing.fake_stripe.problems import ApiError
from webhooks.testing.fake_stripe.records import WebhookEndpoint
from webhooks.testing.fake_stripe.world import Account, World

CONTROL = "/_control/"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Served:
    """A world that can be called: `url` is what the client's `base_addresses` want."""

    world: World
    url: str
    deliveries: Deliveries

    @property
    def account(self) -> Account:
        """The platform's own account, in test mode."""
        return self.world.account()

    def deliver_to(self, url: str, secret: str) -> None:
        """Deliver every event from now on to this address, signed with this secret."""
        self.world.endpoints.append(WebhookEndpoint(url, secret))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A request that a fault holds would keep the server from closing.
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, world: World, api: Api, control: Control) -> None:
        self.world = world
        self.api = api
        self.control = control
        self._open: set[socket] = set()
        super().__init__((LOOPBACK, port), _Handler)

    # Open connections are known, so that a fault can cut them all at once.
    def get_request(self) -> tuple[socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that gave up is no error of the server's.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End every connection that is still open."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Or an answer in two packets would wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the header `Date`, by the world's clock."""
        # The fetched state is dated by it: it must agree with the events' `created`.
        return super().date_time_string(self.server.world.now if timestamp is None else timestamp)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet: `Faults.requests` is the log."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(
            errors="replace"
        )
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = ApiRequest(self.command, unquote(parts.path), parts.query, headers, body)
        # Outside the API's paths, so that no call of the SDK's can reach it.
        if request.path.startswith(CONTROL):
            answer = self._controlled(request)
        else:
            answer = self.server.api.answer(request)
        # The client sees the connection end, as when a load balancer gives up.
        if answer is NO_ANSWER:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _controlled(self, request: ApiRequest) -> ApiResponse:
        try:
            said = self.server.control.answer(
                request.method, request.path.removeprefix(CONTROL), request.body
            )
            status = 200
        except ApiError as refusal:
            said, status = refusal.body, refusal.status
        return ApiResponse(status, json.dumps(said).encode(), {"Content-Type": "application/json"})


@contextmanager
def serve(world: World, *, port: int = 0, policy: Policy | None = None) -> Iterator[Served]:
    """Serve the API from threads of this process, and deliver events to the world's endpoints.

    Port 0 is any free one.
    """
    deliveries = Deliveries(world, policy or Policy())
    server = _Server(port, world, Api(world), Control(world, deliveries))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    with deliveries.running():
        thread.start()
        try:
            yield Served(world, f"http://{LOOPBACK}:{server.server_port}", deliveries)
        finally:
            # First of all: what waits for a fault to be released would outlive the test.
            world.faults.close()
            server.shutdown()
            server.hang_up()
            server.server_close()
            thread.join()
