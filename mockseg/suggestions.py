"""What to say when a name or a value is unknown: the whole phrase, once.

::

    unknown destination type "userlaep"; did you mean "userleap"? Allowed: candu, userleap.

A place goes before it: ``mockseg.toml: unknown key ...``, ``source(): unknown option ...``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

from mockseg.errors import OperationError, UnknownOptionError
from mockseg.printable import printable, printable_json

# Names are far shorter; the comparison takes quadratic time.
_LONGEST: Final = 200
_MOST_COMPARED: Final = 500
# Names that a client sends may be made to be slow: pairs of characters that are compared.
_MOST_WORK: Final = 100_000
_ALIKE: Final = 0.6
_MEANT: Final = "did you mean {}?"
_SEPARATORS: Final = str.maketrans("", "", " _-.")
_LONGEST_SHOWN: Final = 100
# A longer list is cut to this many names and characters, where the whole is found elsewhere.
_MOST_LISTED: Final = 12
_LONGEST_LIST: Final = 250
_MOST_LISTED_ANYWAY: Final = 40


def unknown(
    what: str,
    name: object,
    names: Iterable[str],
    *,
    see: str = "",
    label: str = "Allowed",
    most: int = 1,
) -> str:
    """Return the sentence for a name or value that is not among the right ones.

    Args:
        what: what it should name, such as ``destination type``.
        name: what was given.
        names: what is allowed, in the order in which to list it.
        see: where the whole list is, such as ``mockseg catalogue list``; a long list is then
            cut, or left out where a name is near.
        label: what the list is called; ``Known`` for things that were made, such as sources.
        most: how many near names to suggest.
    """
    known = tuple(names)
    hint = did_you_mean(name, known, most=most)
    if hint and see and len(known) > _MOST_LISTED:
        listed = f"See {see}."
    else:
        listed = listed_names(known, see=see, label=label)
    return f"unknown {what} {quoted(name)}{hint or '.'} {listed}"


def unknown_parameter(
    parameter: str, what: str, value: object, allowed: Iterable[str], *, place: str = ""
) -> OperationError:
    """Return the error about a parameter whose name or value is unknown.

    Its details carry ``parameter``, ``allowed`` and, where there is one, ``nearest``.

    Args:
        parameter: the field, dotted.
        what: what the value should name.
        value: what was given.
        allowed: what is allowed.
        place: what to write before the sentence, such as ``the query``.
    """
    names = tuple(allowed)
    details: dict[str, Any] = {"parameter": parameter[:_LONGEST], "allowed": list(names)}
    near = nearest(value, names) if isinstance(value, str) else None
    if near is not None:
        details["nearest"] = near
    sentence = unknown(what, value, names)
    return OperationError(
        f"{place}: {sentence}" if place else sentence,
        status=422,
        code="invalid_parameter",
        details=details,
    )


def unknown_option(callee: str, name: str, allowed: Iterable[str]) -> UnknownOptionError:
    """Return the error of a keyword argument that a function does not take."""
    return UnknownOptionError(f"{callee}(): {unknown('option', name, allowed)}")


def check_options(callee: str, given: Iterable[str], allowed: Collection[str]) -> None:
    """Refuse a keyword argument that a function does not take.

    Raises:
        UnknownOptionError: it names the nearest, and all that are allowed.
    """
    # pytest's traceback of a wrong argument ends at the test's own line.
    __tracebackhide__ = True
    for name in given:
        if name not in allowed:
            raise unknown_option(callee, name, allowed)


def did_you_mean(name: object, names: Iterable[str], *, most: int = 1) -> str:
    """Return ``; did you mean "x"?``, empty when no name is near."""
    near = nearest_names(name, tuple(names), limit=most) if isinstance(name, str) else ()
    if not near:
        return ""
    *others, last = map(quoted, near)
    choices = f"{', '.join(others)} or {last}" if others else last
    return f"; {meant_code(choices)}"


def meant(name: str) -> str:
    """Return ``did you mean "x"?`` where it is known what was meant."""
    return _MEANT.format(quoted(name))


def meant_code(code: str) -> str:
    """Return ``did you mean track("x")?`` for what to write in a program."""
    return _MEANT.format(code)


def listed_names(names: Iterable[str], *, see: str = "", label: str = "Allowed") -> str:
    """Return ``Allowed: a, b, c.``, cut where the list is long."""
    listed = tuple(names)
    if not listed:
        return "There are none yet." if label == "Known" else "None is allowed."
    plain = all(map(_is_word, listed))
    shown = [each if plain else quoted(each) for each in listed[:_MOST_LISTED_ANYWAY]]
    if see:
        del shown[_MOST_LISTED:]
        while len(shown) > 1 and sum(map(len, shown)) > _LONGEST_LIST:
            del shown[-1]
    text = ", ".join(shown)
    if len(shown) < len(listed):
        text += f" and {len(listed) - len(shown):,} more"
        if see:
            text += f"; see {see}"
    return f"{label}: {text}."


def nearest(name: str, names: tuple[str, ...]) -> str | None:
    """Return the name most like this one, or None if none is alike.

    Differences of case and of ``_``, ``-``, ``.`` and spaces count little.
    """
    return next(iter(nearest_names(name, names, limit=1)), None)


def nearest_names(name: str, names: tuple[str, ...], *, limit: int) -> tuple[str, ...]:
    """Return the names most like this one, the most alike first."""
    if len(name) > _LONGEST:
        return ()
    return _ranked(name, names[:_MOST_COMPARED], limit)


def quoted(value: object) -> str:
    """Return a value as JSON writes it, on one line, at most 100 characters or so.

    What a terminal might obey is escaped.
    """
    if isinstance(value, str):
        return printable_json(json.dumps(_cut(value), ensure_ascii=False))
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return printable(_cut(text))


@lru_cache(maxsize=256)
def _ranked(name: str, names: tuple[str, ...], limit: int) -> tuple[str, ...]:
    # Only who makes a mistake needs it.
    from difflib import SequenceMatcher

    wanted = _plain(name)
    matcher: SequenceMatcher[str] = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    scores: dict[str, float] = {}
    promising: list[tuple[float, str, str]] = []
    for candidate in names:
        if candidate == name or len(candidate) > _LONGEST:
            continue
        plain = _plain(candidate)
        if plain == wanted:
            scores[candidate] = 2.0
            continue
        matcher.set_seq1(plain)
        if matcher.real_quick_ratio() >= _ALIKE and (bound := matcher.quick_ratio()) >= _ALIKE:
            promising.append((bound, candidate, plain))
    promising.sort(key=lambda each: -each[0])
    left = _MOST_WORK
    for bound, candidate, plain in promising:
        left -= len(wanted) * len(plain)
        enough = sum(score >= bound for score in scores.values()) >= limit
        if enough or left < 0:
            break
        matcher.set_seq1(plain)
        ratio = matcher.ratio()
        if ratio >= _ALIKE:
            scores[candidate] = ratio
    return tuple(sorted(scores, key=lambda each: -scores[each])[:limit])


@lru_cache(maxsize=4096)
def _plain(name: str) -> str:
    return name.casefold().translate(_SEPARATORS)


def _is_word(name: str) -> bool:
    return name.isprintable() and name != "" and not set(name) & set(' ,;"')


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
