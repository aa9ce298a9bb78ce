"""Limits on sign-in and API. Never on the hook: there a 429 would lose the alert."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

throttle = Limiter(get_remote_address, storage_uri="memory://")
