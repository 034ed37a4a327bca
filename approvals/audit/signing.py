"""Ed25519 keys of the seals. The private one is a secret of the operator; it shows in no text of ours."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from approvals.errors import ConfigError

SETTING = "SIGNOFF_SEAL_KEY"
BEGIN = "-----BEGIN"
LENGTH = 32


@dataclass(frozen=True, slots=True, repr=False)
class SealKey:
    """A private key. `public` is the other half, in base64, as it stands in every seal."""

    _key: Ed25519PrivateKey

    @property
    def public(self) -> str:
        """32 bytes in base64."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, message: bytes) -> str:
        """64 bytes in base64."""
        return base64.b64encode(self._key.sign(message)).decode()

    @property
    def pem(self) -> str:
        """The private key, for the file it is kept in."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def generated() -> SealKey:
    """A new one."""
    return SealKey(Ed25519PrivateKey.generate())


def key_of(value: str) -> SealKey:
    """A key as the setting names it: the path of a file, or the key itself; PEM (PKCS #8), or 32 bytes in base64.

    Raises `ConfigError`, which never repeats the value.
    """
    text = _text(value)
    try:
        if text.startswith(BEGIN):
            key = load_pem_private_key(text.encode(), password=None)
            if isinstance(key, Ed25519PrivateKey):
                return SealKey(key)
        else:
            return SealKey(Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True)))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    raise ConfigError(
        f"{SETTING} is neither a file nor an Ed25519 private key (PEM without a password, or 32 bytes in base64); "
        "`signoff audit keygen` makes one"
    )


def public_of(value: str) -> str:
    """A public key in base64, of base64, of PEM, or of a file of either. Raises `ConfigError` for anything else."""
    text = _text(value)
    try:
        if text.startswith(BEGIN):
            key = load_pem_public_key(text.encode())
            if isinstance(key, Ed25519PublicKey):
                return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
        elif len(raw := base64.b64decode(text, validate=True)) == LENGTH:
            return base64.b64encode(raw).decode()
    except (ValueError, UnsupportedAlgorithm):
        pass
    raise ConfigError("the public key is neither a file nor an Ed25519 public key (PEM, or 32 bytes in base64)")


def _text(value: str) -> str:
    value = value.strip()
    if value.startswith(BEGIN):
        return value.replace("\\n", "\n")  # as it is written on one line of an environment file
    try:
        path = Path(value)
        return path.read_text().strip() if path.is_file() else value
    except (OSError, ValueError):
        return value


def signed(public: str, signature: str, message: bytes) -> bool:
    """Whether the signature is of that key, of that message."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
