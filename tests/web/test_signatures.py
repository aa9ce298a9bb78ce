"""Signatures by scheme: the published vectors, and every part that may be missing or wrong."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.values import Secret
from bridge.intake import Signed, Unsigned
from bridge.schemas import signatures as written
from bridge.web.signatures import SCHEMES, check

# Public test values of the schemes' own documents, known to everybody.
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # not a secret
STANDARD_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STANDARD_TIME = 1614265330
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
STANDARD = {
    "webhook-id": STANDARD_ID,
    "webhook-timestamp": str(STANDARD_TIME),
    "webhook-signature": STANDARD_SIGNATURE,
}
GITHUB_KEY = "It's a Secret to Everybody"
GITHUB_BODY = b"Hello, World!"
GITHUB_SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
GITHUB = {"x-hub-signature-256": GITHUB_SIGNATURE}
KEY, TIME, BODY = "test-key", 1700000000, b'{"action":"buy"}'
SLACK_SIGNATURE = "v0=69db5562ebb0c342a9e8cef234eb474a78d444a4c91f373486595f68c0337105"
SLACK = {"x-slack-signature": SLACK_SIGNATURE, "x-slack-request-timestamp": str(TIME)}
STRIPE_SIGNATURE = "v1=7af1c12d9386b1e079daa2e6d71f9ea000f6d033c4ad1450bf36ac94f581b5da"
STRIPE = {"stripe-signature": f"t={TIME},{STRIPE_SIGNATURE}"}

UNREADABLE, WRONG, LATE = (Unsigned(f"signature_{why}") for why in ("unreadable", "wrong", "time"))


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True)
class Sample:
    """A request that passes; called with something changed, it says what becomes of it."""

    scheme: str
    headers: Mapping[str, str]
    body: bytes
    time: int
    secret: str

    def __call__(
        self,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        now: datetime | None = None,
        secrets: tuple[str, ...] | None = None,
    ) -> Signed | Unsigned:
        return check(
            self.scheme,
            self.body if body is None else body,
            self.headers if headers is None else headers,
            at(self.time) if now is None else now,
            tuple(map(Secret, (self.secret,) if secrets is None else secrets)),
        )


standard = Sample("standard_webhooks", STANDARD, STANDARD_BODY, STANDARD_TIME, STANDARD_SECRET)
github = Sample("github", GITHUB, GITHUB_BODY, TIME, GITHUB_KEY)
slack = Sample("slack", SLACK, BODY, TIME, KEY)
stripe = Sample("stripe", STRIPE, BODY, TIME, KEY)
ALL = [standard, github, slack, stripe]
TIMED = [standard, slack, stripe]


def test_the_published_vectors_pass() -> None:
    assert standard() == Signed(STANDARD_ID)
    assert github() == slack() == stripe() == Signed(None)


def test_the_schemes_that_may_be_asked_for_are_those_that_are_checked() -> None:
    assert tuple(SCHEMES) == written.SCHEMES


@pytest.mark.parametrize("asked", ALL)
def test_a_changed_body_another_secret_or_none_does_not_pass(asked: Sample) -> None:
    assert asked(body=b"") == WRONG
    assert asked(body=STANDARD_BODY + b"\n") == WRONG
    assert asked(secrets=("whsec_" + "A" * 32,)) == WRONG
    assert asked(secrets=()) == WRONG
    assert asked(headers={}) == UNREADABLE


@pytest.mark.parametrize("asked", ALL)
def test_every_live_secret_is_tried(asked: Sample) -> None:
    other = "whsec_" + "B" * 32
    for secrets in ((asked.secret, other), (other, asked.secret)):
        assert isinstance(asked(secrets=secrets), Signed)


@pytest.mark.parametrize("asked", TIMED)
def test_a_time_may_lie_five_minutes_off_and_no_more(asked: Sample) -> None:
    time = asked.time
    for apart in (0, 299, -299, 300, -300):
        assert isinstance(asked(now=at(time + apart)), Signed)
    for apart in (301, -301, 86400):
        assert asked(now=at(time + apart)) == LATE
    assert asked(now=at(time + 300) + timedelta(microseconds=1)) == LATE


def test_github_signs_no_time() -> None:
    assert github(now=at(TIME + 10**8)) == Signed(None)


@pytest.mark.parametrize("name", list(STANDARD))
def test_standard_webhooks_needs_every_part(name: str) -> None:
    assert standard({k: v for k, v in STANDARD.items() if k != name}) == UNREADABLE
    assert standard({**STANDARD, name: ""}) == UNREADABLE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg.1"),
        ("webhook-id", "msg 1"),
        ("webhook-id", "m" * 101),
        ("webhook-id", "mßg"),
        ("webhook-timestamp", "soon"),
        ("webhook-timestamp", f"{STANDARD_TIME}.0"),
        ("webhook-timestamp", f" {STANDARD_TIME}"),
        ("webhook-timestamp", f"+{STANDARD_TIME}"),
        ("webhook-timestamp", f"-{STANDARD_TIME}"),
        ("webhook-timestamp", "\u0661\u0662"),
        ("webhook-timestamp", "9" * 5000),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", STANDARD_SIGNATURE.removeprefix("v1,")),
        ("webhook-signature", STANDARD_SIGNATURE.replace("v1,", "v2,")),
        ("webhook-signature", STANDARD_SIGNATURE.replace("v1,", "v1a,")),
    ],
)
def test_standard_webhooks_takes_no_part_that_cannot_be_read(name: str, value: str) -> None:
    assert standard({**STANDARD, name: value}) == UNREADABLE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_other"),
        ("webhook-timestamp", str(STANDARD_TIME + 1)),
        ("webhook-timestamp", f"0{STANDARD_TIME}"),
        ("webhook-signature", "v1,AAAA"),
        ("webhook-signature", "v1,ßß"),
        ("webhook-signature", STANDARD_SIGNATURE[:-1]),
        ("webhook-signature", STANDARD_SIGNATURE.lower()),
    ],
)
def test_standard_webhooks_signs_id_and_time_too(name: str, value: str) -> None:
    assert standard({**STANDARD, name: value}) == WRONG


def test_standard_webhooks_passes_with_one_good_signature_among_several() -> None:
    bad = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,AAAA v1a,AAAA"
    for listed in (f"{bad} {STANDARD_SIGNATURE}", f"{STANDARD_SIGNATURE} {bad}"):
        assert standard({**STANDARD, "webhook-signature": listed}) == Signed(STANDARD_ID)
    assert standard({**STANDARD, "webhook-signature": bad}) == WRONG


def test_standard_webhooks_takes_the_svix_names_but_no_mixture() -> None:
    branded = {name.replace("webhook", "svix"): value for name, value in STANDARD.items()}
    assert standard(branded) == Signed(STANDARD_ID)
    mixed = {**STANDARD, "svix-id": STANDARD_ID}
    del mixed["webhook-id"]
    assert standard(mixed) == UNREADABLE


def test_a_standard_webhooks_secret_may_lack_prefix_and_padding() -> None:
    assert isinstance(standard(secrets=(STANDARD_SECRET.removeprefix("whsec_"),)), Signed)
    key = bytes(range(25))
    text = f"{STANDARD_ID}.{STANDARD_TIME}.".encode() + STANDARD_BODY
    digest = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    headers = {**STANDARD, "webhook-signature": f"v1,{digest}"}
    padded = base64.b64encode(key).decode()
    for secret in (padded, padded.rstrip("="), f"whsec_{padded}", f"whsec_{padded}".rstrip("=")):
        assert isinstance(standard(headers, secrets=(secret,)), Signed)


def test_githubs_delivery_is_the_alerts_id() -> None:
    guid = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    assert github({**GITHUB, "x-github-delivery": guid}) == Signed(guid)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-hub-signature": GITHUB_SIGNATURE},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": GITHUB_SIGNATURE.removeprefix("sha256=")},
        {"x-hub-signature-256": GITHUB_SIGNATURE.replace("sha256", "sha1")},
        {**GITHUB, "x-github-delivery": ""},
        {**GITHUB, "x-github-delivery": "a b"},
        {**GITHUB, "x-github-delivery": "a" * 65},
    ],
)
def test_github_takes_no_part_that_cannot_be_read(headers: dict[str, str]) -> None:
    assert github(headers) == UNREADABLE


def test_a_cut_or_doubled_github_signature_does_not_pass() -> None:
    for text in (GITHUB_SIGNATURE[:-1], f"{GITHUB_SIGNATURE},{GITHUB_SIGNATURE}"):
        assert github({"x-hub-signature-256": text}) == WRONG


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": SLACK_SIGNATURE},
        {"x-slack-request-timestamp": str(TIME)},
        {**SLACK, "x-slack-request-timestamp": "now"},
        {**SLACK, "x-slack-request-timestamp": f"{TIME}.5"},
        {**SLACK, "x-slack-signature": "v0="},
        {**SLACK, "x-slack-signature": SLACK_SIGNATURE.replace("v0", "v1")},
    ],
)
def test_slack_takes_no_part_that_is_missing_or_cannot_be_read(headers: dict[str, str]) -> None:
    assert slack(headers) == UNREADABLE


def test_slack_signs_the_time_too() -> None:
    assert slack({**SLACK, "x-slack-request-timestamp": str(TIME + 1)}) == WRONG


@pytest.mark.parametrize(
    "text",
    [
        "",
        STRIPE_SIGNATURE,
        f"t={TIME}",
        f"t={TIME},v1=",
        f"t=,{STRIPE_SIGNATURE}",
        f"t=now,{STRIPE_SIGNATURE}",
        f"t={TIME}.0,{STRIPE_SIGNATURE}",
        f"t={TIME},{STRIPE_SIGNATURE.replace('v1', 'v0')}",
        f"t={TIME},t={TIME},{STRIPE_SIGNATURE}",
    ],
)
def test_stripe_takes_no_part_that_is_missing_or_cannot_be_read(text: str) -> None:
    assert stripe({"stripe-signature": text}) == UNREADABLE


def test_stripe_passes_with_one_good_signature_among_several() -> None:
    listed = f"v1={'0' * 64},{STRIPE_SIGNATURE},v0=abc"
    assert stripe({"stripe-signature": f"t={TIME},{listed}"}) == Signed(None)
    assert stripe({"stripe-signature": f"t={TIME},v1={'0' * 64}"}) == WRONG
    assert stripe({"stripe-signature": f"t={TIME + 1},{listed}"}) == WRONG


def test_a_scheme_that_nobody_knows_fails() -> None:
    assert check("md5", BODY, SLACK, at(TIME), (Secret(KEY),)) == Unsigned("signature_scheme")


@given(
    scheme=st.sampled_from(sorted(SCHEMES)),
    headers=st.dictionaries(
        st.sampled_from([*STANDARD, *GITHUB, *SLACK, *STRIPE, "x-github-delivery"]),
        st.text(max_size=40) | st.sampled_from([*STANDARD.values(), *STRIPE.values()]),
    ),
    body=st.binary(max_size=20),
)
def test_no_headers_raise_or_pass_by_chance(
    scheme: str, headers: dict[str, str], body: bytes
) -> None:
    found = check(scheme, body, headers, at(TIME), (Secret(STANDARD_SECRET),))
    assert isinstance(found, Unsigned)
