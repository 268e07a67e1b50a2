"""Encryption of identity numbers, phones and places, and keyed hashes to find duplicates.

AES-256-GCM from `cryptography`; the nonce is random for each value. A keyed hash (HMAC-SHA-256) lets the office see
that an identity number is known already without reading it. Both keys live in the settings, outside the database.
"""

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from timebank.core import ids

_NONCE_BYTES = 12


class Vault:
    """Seals and opens short values with one key.

    Parameters
    ----------
    key
        32 bytes, base64url.
    """

    def __init__(self, key: str) -> None:
        raw = base64.urlsafe_b64decode(key)
        if len(raw) != 32:
            raise ValueError("the field key must be 32 bytes, base64url")
        self._box = AESGCM(raw)
        self._hash_key = hashlib.sha256(b"timebank keyed hash" + raw).digest()

    def seal(self, value: Any) -> str:
        """The encrypted form of any JSON value, as base64 text."""
        nonce = ids.random_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + self._box.encrypt(nonce, json.dumps(value).encode(), None)).decode()

    def open(self, sealed: str) -> Any:
        """The value again; raises ValueError where the text was altered or the key is another."""
        raw = base64.b64decode(sealed)
        try:
            return json.loads(self._box.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None))
        except InvalidTag:
            raise ValueError("the stored value was altered or sealed with another key") from None

    def fingerprint(self, value: str) -> str:
        """The keyed hash of a value: equal values, equal hash; nothing else can be learnt from it."""
        return hmac.new(self._hash_key, value.encode(), hashlib.sha256).hexdigest()


_vault: Vault | None = None


def use(vault: Vault) -> None:
    """Set the vault of this process; called once by `create_app` and by the commands."""
    global _vault
    _vault = vault


def vault() -> Vault:
    """The vault of this process."""
    if _vault is None:
        raise RuntimeError("no field key: call create_app or crypto.use first")
    return _vault


def new_key() -> str:
    """A fresh key for the settings."""
    return base64.urlsafe_b64encode(ids.random_bytes(32)).decode()
