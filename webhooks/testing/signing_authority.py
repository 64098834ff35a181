"""Certificates for tests, by an authority that nobody else trusts."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from webhooks.providers import paypal
from webhooks.providers.base import NO_OPTIONS
from webhooks.providers.certificates import Certificates
from webhooks.providers.paypal import PayPalProvider

BEGAN: Final = datetime(2025, 1, 1, tzinfo=UTC)
ADDRESS: Final = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594"
NAME: Final = "messageverificationcerts.paypal.com"


@cache
def key_of(name: str) -> rsa.RSAPrivateKey:
    """Return the private key that goes by this name, the same in all of a process."""
    return rsa.generate_private_key(65537, 2048)


@cache
def authority(name: str = "ours") -> x509.Certificate:
    """Return an authority's own certificate."""
    key = key_of(f"authority {name}")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {name}")])
    usage = {name: name in ("key_cert_sign", "crl_sign") for name in _USAGES}
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, BEGAN, _ended(20))
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )


def certificate(name: str = NAME, *, by: str = "ours", years: int = 10) -> x509.Certificate:
    """Return a certificate for a name, by an authority."""
    issuer = authority(by)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = key_of("paypal").public_key()
    issuer_key = key_of(f"authority {by}")
    return (
        x509.CertificateBuilder(issuer.subject, subject, public, 2, BEGAN, _ended(years))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .sign(issuer_key, SHA256())
    )


def pem(*certificates: x509.Certificate) -> bytes:
    """Return a file of certificates."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)


class Published:
    """What there is at addresses; each time that one is asked for is counted."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.asked = 0
        self.is_down = False

    def __call__(self, url: str) -> tuple[int, bytes]:
        self.asked += 1
        if self.is_down:
            raise OSError("no route to host")
        return (200, self.files[url]) if url in self.files else (404, b"")


class OurPayPal(PayPalProvider):
    """PayPal, with the key that signs."""

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        headers = {
            paypal.ID: "69cd13f0-d67a-11e5-baa3-778b53f4ae55",
            paypal.TIME: now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            paypal.ADDRESS: ADDRESS,
            paypal.ALGORITHM: paypal.RSA,
        }
        text = paypal.signed_text(body, headers, secret)
        signature = key_of("paypal").sign(text, PKCS1v15(), SHA256())
        return {**headers, paypal.SIGNATURE: base64.b64encode(signature).decode()}


def our_paypal(published: Published | None = None, *, per_minute: int = 10**9) -> OurPayPal:
    """Return PayPal with certificates of our own, published in memory."""
    fetch = published or Published({ADDRESS: pem(certificate(), authority())})
    authorities = [authority()]
    return OurPayPal(
        Certificates(
            "paypal",
            domain="paypal.com",
            fetch=fetch,
            authorities=authorities,
            per_minute=per_minute,
        )
    )


_USAGES: Final = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def _ended(years: int) -> datetime:
    return BEGAN + timedelta(days=365 * years)
