"""A provider's API on loopback, which answers with objects by their paths."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ObjectServer:
    """What it has, by path, and what it was asked: the paths, each with its `Authorization`.

    While `status` is not 200 it answers nothing else but `refusal`.
    """

    url: str = ""
    objects: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    refusal: bytes = b"{}"

    def answer(self, path: str, authorization: str) -> tuple[int, bytes]:
        """Return the status and the body for a request."""
        self.asked.append((path, authorization))
        if self.status != 200:
            return self.status, self.refusal
        found = self.objects.get(path)
        return (404, b"{}") if found is None else (200, json.dumps(found).encode())


@contextmanager
def serving_objects() -> Iterator[ObjectServer]:
    """Serve objects on a port of loopback, until the block is left."""
    served = ObjectServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = served.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the tests ask what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
