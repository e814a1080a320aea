"""What all imitations of a vendor have in common: a request in, a response out, no IO."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar, cast

import msgspec

from mockseg import json_types
from mockseg.destinations.rate_limit import RateLimit
from mockseg.destinations.records import plain, record_from
from mockseg.domain.delivery import Note
from mockseg.errors import VendorStateError
from mockseg.json_types import Json, JsonObject
from mockseg.suggestions import unknown

Headers: TypeAlias = tuple[tuple[str, str], ...]
JSON_HEADERS: Headers = (("Content-Type", "application/json"),)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VendorRequest:
    """A request that reached a vendor's surface.

    Attributes:
        method: HTTP method, upper case.
        path: below the destination's prefix, percent-decoded, beginning with ``/``:
            ``/segment`` for the inlet that Segment posts to, else the vendor's own REST path.
        query: names and values, decoded, in the order sent.
        headers: names as sent, and values.
        body: bytes, inflated.
        received_ns: a moment by the clock of the destination's source.
        base_url: what comes before the path in links, as the client knows this vendor's
            address; empty where that is not known.
    """

    method: str
    path: str
    received_ns: int
    base_url: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first header of this name in any case, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def argument(self, name: str) -> str | None:
        """Return the first query argument of this name, or None."""
        return next((value for key, value in self.query if key == name), None)

    @property
    def authorization(self) -> tuple[str, str]:
        """The scheme in lower case and what follows it; both empty without the header."""
        scheme, _, rest = (self.header("Authorization") or "").strip().partition(" ")
        return scheme.lower(), rest.strip()


@dataclasses.dataclass(frozen=True, slots=True)
class VendorResponse:
    """What a vendor answers.

    Attributes:
        status: HTTP status.
        body: bytes.
        headers: names and values, the content type among them where there is a body.
        notes: what it refused, ignored or dropped.
    """

    status: int
    body: bytes = b""
    headers: Headers = ()
    notes: tuple[Note, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A request that a vendor makes by itself, to an address of its customer's.

    Attributes:
        url: absolute.
        headers: names and values.
        body: bytes.
    """

    url: str
    headers: Headers
    body: bytes


class VendorError(Exception):
    """Ends a request with an error, before anything was changed; `Imitation.answer` returns it."""

    def __init__(self, answer: VendorResponse) -> None:
        self.answer = answer
        super().__init__(answer.status)


def reply(status: int, value: Json, *, notes: Iterable[Note] = ()) -> VendorResponse:
    return VendorResponse(status, json_types.encode(value), JSON_HEADERS, tuple(notes))


def partner_error(status: int, sentence: str, *, code: str, field: str = "") -> VendorResponse:
    """Answer with the error that Segment's contract with partners has: ``{"message": ...}``."""
    return reply(status, {"message": sentence}, notes=[Note(code, field, sentence)])


def not_allowed(request: VendorRequest, methods: Iterable[str]) -> VendorResponse:
    allowed = ", ".join(methods)
    sentence = f"{request.path[:100]!r} does not take {request.method[:20]!r}; allowed: {allowed}"
    answer = partner_error(405, sentence, code="method_not_allowed")
    return dataclasses.replace(answer, headers=(*answer.headers, ("Allow", allowed)))


PARTNER_ERRORS: Final = {
    code: partner_error(status, sentence, code=code)
    for code, status, sentence in (
        ("bad_request", 400, "The request is malformed"),
        ("unauthorized", 401, "This API key is unknown"),
        ("forbidden", 403, "This API key has no permission"),
        ("rate_limited", 429, "Too many requests"),
        ("server_error", 500, "Internal error"),
        ("unsupported_type", 501, "Calls of this type are not supported"),
        ("maintenance", 503, "Down for maintenance"),
    )
}
"""What Segment's contract with partners knows."""

_Handler = TypeVar("_Handler")


class Routes(Generic[_Handler]):
    """Handlers by method, for each path; the first path that matches counts.

    Args:
        table: the paths are regular expressions of the whole path.
    """

    def __init__(self, table: Mapping[str, Mapping[str, _Handler]]) -> None:
        self._rows = [(re.compile(path, re.DOTALL), methods) for path, methods in table.items()]

    def find(self, path: str) -> tuple[Mapping[str, _Handler], dict[str, str]] | None:
        """Return the handlers of a path and what its named groups matched, or None."""
        for pattern, methods in self._rows:
            match = pattern.fullmatch(path)
            if match is not None:
                found = match.groupdict().items()
                return methods, {name: text for name, text in found if text is not None}
        return None


class Arguments(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What an action takes: the base of each action's."""


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """Something that only the vendor's own page or SDK could do.

    Attributes:
        summary: one sentence.
        arguments: a record whose fields are what it takes; a wrong one is refused by it.
        do: does it, given the imitation, the arguments and the moment in nanoseconds; returns
            what the page would show.
    """

    summary: str
    arguments: type[Arguments]
    do: Callable[[Any, Any, int], JsonObject]


def perform(
    actions: Mapping[str, Action], target: object, name: str, given: JsonObject, *, now_ns: int
) -> JsonObject:
    """Do one of these actions to an imitation.

    Raises:
        VendorStateError: unknown action, or wrong arguments; nothing is changed.
    """
    action = actions.get(name)
    if action is None:
        raise VendorStateError(unknown("action", name, sorted(actions)))
    return action.do(target, record_from(given, action.arguments), now_ns)


class Setup(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a destination is set up at the vendor before anything arrives: the base of each kind's.

    Each field has a default, and its type says what it allows. The switches for what nothing
    public settles are here, too.
    """


_Setup = TypeVar("_Setup", bound=Setup)
_State = TypeVar("_State")


class Imitation(abc.ABC, Generic[_Setup, _State]):
    """One destination at one vendor, with its state; two never share users.

    Used from one thread. A request is applied whole or not at all: whatever may fail comes
    before the first change.

    Attributes:
        setup_type: what it is set up with.
        actions: by name.
        errors: the vendor's documented errors by name, which can be demanded of it
            (``rate_limited``, ``server_error`` ...); the web and delivery floors' registry
            gives these answers, an imitation need not.
        store: its state, in records of the vendor's own.
        outbox: what an action has it send, until the hub takes and sends it.
    """

    setup_type: ClassVar[type[Setup]]
    actions: ClassVar[Mapping[str, Action]]
    errors: ClassVar[Mapping[str, VendorResponse]]

    def __init__(self, setup: Setup, *, key: str, random: random.Random) -> None:
        """Make one without users.

        Args:
            setup: of the class's own `setup_type`.
            key: the API key that Segment and REST clients authenticate with.
            random: mints ids and tokens, reproducibly.

        Raises:
            VendorStateError: the setup is out of range or contradicts itself; names the place
                and what is allowed.
        """
        if not isinstance(setup, self.setup_type):
            raise TypeError(
                f"{type(self).__name__} is set up with {self.setup_type.__name__},"
                f" not {type(setup).__name__}"
            )
        self.setup = cast("_Setup", record_from(plain(setup), self.setup_type))
        self.key = key
        self.random = random
        self.outbox: list[Hook] = []
        self.store = self.first_state()

    @staticmethod
    @abc.abstractmethod
    def key_of(request: VendorRequest) -> str | None:
        """Read the API key that a request authenticates with, however this vendor takes it."""

    @staticmethod
    @abc.abstractmethod
    def stranger(request: VendorRequest) -> VendorResponse:
        """Answer a request whose key belongs to no destination, or that has none."""

    def first_state(self) -> _State:
        """Return the state as it is set up, before anything arrives."""
        return self.restored({})

    @abc.abstractmethod
    def restored(self, state: JsonObject) -> _State:
        """Read a state that a person may have written; what is left out begins empty.

        Raises:
            VendorStateError: names the place and what is allowed.
        """

    @abc.abstractmethod
    def handle(self, request: VendorRequest) -> VendorResponse:
        """Apply a request.

        Raises:
            VendorError: it is refused; nothing is changed.
        """

    @property
    def rate_limits(self) -> Iterable[RateLimit]:
        """What limits its requests."""
        return ()

    @contextlib.contextmanager
    def without_limits(self) -> Iterator[None]:
        """Refuse no request for its rate meanwhile, so that it can be applied again."""
        for limit in self.rate_limits:
            limit.paused = True
        try:
            yield
        finally:
            for limit in self.rate_limits:
                limit.paused = False

    def knows(self, key: str) -> bool:
        """Return whether this key is or was one of its own (a revoked one is)."""
        return key == self.key

    def answer(self, request: VendorRequest) -> VendorResponse:
        """Apply a request, at the inlet or at the vendor's REST API; never raises."""
        try:
            return self.handle(request)
        except VendorError as error:
            return error.answer

    def act(self, action: str, arguments: JsonObject, *, now_ns: int) -> JsonObject:
        """Do what the vendor's own page or SDK would; return what the page would show.

        Raises:
            VendorStateError: unknown action, or wrong arguments; nothing is changed.
        """
        return perform(self.actions, self, action, arguments, now_ns=now_ns)

    def state(self) -> JsonObject:
        """Return the whole state as JSON, in the names of the vendor's REST API."""
        return plain(cast("msgspec.Struct", self.store))

    def restore(self, state: JsonObject) -> None:
        """Have this state instead, as `state` gave it; what is left out begins empty.

        Raises:
            VendorStateError: names the place and what is allowed; nothing is changed.
        """
        self.store = self.restored(state)
