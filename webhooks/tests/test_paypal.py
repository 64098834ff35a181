"""PayPal's certificates: whose are believed, and what it costs to be lied to about them."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from webhooks.events import Event
from webhooks.exceptions import InvalidSignature, MalformedSignature, ProofUnavailable, Rejected
from webhooks.providers import PROVIDERS
from webhooks.providers.certificates import LONGEST, PER_MINUTE, fetch
from webhooks.providers.paypal import ADDRESS as HEADER
from webhooks.providers.paypal import SIGNATURE
from webhooks.testing.signing_authority import (
    ADDRESS,
    OurPayPal,
    Published,
    authority,
    certificate,
    our_paypal,
    pem,
)
from webhooks.tests.provider_cases import CASES, NOW

pytestmark = pytest.mark.one_database

CASE = CASES["paypal"]
GENUINE = pem(certificate(), authority())


def deliver(
    paypal: OurPayPal, address: str = ADDRESS, later: timedelta = timedelta(0)
) -> list[Event]:
    headers = paypal.sign(CASE.body, secret=CASE.secret, now=NOW) | {HEADER: address}
    return paypal.verify(CASE.body, headers, secrets=[CASE.secret], now=NOW + later)


@pytest.mark.parametrize(
    "file",
    [
        pem(certificate(by="a stranger"), authority("a stranger")),
        pem(certificate(by="a stranger"), authority()),
        pem(certificate("paypal.com.example.com"), authority()),
        pem(certificate("notpaypal.com"), authority()),
        pem(authority()),
        *(b"", b"<html>", GENUINE[:900]),
    ],
    ids=range(8),
)
def test_a_certificate_that_is_not_provably_paypals_proves_nothing(file: bytes) -> None:
    with pytest.raises(InvalidSignature):
        deliver(our_paypal(Published({ADDRESS: file})))


def test_a_certificate_holds_while_it_is_valid() -> None:
    file = pem(certificate(years=3), authority())
    paypal, end = our_paypal(Published({ADDRESS: file})), certificate(years=3).not_valid_after_utc
    assert deliver(paypal, later=end - NOW - timedelta(seconds=1))
    # It is remembered, and no longer believed.
    with pytest.raises(InvalidSignature):
        deliver(paypal, later=end - NOW + timedelta(seconds=1))
    with pytest.raises(InvalidSignature):
        deliver(our_paypal(Published({ADDRESS: file})), later=timedelta(days=-730))


def test_a_signature_is_written_in_one_way() -> None:
    paypal = our_paypal()
    headers = paypal.sign(CASE.body, secret=CASE.secret, now=NOW)
    # 256 bytes leave four bits of the last character before the padding unused.
    signature = headers[SIGNATURE]
    other = f"{signature[:-3]}{chr(ord(signature[-3]) + 1)}=="
    assert base64.b64decode(other) == base64.b64decode(signature)
    with pytest.raises(MalformedSignature):
        paypal.verify(CASE.body, headers | {SIGNATURE: other}, secrets=[CASE.secret], now=NOW)


@pytest.mark.parametrize(
    "address",
    [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.example.com/v1/notifications/certs/CERT-1",
        "https://example.com/v1/notifications/certs/CERT-1",
        "https://example.com/#https://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@example.com/v1/notifications/certs/CERT-1",
        "https://www.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/../../CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?next=https://example.com",
        "https://169.254.169.254/v1/notifications/certs/CERT-1",
        "file:///v1/notifications/certs/CERT-1",
        ADDRESS + "\n",
    ],
)
def test_no_other_address_is_ever_asked(address: str) -> None:
    published = Published({address: GENUINE})
    with pytest.raises(MalformedSignature):
        deliver(our_paypal(published), address)
    assert published.asked == 0


def test_a_certificate_is_asked_for_once_a_day() -> None:
    published = Published({ADDRESS: GENUINE})
    paypal = our_paypal(published)
    for _ in range(3):
        assert deliver(paypal)
    assert published.asked == 1
    assert deliver(paypal, later=timedelta(days=1))
    assert published.asked == 2


def test_forgeries_do_not_make_us_ask_each_time() -> None:
    published = Published({ADDRESS: GENUINE})
    paypal = our_paypal(published, per_minute=PER_MINUTE)
    assert deliver(paypal)
    for number in range(50):
        with pytest.raises(Rejected):
            deliver(paypal, f"{ADDRESS}-{number}")
    assert published.asked == PER_MINUTE
    assert deliver(paypal)


def test_an_address_without_a_certificate_is_not_asked_again() -> None:
    published = Published({})
    paypal = our_paypal(published)
    for _ in range(3):
        with pytest.raises(InvalidSignature):
            deliver(paypal)
    assert published.asked == 1


def test_while_paypal_does_not_answer_it_is_to_send_again() -> None:
    published = Published({ADDRESS: GENUINE})
    published.is_down = True
    paypal = our_paypal(published)
    for _ in range(3):
        with pytest.raises(ProofUnavailable):
            deliver(paypal)
    # Each would keep a thread waiting for as long as a connection takes to fail.
    assert published.asked == 1


def test_nothing_is_asked_for_what_nobody_could_have_signed() -> None:
    published = Published({ADDRESS: GENUINE})
    paypal = our_paypal(published)
    headers = paypal.sign(CASE.body, secret=CASE.secret, now=NOW)
    with pytest.raises(InvalidSignature):
        paypal.verify(CASE.body, headers, secrets=["no id"], now=NOW)
    assert published.asked == 0


def test_nobody_signs_in_paypals_name() -> None:
    with pytest.raises(ValueError, match="only PayPal"):
        PROVIDERS["paypal"].sign(CASE.body, secret=CASE.secret, now=NOW)


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b"x" * (LONGEST + 1 if self.path == "/long" else 3)
        self.send_response({"/moved": 302, "/gone": 404}.get(self.path, 200))
        self.send_header("Location", "/file")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_is_fetched_is_bounded_and_stays_where_it_is(site: str) -> None:
    assert fetch(f"{site}/file") == (200, b"xxx")
    assert fetch(f"{site}/moved") == (302, b"")
    assert fetch(f"{site}/gone") == (404, b"")
    with pytest.raises(OSError, match="too long"):
        fetch(f"{site}/long")
