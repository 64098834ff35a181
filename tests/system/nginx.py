"""A real nginx with the configuration that the project ships, adapted by addresses and paths."""

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings

from tests.system.certificate import make_certificate
from tests.system.programs import found
from webhooks.testing.server_process import folder_for, kept, wait
from webhooks.testing.servers import free_port

SHIPPED: Final = Path(settings.BASE_DIR) / "deploy" / "nginx" / "payments.conf"
HOST: Final = "payments.example.com"
PATIENCE_SECONDS: Final = 30.0

# What Debian's own nginx.conf says around a file in conf.d, in a folder of ours.
AROUND = """
pid {folder}/pid;
error_log {folder}/error.log info;
worker_processes 2;
events {{ worker_connections 768; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/payments.conf;
}}
"""


class Proxy:
    """A running nginx, which serves `HOST` by TLS on loopback."""

    def __init__(self, folder: Path, port: int, plain_port: int) -> None:
        self.folder = folder
        self.port = port
        self.plain_port = plain_port
        self.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.trust.load_verify_locations(folder / "certificate.pem")

    def connect(self, client: str = "127.0.0.1") -> ssl.SSLSocket:
        """Open a connection from an address of loopback, of which there are many."""
        plain = socket.create_connection(
            ("127.0.0.1", self.port), timeout=PATIENCE_SECONDS, source_address=(client, 0)
        )
        return self.trust.wrap_socket(plain, server_hostname=HOST)

    def log(self) -> list[str]:
        """Return the lines of its access log."""
        return (self.folder / "access.log").read_text().splitlines()

    def gateway_errors(self) -> list[str]:
        """Return what the access log has of requests that the project did not answer."""
        return [line for line in self.log() if re.search(r'" 50[24] ', line)]


@contextmanager
def nginx(
    upstream: str, changes: Mapping[str, str] | None = None, *, second: str = ""
) -> Iterator[Proxy]:
    """Run nginx in front of the server at `upstream`, a host and a port, and of a second one.

    `changes` are other lines in the place of shipped ones, to try what these are good for.
    """
    with folder_for("nginx") as folder:
        make_certificate(HOST, folder)
        port, plain = free_port(), free_port()
        moved = {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            # A machine may have no IPv6.
            "listen [::]:80;": f"listen unix:{folder}/plain.socket;",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
            "listen [::]:443 ssl http2;": f"listen unix:{folder}/socket ssl http2;",
            "server 127.0.0.1:8000": f"server {upstream}",
            "server 127.0.0.1:8001 max_fails=0;": f"server {second} max_fails=0;" if second else "",
            "/etc/ssl/certs/payments.pem": f"{folder}/certificate.pem",
            "/etc/ssl/private/payments.key": f"{folder}/key.pem",
            "/var/log/nginx/payments.log": f"{folder}/access.log",
        }
        configuration = SHIPPED.read_text()
        for shipped, ours in {**moved, **(changes or {})}.items():
            # What is not there would be replaced by nothing, and the test would prove nothing.
            assert configuration.count(shipped) == 1, shipped
            configuration = configuration.replace(shipped, ours)
        (folder / "payments.conf").write_text(configuration)
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        options = ["-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", "daemon off;"]
        with kept([found("nginx"), *options], folder) as keeper:
            assert keeper.stdout
            # The keeper tells the process id, which nobody needs here.
            keeper.stdout.readline()
            proxy = Proxy(folder, port, plain)
            wait(lambda: proxy.connect().close(), OSError, folder)
            yield proxy
