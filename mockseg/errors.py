"""Every error that mockseg raises, in one tree.

::

    MocksegError
    ├── ConfigError              a flag, variable or key of mockseg.toml is wrong
    │   └── UnreadableFileError  a file that was named cannot be read; carries the reason
    ├── ClockError               a clock was asked for what no clock can do
    ├── FqlError                 a filter (``where=``) cannot be read; carries the position
    ├── QueryError               a search (``q=``) cannot be read; carries the position
    ├── PlanError                a tracking plan cannot be read; carries file and place
    ├── MalformedJsonError       bytes are not JSON
    ├── JournalError             a journal's file cannot be used, or takes no more; carries the file
    │   └── JournalDamagedError      it is damaged
    ├── OperationError           an operation was refused; carries status, code, details
    ├── VendorStateError         an imitated vendor cannot be set up or acted on like that
    ├── ServerStartError         the server could not start: a taken port, a wrong certificate
    ├── UnreachableError         no mockseg answers at that address, or it went away
    ├── MissingExtraError        a library of an extra is not installed (also a ModuleNotFoundError)
    ├── BlockingCallError        a verb that waits was called inside a running event loop
    ├── UnknownOptionError       a keyword argument that nothing takes (also a TypeError)
    └── UnmetExpectationError    an assertion about calls failed (also an AssertionError)

The client's mistakes (what an application sent) are never errors: they are
findings, see :mod:`mockseg.domain.findings`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from mockseg.printable import printable_lines

__all__ = [
    "BlockingCallError",
    "ClockError",
    "ConfigError",
    "FqlError",
    "JournalDamagedError",
    "JournalError",
    "MalformedJsonError",
    "MissingExtraError",
    "MocksegError",
    "OperationError",
    "PlanError",
    "QueryError",
    "ServerStartError",
    "UnknownOptionError",
    "UnmetExpectationError",
    "UnreachableError",
    "UnreadableFileError",
    "VendorStateError",
]


class MocksegError(Exception):
    """The base of every error of mockseg.

    Its text is fit for a terminal, a log and a test report, whatever a client sent. A note, which
    tracebacks and reports print below it, says where the manual explains it.

    Attributes:
        manual: the section of the manual about errors of this kind, or empty.
    """

    manual: ClassVar[str] = "errors"

    def __init__(self, *arguments: object, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.manual:
            self.add_note(f"Read more: mockseg manual {self.manual}")

    def __str__(self) -> str:
        return printable_lines(super().__str__())


class ConfigError(MocksegError):
    """A setting is wrong: the message names the place, the value and what is allowed."""

    manual = "errors#configerror"


class UnreadableFileError(ConfigError):
    """A file that was named cannot be read.

    Attributes:
        path: as it was named.
        reason: why not, without the path.
        missing: whether the file does not exist.
    """

    manual = "errors#unreadablefileerror"

    def __init__(self, reason: str, *, path: str, missing: bool = False) -> None:
        self.path = path
        self.reason = reason
        self.missing = missing
        super().__init__(f"cannot read {path}: {reason}")


class ClockError(MocksegError):
    """A clock was asked for what no clock can do, such as going back while it is followed."""

    manual = "time#clocks"


class FqlError(MocksegError):
    """A filter cannot be read.

    Attributes:
        text: the whole filter.
        position: where it went wrong, in characters from 0.
        reason: one sentence without the position.
    """

    manual = "queries#fql"

    def __init__(self, reason: str, *, text: str, position: int) -> None:
        self.reason = reason
        self.text = text
        self.position = position
        shown = text if len(text) <= 200 else text[:197] + "..."
        super().__init__(f"{reason} (at character {position + 1} of: {shown})")

    def refusal(self, parameter: str = "where") -> OperationError:
        """Return the error of an operation that was asked with this filter: 422."""
        details = {"parameter": parameter, "position": self.position, "reason": self.reason}
        return OperationError(
            f"{parameter}: {self}", status=422, code="invalid_filter", details=details
        )


class QueryError(MocksegError):
    """A search for calls cannot be read.

    Attributes:
        text: the whole query.
        position: where it went wrong, in characters from 0.
        reason: what is wrong, without the position.
        nearest: the key or value that was probably meant, or None.
    """

    manual = "queries#search-language"

    def __init__(
        self, reason: str, *, text: str, position: int, nearest: str | None = None
    ) -> None:
        self.reason = reason
        self.text = text
        self.position = position
        self.nearest = nearest
        shown = text if len(text) <= 200 else text[:197] + "..."
        super().__init__(f"{reason} (at character {position + 1} of: {shown})")

    def refusal(self, parameter: str = "q") -> OperationError:
        """Return the error of an operation that was asked with this query: 422."""
        details = {"parameter": parameter, "position": self.position, "reason": self.reason}
        if self.nearest is not None:
            details["nearest"] = self.nearest
        return OperationError(
            f"{parameter}: {self}", status=422, code="invalid_query", details=details
        )


class PlanError(MocksegError):
    """A tracking plan cannot be used.

    Attributes:
        file: the file or name of the plan.
        place: where in it, as a JSON path (``rules[3].jsonSchema``), or empty.
        reason: one sentence that names the value and what is allowed.
    """

    manual = "plans#your-own-plan"

    def __init__(self, reason: str, *, file: str, place: str = "") -> None:
        self.reason = reason
        self.file = file
        self.place = place
        where = f"{file}: {place}" if place else file
        super().__init__(f"{where}: {reason}")


class MalformedJsonError(MocksegError):
    """Bytes are not JSON; the message says what is wrong with them."""

    manual = "errors#malformedjsonerror"


class JournalError(MocksegError):
    """A journal's file cannot be used, or what was recorded could not be saved in it.

    Attributes:
        path: of the file.
        reason: what is wrong and what to do, a sentence of which the file is the subject.
    """

    manual = "journal"

    def __init__(self, reason: str, *, path: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"journal {path} {reason}")


class JournalDamagedError(JournalError):
    """A journal's file is damaged; nothing of it was changed."""

    manual = "errors#journaldamagederror"


class OperationError(MocksegError):
    """The control plane refused an operation.

    Attributes:
        status: its HTTP status, 400 to 499; 503 where a journal takes no more.
        code: one word for scripts, such as ``invalid_parameter``.
        details: what helps to repair it; JSON.
    """

    manual = "control-api"

    def __init__(
        self, message: str, *, status: int, code: str, details: dict[str, Any] | None = None
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.details: dict[str, Any] = details or {}
        super().__init__(message)


class VendorStateError(MocksegError):
    """An imitated vendor cannot be set up, acted on or given this state.

    Attributes:
        place: where, as a JSON path (``attributes.plan``), or empty.
        reason: one sentence that names the value and what is allowed.
    """

    manual = "destinations"

    def __init__(self, reason: str, *, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__(f"{place}: {reason}" if place else reason)


class ServerStartError(MocksegError):
    """The server could not start; the message is one sentence for the person who started it."""

    manual = "errors#serverstarterror"


class UnreachableError(MocksegError):
    """No mockseg answers at that address, or the connection broke before the answer."""

    manual = "errors#unreachableerror"


class MissingExtraError(MocksegError, ModuleNotFoundError):
    """What was used needs a library that only an extra installs; the message has the command.

    Attributes:
        name: the module that is missing, such as ``hypothesis``.
    """

    # The text ends with the command to paste.
    manual = ""


class BlockingCallError(MocksegError):
    """A verb that waits was called inside a running event loop, which it would have stopped."""

    manual = "python#async-code"


class UnknownOptionError(MocksegError, TypeError):
    """A keyword argument that nothing takes; the message names the nearest and all that are."""

    manual = "errors#unknownoptionerror"


class UnmetExpectationError(MocksegError, AssertionError):
    """An assertion about recorded calls failed; the message explains it in under 40 lines.

    Attributes:
        explanation: the same as a value (:class:`mockseg.matching.explanation.Explanation`),
            or None where the sentence says it all.
    """

    # The text itself says what to read.
    manual = ""

    explanation: Any = None
