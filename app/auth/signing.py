"""The keys of this installation: Ed25519, one PEM file each, readable by the owner only."""

import base64
import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.settings import SettingsError

ALGORITHM = "EdDSA"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair, and the id under which tokens name it."""

    private: Ed25519PrivateKey
    kid: str


def open_key(path: Path) -> SigningKey:
    """The key in the file; made and stored with mode 0600 when there is no such file.

    Processes that start together end up with the same key.

    Raises:
        SettingsError: the file is not an Ed25519 key in PEM form.
    """
    if not path.exists():
        _create(path)
    try:
        private = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise SettingsError(f"{path} is not a PEM file with a private key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise SettingsError(f"{path} must hold an Ed25519 key")
    return SigningKey(private, _thumbprint(private))


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        # A link fails when somebody else was faster: theirs is the key then.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        Path(temporary).unlink()


def _thumbprint(private: Ed25519PrivateKey) -> str:
    """The JWK thumbprint of the public key (RFC 7638, RFC 8037)."""
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    return _base64url(hashlib.sha256(orjson.dumps(members)).digest())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
