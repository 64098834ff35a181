"""A server in granian's place, which tells what nginx sends it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Upstream(ThreadingHTTPServer):
    """Answers every request with its headers as JSON, by names in lower case."""

    daemon_threads = True
    hang_up_on = 0
    """The request of a connection, counted from 1, that ends it without an answer; 0 is none."""

    @property
    def netloc(self) -> str:
        """The host and port that it listens on."""
        return f"127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    # By HTTP/1.0, its default, it would keep no connection open.
    protocol_version = "HTTP/1.1"
    server: Upstream

    def setup(self) -> None:
        super().setup()
        self.number = 0

    def do_POST(self) -> None:
        self.number += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.number == self.server.hang_up_on:
            self.close_connection = True
            return
        told = {name.lower(): text for name, text in self.headers.items()}
        body = json.dumps(told | {"number": self.number}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        # Otherwise each request is told on standard error.
        pass


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve on loopback, until the end."""
    with Upstream(("127.0.0.1", 0), _Request) as served:
        thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield served
        finally:
            served.shutdown()
            thread.join()
