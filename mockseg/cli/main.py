"""The command ``mockseg``: finds the subcommand, and turns every end into an exit status.

Nothing but click is imported before a subcommand is chosen, so that help is immediate.
"""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from mockseg.cli.examples import with_example
from mockseg.cli.group import Group
from mockseg.errors import ConfigError, MocksegError, OperationError, UnmetExpectationError
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from collections.abc import Sequence


# What people want -> the commands for it: name, module below mockseg.cli, line in the help. The
# module's `command` is the command.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Run": {
        "serve": ("serve", "Run the local Segment."),
        "demo": ("demo", "Run it for a moment and send real traffic to it."),
        "run": ("run", "Run a program against a server of its own; judge what it sent."),
        "readyz": ("readyz", "Check whether a server is ready, or wait until it is."),
        "clear": ("clear", "Forget calls."),
        "journal": ("journal", "Look at the file of a journal, check it, or compact it."),
    },
    "Look": {
        "tail": ("tail", "Show calls while they arrive."),
        "calls": ("calls", "List recorded calls."),
        "show": ("show", "Show one call or one request whole."),
        "requests": ("requests", "List requests, refused ones with the reason."),
        "sources": ("sources", "List sources with what they recorded."),
        "summary": ("summary", "Count what was recorded."),
        "truth": ("truth", "Report the fate of each message."),
        "deliveries": ("deliveries", "List the fate of calls at destinations."),
        "warehouse": ("warehouse", "Run SQL on calls in Segment's warehouse schema, or write it."),
        "export": ("export", "Write recorded calls to a file, one JSON object a line."),
    },
    "Check": {
        "wait": ("wait", "Wait until calls are recorded."),
        "validate": ("validate", "Judge a file of calls by plans, without a server."),
        "coverage": ("coverage", "Report what of the plans was seen and asserted on."),
        "conform": ("conform", "Judge a Segment SDK by the public conformance suite."),
    },
    "Break": {
        "fault": ("fault", "Break requests on purpose."),
    },
    "Send": {
        "traffic": ("traffic", "Send synthetic traffic, the same for the same seed."),
        "replay": ("replay", "Send captured calls again, with their timing."),
        "samples": ("samples", "Write messages for test suites in any language."),
        "import": ("import_calls", "Record exported calls again."),
        "redeliver": ("redeliver", "Deliver recorded calls again."),
    },
    "Plan": {
        "catalogue": ("catalogue", "Show the events that documents describe."),
        "plan": ("plan", "Infer, compare and convert tracking plans."),
    },
    "Connect": {
        "snippet": ("snippet", "Show how an SDK is pointed at mockseg."),
        "destination": ("destination", "Connect destinations, and look at the vendor's side."),
    },
    "Learn": {
        "manual": ("manual", "Read the manual, a page or a part of it."),
        "completion": ("completion", "Complete commands and flags in a shell."),
    },
}
COMMANDS: dict[str, tuple[str, str]] = {
    name: row for section in SECTIONS.values() for name, row in section.items()
}


class _PipeClosed(Exception):  # noqa: N818 - not an error: the reader of our output has enough
    """The reader of our output went away.

    Attributes:
        status: what the command had decided on until then; 0 if nothing.
    """

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class LazyGroup(Group):
    """A group that imports a command when it is called, and not for help."""

    see = "mockseg --help"

    def short_helps(self) -> dict[str, str]:
        return {name: line for name, (_, line) in COMMANDS.items()}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        width = max(map(len, COMMANDS))
        for title, section in SECTIONS.items():
            with formatter.section(title):
                # One column for all sections.
                formatter.write_dl([(name.ljust(width), row[1]) for name, row in section.items()])

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mockseg.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        if ctx.resilient_parsing:
            from mockseg.cli.value_completion import with_completed_values

            return with_completed_values(command)
        return with_example(command, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; click would turn a closed pipe into exit 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            from mockseg.cli.output import DECIDED

            raise _PipeClosed(ctx.meta.get(DECIDED, 0)) from None


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted and not ctx.resilient_parsing:
        from mockseg.cli.output import say
        from mockseg.version import version

        say(f"mockseg {version()}")
        ctx.exit()


@click.group(
    name="mockseg",
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 fine, 1 a check failed, 2 usage or environment.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
def mockseg() -> None:
    """The local Segment: records every call and says what Segment would have done with it."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status, whatever happens in it."""
    _set_up_streams()
    try:
        status = mockseg.main(args=arguments, prog_name="mockseg", standalone_mode=False)
    except _PipeClosed as closed:
        # What is still buffered goes nowhere instead of raising at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return closed.status
    except click.ClickException as error:
        return _show_usage_error(error)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", status=2)
    except MocksegError as error:
        # Of a wrong argument the sentence says all that there is.
        said = isinstance(error, ConfigError | OperationError)
        read = "" if said else error.manual
        more = f" (read more: mockseg manual {read})" if read else ""
        status = 1 if isinstance(error, UnmetExpectationError) else 2
        return _say(f"{error}{more}", status=status)
    except OSError as error:
        return _say(f"{error.strerror or error}{_named(error)}", status=2)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence, not a traceback
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        return _say(
            f"internal error in mockseg (please report it): {type(error).__name__}: {error}"
            f" (in {os.path.basename(place.filename)}, line {place.lineno})",  # noqa: PTH119 - a name for people
            status=2,
        )
    return status if isinstance(status, int) else 0


def _set_up_streams() -> None:
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # Closed by the shell (`>&-`): what would be printed goes nowhere.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - for the process
        # A name of an event that the terminal cannot show must not end a command.
        if reconfigure := getattr(getattr(sys, name), "reconfigure", None):
            reconfigure(errors="backslashreplace")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    sys.exit(run(arguments))


def _show_usage_error(error: click.ClickException) -> int:
    """Show click's error about the command line, which it may quote."""
    from mockseg.cli.output import say_text

    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        ctx = error.ctx
        # A hidden flag is an old name, which is not to be learned.
        shown = (each for each in ctx.command.get_params(ctx) if not getattr(each, "hidden", False))
        flags = [flag for each in shown for flag in each.opts]
        see = f"{ctx.command_path} --help"
        error = click.UsageError(unknown("option", error.option_name, flags, see=see), ctx=ctx)
    text = io.StringIO()
    error.show(text)
    say_text(text.getvalue(), err=True)
    return 2


def _say(sentence: str, *, status: int) -> int:
    from mockseg.cli.output import warn

    warn(sentence)
    return status


def _named(error: OSError) -> str:
    return f": {error.filename}" if error.filename else ""
