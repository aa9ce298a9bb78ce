"""`bridge import` and `bridge export`: connections, hooks and rules as one JSON file."""

from typing import BinaryIO

import click

from bridge.cli.show import tell_json
from bridge.errors import Refused


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--rotate-hooks", is_flag=True, help="Give every hook of the file a new address.")
@click.option("--new-token", is_flag=True, help="Make another API token.")
def import_(file: BinaryIO, rotate_hooks: bool, new_token: bool) -> None:
    """Take connections, hooks and rules from FILE (`-`: standard input), updating by name.

    Prints the hook addresses and an API token as JSON. They are told once; later runs say null.
    """
    raw = file.read()
    from bridge.cli.ready import ready
    from bridge.schemas import load_json
    from bridge.transfer import import_file

    data = load_json(raw)
    with ready() as here:
        told = import_file(
            here.database,
            here.keys,
            here.settings,
            data,
            rotate_hooks=rotate_hooks,
            new_token=new_token,
            now=here.now(),
        )
    tell_json(told)


@click.command()
@click.option("--user", "email", help="Whose; needed where there are several users.")
def export(email: str | None) -> None:
    """Write a user's connections, hooks and rules as JSON, without secrets."""
    from bridge.cli.ready import Ready, ready
    from bridge.store import people
    from bridge.transfer import export as export_file

    def only_user(here: Ready) -> str:
        with here.database.reading() as db:
            known = people.list_users(db)
        if len(known) != 1:
            raise Refused("user_needed", "--user", f"There are {len(known)} users; name one.")
        return known[0].email

    with ready() as here:
        tell_json(export_file(here.database, email or only_user(here), here.now()))
