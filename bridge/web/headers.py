"""Which hosts are answered, and what every answer says to the browser."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.sansio.utils import host_is_trusted

from bridge.web.services import services

HEALTH_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_ALWAYS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": the check against forged requests reads it on https
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
_A_YEAR = 365 * 24 * 3600


def register(app: Flask, hops: int) -> None:
    """Check the host before every view, and put the headers on every answer."""
    if hops:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=0, x_port=0, x_prefix=0
        )
    app.before_request(check_host)
    app.after_request(put_headers)


def is_https() -> bool:
    """Whether browsers reach us by https."""
    return services().settings.url.startswith("https://")


def check_host() -> None:
    """A foreign Host is answered 400. Health checks come from inside and may call us anything."""
    if request.path in HEALTH_PATHS:
        return
    if not host_is_trusted(request.headers.get("Host"), _hosts()):
        abort(400, "This server does not answer for that host.")


def _hosts() -> list[str]:
    hostname = urlsplit(services().settings.url).hostname
    return ["127.0.0.1", "localhost", *([hostname] if hostname else [])]


def put_headers(answer: Response) -> Response:
    """Security headers, also on errors; pages are not kept by anybody."""
    for name, value in _ALWAYS.items():
        answer.headers.setdefault(name, value)
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    if is_https():
        answer.headers["Strict-Transport-Security"] = f"max-age={_A_YEAR}; includeSubDomains"
    return answer
