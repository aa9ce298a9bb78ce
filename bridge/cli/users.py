"""`bridge user`: users of this server."""

import sys

import click

from bridge.cli.show import json_option, tell_json
from bridge.errors import Refused


@click.group()
def user() -> None:
    """Users of this server."""


@user.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@json_option
def add(email: str, password_stdin: bool, as_json: bool) -> None:
    """Add a user; the password, of at least 12 characters, is asked for."""
    password = _from_stdin() if password_stdin else _asked()
    from bridge.audit import Event, record
    from bridge.cli.ready import ready
    from bridge.schemas import UserSchema, loaded
    from bridge.store import people
    from bridge.store.signing_in import hash_password

    form = loaded(UserSchema(), {"email": email})
    with ready() as here:
        hashed = hash_password(password)
        with here.database.transaction() as db:
            made = people.create_user(db, form.email, hashed, here.now())
            record(
                db,
                Event.USER_CREATED,
                now=here.now(),
                user=made.id,
                actor="cli",
                subject=made.email,
            )
    if as_json:
        tell_json({"id": made.public_id, "email": made.email})
    else:
        click.echo(f"{made.email} can sign in now.")


def _from_stdin() -> str:
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise Refused("missing", "password", "Standard input holds no password.")
    return text


def _asked() -> str:
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return asked
