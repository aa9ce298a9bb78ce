"""Who may log in, with which password, and which of their tokens still live."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, field

from bridge.paper.refusals import Unauthorized
from bridge.paper.settings import PaperSettings
from bridge.paper.tokens import Claims, Kind, Mint


@dataclass(slots=True)
class User:
    """One login at one server."""

    id: int
    server: str
    email: str
    salt: str
    password: str
    """Hashed."""
    uid: str
    name: str
    """The user's part of a token's `sub` and of account names."""
    accounts: dict[int, int] = field(default_factory=dict)
    """accNum → account id."""
    revoked_through: int = 0
    """Tokens up to this serial are dead."""
    refreshable: list[int] = field(default_factory=list)
    """Serials of the refresh tokens not used yet."""


def hashed(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**11, r=8, p=1).hex()


class People:
    """All users, by id and by login."""

    def __init__(self, mint: Mint) -> None:
        self.mint = mint
        self.users: dict[int, User] = {}
        self.serial = 0
        self._by_login: dict[tuple[str, str], User] = {}
        self._by_uid: dict[str, User] = {}

    def servers(self) -> set[str]:
        return {server for server, _ in self._by_login}

    def find(self, server: str, email: str) -> User | None:
        return self._by_login.get((server, email))

    def open(self, server: str, email: str, password: str) -> User:
        """A new user, without accounts as yet."""
        number = len(self.users) + 1
        salt = secrets.token_hex(16)
        user = User(
            number, server, email, salt, hashed(password, salt), str(uuid.uuid4()),
            f"{server[:3].upper()}{secrets.token_hex(10)}",
        )  # fmt: skip
        self.add(user)
        return user

    def add(self, user: User) -> None:
        self.users[user.id] = user
        self._by_login[user.server, user.email] = user
        self._by_uid[user.uid] = user

    def login(self, server: str, email: str, password: str) -> User:
        """The user of a login; a wrong password or an unheard-of login is refused."""
        user = self.find(server, email)
        if user is None or not hmac.compare_digest(hashed(password, user.salt), user.password):
            raise Unauthorized
        return user

    def bearer(self, token: str, now: int) -> User:
        """Whose access token this is, if it still lives."""
        return self._holder(self.mint.read(token), "access_token", now)

    def refresh(self, token: str, now: int, settings: PaperSettings) -> User:
        """Whose refresh token this is; by default it is used up."""
        claims = self.mint.read(token)
        user = self._holder(claims, "refresh_token", now)
        serial = claims.serial if claims else 0
        if settings.old_refresh_dies:
            if serial not in user.refreshable:
                raise Unauthorized
            user.refreshable.remove(serial)
        return user

    def revoke(self, user: User) -> None:
        user.revoked_through = self.serial
        user.refreshable.clear()

    def issue(self, user: User, at: int, settings: PaperSettings) -> tuple[str, str]:
        """A new pair: access and refresh token."""
        access = self._token("access_token", user, at, settings.access_seconds)
        refresh = self._token("refresh_token", user, at, settings.refresh_seconds)
        user.refreshable.append(self.serial)
        return access, refresh

    def _token(self, kind: Kind, user: User, at: int, seconds: int) -> str:
        self.serial += 1
        return self.mint.issue(
            kind, brand=user.server, user=user.name, uid=user.uid,
            serial=self.serial, at=at // 1000, seconds=seconds,
        )  # fmt: skip

    def _holder(self, claims: Claims | None, kind: Kind, now: int) -> User:
        if claims is None or claims.kind != kind or claims.expires * 1000 <= now:
            raise Unauthorized
        user = self._by_uid.get(claims.uid)
        if user is None or claims.serial <= user.revoked_through:
            raise Unauthorized
        return user
