r"""A query as text: ``is:bad -type:page event:"Order Completed" properties.total:>40 coupon``.

- Terms stand side by side and all of them must hold.
- ``key:value`` compares, ``-key:value`` or ``!key:value`` negates, ``key:a,b`` takes either value.
- ``"..."`` keeps spaces, commas and colons; ``\`` makes the next character an ordinary one.
- ``*`` at the end of a value means "begins with"; a value of nothing else means "is there".
- A word without a key is looked for in the text of the message, whatever its case.

A query has at most 4,096 characters and 50 terms. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mockseg.errors import QueryError
from mockseg.suggestions import did_you_mean, nearest, quoted

MAX_CHARACTERS: Final = 4096
MAX_TERMS: Final = 50
# Of these the part after the first dot names a field of the message.
FIELD_ROOTS: Final = ("properties", "traits", "context", "integrations")

Comparison: TypeAlias = Literal["", "=", ">", ">=", "<", "<="]

_SPACES = " \t\r\n"
_QUOTE = '"'
_COMPARISONS: tuple[Comparison, ...] = (">=", "<=", "=", ">", "<")
_NEEDS_QUOTES = re.compile(r'[\s",\\:]|^[-!]')


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a term may have.

    Attributes:
        name: as it is written before the colon; ``properties.`` stands for all that begin so.
        means: what is compared, a noun phrase.
        example: a term.
        values: the only values that it takes; empty where any is allowed.
        ordered: whether ``>`` and ``<`` are allowed.
    """

    name: str
    means: str
    example: str
    values: tuple[str, ...] = ()
    ordered: bool = False


FLAGS: Final = (
    *("good", "bad", "accepted", "dropped", "blocked", "rejected"),
    *("violation", "unplanned", "duplicate", "retried", "faulted", "late", "replayed"),
)
STATES: Final = ("delivered", "failed", "retrying", "filtered", "queued")

KEYS: Final[dict[str, Key]] = {
    key.name: key
    for key in (
        Key("is", "verdict, or what happened to the call", "is:bad", values=FLAGS),
        Key("type", "type of the call", "type:track"),
        Key("event", "name of a track call", 'event:"Order Completed"'),
        Key("name", "name of a page or screen call", "name:Cart"),
        Key("user", "userId", "user:u1"),
        Key("anon", "anonymousId", "anon:45*"),
        Key("group", "groupId", "group:acme"),
        Key("message", "messageId", "message:m-77"),
        Key("source", "write key", "source:*"),
        Key("code", "code of a finding", "code:required"),
        Key("field", "field of a finding", "field:properties.total"),
        Key("plan", "plan of a finding", "plan:userguiding"),
        Key("properties.", "property", "properties.total:>40", ordered=True),
        Key("traits.", "trait", "traits.plan:pro", ordered=True),
        Key("context.", "field of the context", "context.locale:de-DE", ordered=True),
        Key("integrations.", "field of integrations", "integrations.All:false", ordered=True),
        Key("to", "id, name or type of a destination that the call was for", "to:userengage"),
        Key("delivery", "state of a delivery of the call", "delivery:failed", values=STATES),
        Key("reason", "why a delivery was filtered or failed", "reason:*"),
        Key("sdk", "name of the library that sent the call", "sdk:analytics-python"),
        Key("path", "path of the request", "path:/v1/batch"),
        Key("request", "id of the request", "request:req-58"),
        Key("attempt", "1 + earlier requests with this messageId", "attempt:>1", ordered=True),
        Key("size", "bytes of the message as sent", "size:>10k", ordered=True),
        Key("after", "later than a call, or at or after a time", "after:5m"),
        Key("before", "earlier than a call or a time", "before:20:18"),
        Key("where", "filter in Segment's FQL", 'where:"length(event) > 20"'),
    )
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a term.

    Attributes:
        text: without quotes, escapes, comparison and final ``*``.
        comparison: the operator before it, or empty.
        prefix: whether it ended in ``*``.
        is_quoted: whether it was written between quotes.
        position: where it begins, in characters from 0.
    """

    text: str
    comparison: Comparison = ""
    prefix: bool = False
    is_quoted: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a query.

    Attributes:
        key: as in :data:`KEYS`, with the field's own name for those that end in a dot; empty
            for a word of the text.
        values: one or more; one of them must hold.
        negated: whether the term holds where it otherwise would not.
        start, end: where it is written, in characters from 0.
        text: as it was written.
    """

    key: str
    values: tuple[Value, ...]
    negated: bool
    start: int
    end: int
    text: str

    @property
    def field(self) -> tuple[str, ...]:
        """The names that lead to a field of the message; empty for other keys."""
        return field_names(self.key)


def read_terms(text: str) -> tuple[Term, ...]:
    """Read a query; an empty one has no terms.

    Raises:
        QueryError: it carries the reason, the position in characters from 0 and, where there is
            one, the nearest key or value.
    """
    # What came from an argument of the command line may not be Unicode.
    text = text.encode("utf-8", "replace").decode()
    if len(text) > MAX_CHARACTERS:
        raise QueryError(
            f"a query has at most {MAX_CHARACTERS:,} characters; this one has {len(text):,}",
            text=text,
            position=MAX_CHARACTERS,
        )
    terms: list[Term] = []
    reader = _Reader(text)
    while reader.skip_spaces():
        if len(terms) == MAX_TERMS:
            raise reader.fault(f"a query has at most {MAX_TERMS} terms")
        terms.append(reader.term())
    return tuple(terms)


def term_text(key: str, value: str, *, negated: bool = False, quotes: bool = False) -> str:
    """Write a term that compares with exactly this value, quoted where it must be or `quotes`."""
    escaped = re.sub(r'(["\\]|\*\Z)', r"\\\1", value)
    needs = quotes or value == "" or _NEEDS_QUOTES.search(value) or value[0] in "<>="
    written = f'"{escaped}"' if needs else escaped
    return f"{'-' if negated else ''}{key}:{written}"


def key_text(key: str) -> str:
    """Write a key before its colon, with escapes where it needs them."""
    return re.sub(r'([\s",\\:*])', r"\\\1", key)


def field_names(key: str) -> tuple[str, ...]:
    """Return the names that lead to a field of the message; empty where the key is not of one.

    The key is one of :data:`FIELD_ROOTS` and at least one name, joined by dots.
    """
    root, *names = key.split(".")
    return (root, *names) if root in FIELD_ROOTS and names and all(names) else ()


class _Reader:
    """Reads terms from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def fault(
        self, reason: str, *, at: int | None = None, nearest: str | None = None
    ) -> QueryError:
        position = self._at if at is None else at
        return QueryError(reason, text=self._text, position=position, nearest=nearest)

    def skip_spaces(self) -> bool:
        """Move on to the next term; return whether there is one."""
        while self._at < len(self._text) and self._text[self._at] in _SPACES:
            self._at += 1
        return self._at < len(self._text)

    def term(self) -> Term:
        start = self._at
        negated = self._text[start] in "-!" and self._text[start + 1 : start + 2].strip() != ""
        self._at += negated
        key_at = self._at
        word = self._value(stops=":")
        if self._peek() == ":" and not word.is_quoted:
            self._at += 1
            key = self._checked_key(word.text, key_at)
            name, values = key.name, self._values_of(key)
        else:
            name, values = "", [self._in_text(word)]
        whole = self._text[start : self._at]
        return Term(name, tuple(values), negated, start, self._at, whole)

    def _values_of(self, key: Key) -> list[Value]:
        values = [self._value_of(key)]
        while self._peek() == ",":
            self._at += 1
            values.append(self._value_of(key))
        return values

    def _in_text(self, word: Value) -> Value:
        if self._peek() not in _SPACES:
            raise self.fault(f"unexpected {self._peek()} after a quoted text")
        # A star in the text of a message is a star.
        return Value(word.text + "*" * word.prefix, position=word.position)

    def _peek(self) -> str:
        """Return the next character; a space at the end."""
        return self._text[self._at : self._at + 1] or " "

    def _value_of(self, key: Key) -> Value:
        position = self._at
        comparison: Comparison = ""
        for each in _COMPARISONS:
            if self._text.startswith(each, self._at):
                comparison = each
                self._at += len(each)
                break
        value = self._value(stops=",")
        if not value.text and not value.prefix and not value.is_quoted:
            raise self.fault(f"a value is missing after {key.name}:", at=position)
        if comparison and not key.ordered:
            raise self.fault(
                f"{key.name}: takes no {comparison}; write the value alone, or quote it",
                at=position,
            )
        if key.values and value.text not in key.values:
            near = did_you_mean(value.text, key.values)
            raise QueryError(
                f"unknown value {quoted(value.text)} of {key.name}:{near or '.'}"
                f" Allowed: {', '.join(key.values)}.",
                text=self._text,
                position=position,
                nearest=nearest(value.text, key.values),
            )
        return Value(value.text, comparison, value.prefix, value.is_quoted, position)

    def _value(self, *, stops: str) -> Value:
        """Read up to a space or one of `stops`, a text between quotes whole."""
        position = self._at
        if self._peek() == _QUOTE:
            text, star = self._quoted()
            if self._peek() not in f"{_SPACES}{stops}":
                raise self.fault("a space is missing after the closing quote")
            return Value(text[:-1] if star else text, "", star, is_quoted=True, position=position)
        parts: list[str] = []
        star = False
        while (char := self._peek()) not in _SPACES and char not in stops:
            if char == _QUOTE:
                raise self.fault("a quote stands inside a word: put \\ before it")
            star = False
            self._at += 1
            if char == "\\":
                if self._at == len(self._text):
                    raise self.fault("the \\ at the end escapes nothing", at=self._at - 1)
                char = self._text[self._at]
                self._at += 1
            else:
                star = char == "*"
            parts.append(char)
        text = "".join(parts)
        return Value(text[:-1] if star else text, "", star, position=position)

    def _quoted(self) -> tuple[str, bool]:
        """Read a text between quotes; return it, its final star too, and whether it has one."""
        opening = self._at
        self._at += 1
        parts: list[str] = []
        star = False
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 1
            if char == _QUOTE:
                return "".join(parts), star
            star = char == "*"
            if char == "\\" and self._at < len(self._text):
                char = self._text[self._at]
                self._at += 1
            parts.append(char)
        raise self.fault("the quote that begins here is not closed", at=opening)

    def _checked_key(self, written: str, position: int) -> Key:
        names = field_names(written)
        if names:
            common = KEYS[f"{names[0]}."]
            return Key(written, common.means, common.example, ordered=True)
        found = KEYS.get(written)
        if found is not None and not written.endswith("."):
            return found
        asked, known = f"{written}:", [name if name.endswith(".") else f"{name}:" for name in KEYS]
        hint = did_you_mean(asked, known) or "."
        raise QueryError(
            f"unknown key {quoted(asked)}{hint} To look for this text, put it between quotes.",
            text=self._text,
            position=position,
            nearest=nearest(written, tuple(KEYS)),
        )
