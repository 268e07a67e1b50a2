"""Encryption of identity numbers, phones and places, keyed hashes to find duplicates, slow hashes of passwords.

AES-256-GCM from `cryptography`; the nonce is random for each value. A keyed hash (HMAC-SHA-256) lets the office see
that an identity number is known already without reading it. Both keys live in the settings, outside the database.
"""

import base64
import hashlib
import hmac
import json
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from timebank.core import ids

_NONCE_BYTES, _KEY_BYTES = 12, 32


def bytes_of_key(key: str) -> bytes:
    """The 32 bytes of a key that is written in base64url; ValueError where it is none."""
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise ValueError("must be 32 bytes in base64url, as they stand in keys.json")
    return raw


class Vault:
    """Seals and opens short values with one key.

    Parameters
    ----------
    key
        32 bytes, base64url.
    """

    def __init__(self, key: str) -> None:
        raw = bytes_of_key(key)
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


class Passwords:
    """Hashes passwords slowly (argon2id) and checks them.

    Parameters
    ----------
    memory_kib, passes
        What one guess costs; a hash keeps the cost it was made with.
    """

    def __init__(self, *, memory_kib: int = 64 * 1024, passes: int = 3) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._nobody = self.hash("a login that does not exist costs the same time")

    def hash(self, secret: str) -> str:
        """The salted hash of a password."""
        return self._hasher.hash(secret)

    def fits(self, secret: str, kept_hash: str | None) -> bool:
        """Whether a password belongs to a hash; None takes the same time and never fits."""
        try:
            return self._hasher.verify(kept_hash or self._nobody, secret) and kept_hash is not None
        except VerificationError:
            return False


class Signer:
    """Signs the seals of the ledger (Ed25519), so that a root outside the database proves who sealed it.

    Parameters
    ----------
    key
        32 bytes, base64url.
    """

    def __init__(self, key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes_of_key(key))
        self.public_key = self._key.public_key().public_bytes_raw().hex()

    def sign(self, content: str) -> str:
        """The signature of a text, hex."""
        return self._key.sign(content.encode()).hex()


def is_signed(content: str, signature: str, *, public_key: str) -> bool:
    """Whether a text was signed by the holder of the key that belongs to `public_key` (hex)."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), content.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


_vault: Vault | None = None
_signer: Signer | None = None


def use(vault: Vault) -> None:
    """Set the vault of this process; called once by `create_app` and by the commands."""
    global _vault
    _vault = vault


def vault() -> Vault:
    """The vault of this process."""
    if _vault is None:
        raise RuntimeError("no field key: call create_app or crypto.use first")
    return _vault


def use_signer(signer: Signer) -> None:
    """Set who signs the seals of this process; called once by `create_app` and by the commands."""
    global _signer
    _signer = signer


def signer() -> Signer:
    """Who signs the seals of this process."""
    if _signer is None:
        raise RuntimeError("no seal key: call create_app or crypto.use_signer first")
    return _signer


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one.encode(), other.encode())


def new_key() -> str:
    """A fresh key for the settings."""
    return base64.urlsafe_b64encode(ids.random_bytes(32)).decode()


@cache
def _usual_passwords() -> Passwords:
    return Passwords()


_passwords: Passwords | None = None


def use_passwords(passwords: Passwords) -> None:
    """Set what hashing a password costs in this process; called by `create_app` with the settings."""
    global _passwords
    _passwords = passwords


def passwords() -> Passwords:
    """The password hashing of this process, at its usual cost where nothing was set."""
    return _passwords or _usual_passwords()
