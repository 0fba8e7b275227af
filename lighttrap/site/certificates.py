"""A certificate authority of a site's own, which vouches for its broker towards traps, and for nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lighttrap.errors import ConfigError

AUTHORITY = timedelta(days=3653)
BROKER = timedelta(days=825)
_EARLY = timedelta(days=1)
"""A trap's clock may be behind ours."""


def new_key() -> str:
    """A key of P-256, which small devices reckon with too, as PEM."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def authority(key: str, domain: str, now: datetime) -> str:
    """The authority's own certificate for its key, for ten years; it may vouch for no further authority."""
    own = _key(key)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"lighttrap {domain}"[:64])])
    builder = (
        _builder(name, name, own, own, now, AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _signed(builder, own)


def broker(key: str, authority_key: str, authority_pem: str, names: Sequence[str], now: datetime) -> str:
    """A certificate of the authority for the broker under these names and addresses, the first of them its main one.

    It ends with the authority's at the latest.
    """
    issuer, signer = _certificate(authority_pem), _key(authority_key)
    lifetime = min(BROKER, issuer.not_valid_after_utc - now)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    builder = (
        _builder(subject, issuer.subject, _key(key), signer, now, lifetime)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
    )
    return _signed(builder, signer)


def fingerprint(pem: str) -> str:
    """The SHA-256 of a certificate, as 64 hexadecimal digits."""
    return _certificate(pem).fingerprint(hashes.SHA256()).hex()


def ends_at(pem: str) -> datetime:
    """When a certificate ends."""
    return _certificate(pem).not_valid_after_utc


def names_in(pem: str) -> list[str]:
    """The names and addresses that a certificate is for."""
    found = _certificate(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return [str(one.value) for one in found.value]


def is_of(key: str, pem: str) -> bool:
    """Whether a certificate is that of a key. Raises ConfigError when either is none."""
    return _key(key).public_key() == _certificate(pem).public_key()


def is_issued_by(pem: str, authority_pem: str) -> bool:
    """Whether a certificate was signed by this authority. Raises ConfigError when either is none."""
    try:
        _certificate(pem).verify_directly_issued_by(_certificate(authority_pem))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as fault:
        raise ConfigError(f"a file below tls/ ends in .pem and holds no certificate: {fault}") from fault


def _key(pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        return cast(ec.EllipticCurvePrivateKey, serialization.load_pem_private_key(pem.encode(), password=None))
    except (ValueError, TypeError) as fault:
        raise ConfigError(f"a file below tls/ ends in .key and holds no key without a password: {fault}") from fault


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    own: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signed(builder: x509.CertificateBuilder, signer: ec.EllipticCurvePrivateKey) -> str:
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
