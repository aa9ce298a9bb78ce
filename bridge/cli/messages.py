"""`bridge parse`, `send` and `preview`: messages from the command line."""

import json
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO

import click

from bridge.cli.show import json_option, tell_json, tell_line
from bridge.errors import NoAnswer, Refused

_PATIENCE = 10


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
def parse(file: BinaryIO) -> None:
    """JSON lines {"raw": ...} in; signals or refusals out, one line for each.

    No hook is asked and no rule, so a hook's settings play no part.
    """
    from bridge import dialects
    from bridge.preview import meaning_shown

    for line in file:
        given = _line(line)
        if isinstance(given, str):
            tell_line({"id": None, **_unreadable(given)})
        else:
            raw = given["raw"].encode("utf-8", "surrogatepass")
            tell_line({"id": given.get("id"), **meaning_shown(dialects.parse(raw))})
        sys.stdout.flush()


@click.command()
@click.argument("url")
@click.argument("file", type=click.File("rb"))
@json_option
def send(url: str, file: BinaryIO, as_json: bool) -> None:
    """Send the bytes of FILE (`-`: standard input) to a hook and show the answer.

    Exit code 0 when the alert was taken, 1 when it was not.
    """
    raw = file.read()
    status, text = _post(url, raw)
    answer = _as_json(text)
    if as_json:
        tell_json({"http_status": status, "answer": answer})
    else:
        click.echo(f"HTTP {status}")
        click.echo(text if isinstance(answer, str) else json.dumps(answer, indent=2))
    if not 200 <= status < 300:
        click.get_current_context().exit(1)


@click.command()
@click.argument("hook")
@click.argument("file", type=click.File("rb"))
@click.option("--user", "email", required=True, help="Whose hook it is.")
@json_option
def preview(hook: str, file: BinaryIO, email: str, as_json: bool) -> None:
    """What the message in FILE would do at the hook named HOOK; nothing is sent."""
    raw = file.read()
    from bridge.cli.ready import ready
    from bridge.errors import NotFound
    from bridge.preview import preview as computed
    from bridge.store import hooks, people

    with ready() as here:
        with here.database.reading() as db:
            owner = people.by_email(db, email)
            found = hooks.by_name(db, owner.id, hook) if owner is not None else None
        if owner is None or found is None:
            raise NotFound(f"{email} has no hook named {hook}")
        told = computed(here.database, owner.id, found.public_id, raw)
    if as_json:
        tell_json(told)
        return
    for line in _in_lines(told):
        click.echo(line)


def _line(line: bytes) -> dict[str, Any] | str:
    """A line's object, or what is wrong with it."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return "The line is not JSON."
    if not isinstance(given, dict) or not isinstance(given.get("raw"), str):
        return 'The line is no object with a text "raw".'
    return given


def _unreadable(message: str) -> dict[str, Any]:
    return {
        "dialect": None,
        "signals": [],
        "repairs": [],
        "not_honoured": [],
        "refusal": {"code": "line_unreadable", "field": "raw", "message": message},
    }


def _post(url: str, raw: bytes) -> tuple[int, str]:
    import requests

    kind = "application/json" if raw.lstrip()[:1] in (b"{", b"[") else "text/plain; charset=utf-8"
    if not url.startswith(("http://", "https://")):
        raise Refused("bad_url", "URL", "The address must start with http:// or https://.")
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.post(
                url,
                data=raw,
                headers={"Content-Type": kind},
                timeout=_PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException as exc:
            raise NoAnswer(f"no answer from the hook: {type(exc).__name__}") from exc
    return answer.status_code, answer.text


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _in_lines(told: Mapping[str, Any]) -> list[str]:
    if told["refusal"] is not None:
        return [f"Refused: {told['refusal']['message']}"]
    lines = [f"Read as {told['dialect']}: {len(told['signals'])} signals."]
    for entry in told["matches"]:
        where = f"{entry['account']['connection']} {entry['account']['ref']}"
        lines.append(f"{entry['rule']['name']} ({entry['rule']['mode']}) on {where}:")
        lines += [f"  {leg['text']}" for leg in entry["legs"]]
    lines += [f"{e['rule']['name']}: {e['reason']}" for e in told["unmatched"]]
    return lines
