"""The command line: each command is loaded when it is asked for, so that starting is quick.

An error of ours ends a command with its sentences on standard error and exit code 2.
"""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import click

from bridge.errors import BridgeError, Invalid, Refused, WrongSettings


@dataclass(frozen=True)
class Entry:
    """Where a command stands, and its line in the help."""

    module: str
    name: str
    help: str


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("demo", "demo", "Everything on this machine, with paper accounts and a story."),
    "run": Entry("run", "run", "Serve the web, on SQLite with the dispatcher in it."),
    "worker": Entry("run", "worker", "Carry out orders; any number on one Postgres."),
    "paper": Entry("run", "paper", "Serve the paper broker."),
    "migrate": Entry("run", "migrate", "Bring the database to the newest schema."),
    "user": Entry("users", "user", "Users of this server."),
    "import": Entry("transfer", "import_", "Take connections, hooks and rules from a JSON file."),
    "export": Entry("transfer", "export", "Write them as a JSON file, without secrets."),
    "parse": Entry("messages", "parse", "JSON lines of messages in, signals or refusals out."),
    "send": Entry("messages", "send", "Send a file to a hook and show the answer."),
    "preview": Entry("messages", "preview", "What a message would do at a hook; sends nothing."),
    "doctor": Entry("doctor", "doctor", "Look at settings, database and every connection."),
    "bench": Entry("bench", "bench", "Measure from the alert to the broker call."),
}
"""Every command, in the order of the help."""


class Commands(click.Group):
    """A group whose commands are imported one by one, when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"bridge.cli.{entry.module}")
        return cast(click.Command, getattr(module, entry.name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(n, COMMANDS[n].help) for n in self.list_commands(ctx)])


@click.command(cls=Commands)
@click.version_option(package_name="bridge", prog_name="bridge")
def bridge() -> None:
    """Trading alerts in, TradeLocker orders out, every broker answer on record."""


def main() -> None:
    """The program. Ends the process with the exit code."""
    sys.exit(outcome_of(None))


def outcome_of(arguments: list[str] | None) -> int:
    """Run one command line; the exit code."""
    try:
        code = bridge.main(arguments, prog_name="bridge", standalone_mode=False)
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except BridgeError as exc:
        for sentence in _sentences(exc):
            click.echo(sentence, err=True)
        return 2
    return code if isinstance(code, int) else 0


def _sentences(error: BridgeError) -> Iterator[str]:
    match error:
        case WrongSettings():
            yield from error.sentences
        case Invalid():
            for fault in error.faults:
                yield f"{fault.field}: {fault.message}" if fault.field else fault.message
        case Refused():
            field = error.fault.field
            yield f"{field}: {error.fault.message}" if field else error.fault.message
        case _:
            text = str(error) or type(error).__name__
            yield text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
