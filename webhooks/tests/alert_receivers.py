"""Real receivers of alerts: an HTTP server and a mail server, on this machine."""

import threading
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from aiosmtpd.controller import Controller

from webhooks import strict_json
from webhooks.testing.servers import free_port

TOKEN: Final = "T0KENmarked/B0xMarked12/hunter2marked"


class Receiver:
    """An HTTP server that takes messages, and answers with a status."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.status = 200
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    receiver.told.append(strict_json.read(body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.web = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"json://ada:s3cretMarked@127.0.0.1:{self.web.server_port}/{TOKEN}"
        self.thread = threading.Thread(
            target=self.web.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.thread.start()

    @property
    def titles(self) -> list[str]:
        return [told["title"] for told in self.told]

    def close(self) -> None:
        self.web.shutdown()
        self.thread.join()
        self.web.server_close()


class Mailbox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.smtp = Controller(self, hostname="127.0.0.1", port=free_port())
        self.smtp.start()
        at = f"127.0.0.1:{self.smtp.port}"
        self.url = f"mailto://{at}?mode=insecure&from=a@shop.example&to=o@shop.example"

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, as `aiosmtpd` asks for it."""
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    @property
    def titles(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]

    def close(self) -> None:
        self.smtp.stop()
