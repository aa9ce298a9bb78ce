"""Seal a secret for one row and open it there alone; the keys that do it, and their file.

AES-256-GCM under a data key per user. The data key is itself sealed ("wrapped") by the first of
BRIDGE_ENCRYPTION_KEYS; every listed key still opens. The associated data names user, row and field,
so a sealed text that was moved to another row does not open. Erasing a user's data key erases every
secret of that user.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bridge.domain.values import Secret
from bridge.errors import CannotOpen, WrongSettings

VERSION = "v1"
SECRET_KEY = "BRIDGE_SECRET_KEY"  # noqa: S105 - a variable's name, not a secret
ENCRYPTION_KEYS = "BRIDGE_ENCRYPTION_KEYS"

_KEY_BYTES = 32
_NONCE_BYTES = 12
_DERIVED_FOR = b"bridge key encryption v1"


@dataclass(frozen=True)
class _Key:
    id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class Keys:
    """The keys that wrap data keys: the first seals, all open."""

    keys: tuple[_Key, ...]

    @classmethod
    def parse(cls, text: Secret) -> "Keys":
        """From `id:secret[,id:secret…]`, as the settings have checked it."""
        entries = (entry.strip().partition(":") for entry in text.value.split(","))
        return cls(tuple(_Key(key_id, _derived(secret)) for key_id, _, secret in entries))

    @property
    def first(self) -> _Key:
        return self.keys[0]

    def by_id(self, key_id: str) -> _Key:
        """Raises CannotOpen when no such key is listed."""
        for key in self.keys:
            if key.id == key_id:
                return key
        raise CannotOpen(f"no encryption key is named {key_id}")


@dataclass(frozen=True)
class DataKey:
    """The key of one user's secrets. Its id is a fingerprint, so re-wrapping keeps it."""

    key: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return hashlib.sha256(b"bridge data key|" + self.key).hexdigest()[:12]


def new_data_key(keys: Keys, user: int) -> str:
    """A fresh data key for a user, wrapped."""
    return _wrap(keys, os.urandom(_KEY_BYTES), user)


def open_data_key(keys: Keys, wrapped: str, user: int) -> DataKey:
    """A user's data key. Raises CannotOpen for another user's, or without its wrapping key."""
    wrapping = keys.by_id(_parts(wrapped)[0])
    return DataKey(_open(wrapping, wrapped, _wrapped_for(user)))


def rewrap(keys: Keys, wrapped: str, user: int) -> str:
    """The same data key under the first key; unchanged if it is already."""
    if _parts(wrapped)[0] == keys.first.id:
        return wrapped
    return _wrap(keys, open_data_key(keys, wrapped, user).key, user)


def seal(data_key: DataKey, plaintext: str, *, user: int, object: str, field: str) -> str:
    """`v1.<key id>.<nonce>.<ciphertext>`; `object` is the table and public id of the row."""
    key = _Key(data_key.id, data_key.key)
    return _seal(key, plaintext.encode("utf-8"), _sealed_for(user, object, field))


def open_sealed(data_key: DataKey, sealed: str, *, user: int, object: str, field: str) -> str:
    """What was sealed for exactly this place. Raises CannotOpen anywhere else."""
    key = _Key(data_key.id, data_key.key)
    if _parts(sealed)[0] != key.id:
        raise CannotOpen("the secret was sealed under another data key")
    return _open(key, sealed, _sealed_for(user, object, field)).decode("utf-8")


def _derived(secret: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_DERIVED_FOR)
    return hkdf.derive(secret.encode("utf-8"))


def _wrapped_for(user: int) -> bytes:
    return f"{user}|data_key|wrapped".encode()


def _sealed_for(user: int, object: str, field: str) -> bytes:
    return f"{user}|{object}|{field}".encode()


def _wrap(keys: Keys, data_key: bytes, user: int) -> str:
    return _seal(keys.first, data_key, _wrapped_for(user))


def _seal(key: _Key, plaintext: bytes, place: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    ciphertext = AESGCM(key.key).encrypt(nonce, plaintext, place)
    return ".".join((VERSION, key.id, _text(nonce), _text(ciphertext)))


def _open(key: _Key, sealed: str, place: bytes) -> bytes:
    _, nonce, ciphertext = _parts(sealed)
    try:
        return AESGCM(key.key).decrypt(nonce, ciphertext, place)
    except InvalidTag as exc:
        raise CannotOpen("the secret does not open here: wrong key or wrong row") from exc


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    """Key id, nonce and ciphertext."""
    parts = sealed.split(".")
    if len(parts) != 4 or parts[0] != VERSION:
        raise CannotOpen(f"the secret is not in the form {VERSION}.<key>.<nonce>.<ciphertext>")
    try:
        nonce, ciphertext = _bytes(parts[2]), _bytes(parts[3])
    except (binascii.Error, ValueError) as exc:
        raise CannotOpen("the secret's text is damaged") from exc
    if len(nonce) != _NONCE_BYTES:
        raise CannotOpen("the secret's text is damaged")
    return parts[1], nonce, ciphertext


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class KeySettings(Protocol):
    """What of the settings says where the keys are."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def secret_key(self) -> Secret | None: ...

    @property
    def encryption_keys(self) -> Secret | None: ...

    @property
    def database_path(self) -> Path | None: ...


S = TypeVar("S", bound=KeySettings)


def ensure_keys(settings: S, sealed_rows_exist: Callable[[], bool]) -> S:
    """The settings with both keys: from the environment, else from `keys` beside the SQLite file.

    The file is made when it is missing, but only if the database holds no sealed row: a new key
    would open none of them. Raises WrongSettings with a sentence otherwise, and on Postgres.
    """
    missing = list(_missing(settings))
    if not missing:
        return settings
    if settings.database_path is None:
        raise WrongSettings([f"{name}: missing; on Postgres it must be set." for name in missing])
    path = settings.database_path.parent / "keys"
    if not path.exists():
        if sealed_rows_exist():
            raise WrongSettings([_lost(name, path) for name in missing])
        _make_keys_file(path)
    kept = _read_keys_file(path)
    absent = [name for name in missing if name not in kept]
    if absent:
        raise WrongSettings([f"{name}: missing, and {path} does not hold it." for name in absent])
    return replace(
        settings,
        secret_key=settings.secret_key or Secret(kept[SECRET_KEY]),
        encryption_keys=settings.encryption_keys or Secret(kept[ENCRYPTION_KEYS]),
    )


def _missing(settings: KeySettings) -> Iterator[str]:
    if settings.secret_key is None:
        yield SECRET_KEY
    if settings.encryption_keys is None:
        yield ENCRYPTION_KEYS


def _lost(name: str, path: Path) -> str:
    return (
        f"{name}: missing, and so is {path}, but the database holds sealed secrets that a new key "
        "would not open. Restore the file or set the variable."
    )


def _make_keys_file(path: Path) -> None:
    """Write both keys, whole or not at all; a file that somebody else made meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (
        f"{SECRET_KEY}={secrets.token_hex(32)}\n{ENCRYPTION_KEYS}=k1:{secrets.token_urlsafe(32)}\n"
    )
    draft = path.with_name(f"keys.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if the file exists, where a rename would replace it
        except FileExistsError:
            return
    finally:
        draft.unlink()
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_keys_file(path: Path) -> Mapping[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}
