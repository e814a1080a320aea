"""From the one value of an example to the many that real traffic has.

A value keeps its kind: digits stay digits, an identifier keeps its prefix, an address its
host. What a schema limits (an enum, a constant, a pattern) stays as the example has it;
whoever varies checks the whole against the plan afterwards.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mockseg.catalogue.spelling import snake_case
from mockseg.traffic.draw import Draw

if TYPE_CHECKING:
    from mockseg.json_types import Json, JsonObject
    from mockseg.traffic.pools import Pools

__all__ = ["Varying"]

# Endings of a property's name, in snake case.
_NAMED: Final = ("name", "title", "subject", "account_name")
_TOLD: Final = ("message", "feedback", "question", "text", "body", "description", "message_body")
_UUID_LENGTH: Final = 36
_PAGES: Final = (
    "dashboard", "reports", "settings", "billing", "contacts", "projects", "inbox", "import",
)  # fmt: skip
_LARGEST_FREE: Final = 100
# The names of a plan are few, and asked for again and again.
_plain: Final = lru_cache(maxsize=2048)(snake_case)
# UserGuiding's kinds of question that are answered by a number, with the largest there is.
_MOST_SCORE: Final = {
    "Star Rating": 5, "Number Rating (5)": 5, "Number Rating (10)": 10, "NPS Rating": 10,
}  # fmt: skip


class Varying:
    """Varies the examples of one event.

    Args:
        pools: names and words.
        seed: of the run.
    """

    def __init__(self, pools: Pools, *, seed: str) -> None:
        self._pools = pools
        self._seed = seed

    def body(self, example: JsonObject, schema: JsonObject, *, thing: int, turn: int) -> JsonObject:
        """Vary an object.

        Args:
            example: properties or traits; not changed.
            schema: of them.
            thing: number of the thing they speak of; its names and ids follow from it.
            turn: number of the occasion; what is not a name or an id follows from it too.
        """
        varied = {
            name: self._value(value, _sub(schema, name), name, thing, turn)
            for name, value in example.items()
        }
        if "questionType" in example:
            varied |= self._answer(example["questionType"], varied, thing, turn)
        return varied

    def _answer(self, kind: str, varied: JsonObject, thing: int, turn: int) -> JsonObject:
        """Give what depends on the kind of a question: which one it is, and how far it goes."""
        draw = Draw(self._seed, "question", kind, thing)
        made: JsonObject = {
            "questionId": draw.uuid(),
            "surveyQuestion": draw.pick(self._pools.sentences),
        }
        if kind in _MOST_SCORE:
            made["score"] = 1 + Draw(self._seed, kind, thing, turn).below(_MOST_SCORE[kind])
        return {name: value for name, value in made.items() if name in varied}

    def _value(self, value: Json, schema: JsonObject, name: str, thing: int, turn: int) -> Json:
        if isinstance(value, dict):
            return self.body(value, schema, thing=thing, turn=turn)
        if isinstance(value, list):
            items = schema.get("items")
            items = items if isinstance(items, dict) else {}
            return [self._value(item, items, name, thing + n, turn) for n, item in enumerate(value)]
        plain = _plain(name)
        if "enum" in schema and plain.endswith("score"):
            # Any of them is a possible answer, unlike a kind or a state.
            return Draw(self._seed, plain, thing, turn).pick(schema["enum"])
        if any(limit in schema for limit in ("enum", "const", "pattern", "format")):
            return value
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return self._number(value, schema, plain, thing, turn)
        return self._text(value, plain, thing, turn)

    def _number(
        self, value: float, schema: JsonObject, plain: str, thing: int, turn: int
    ) -> int | float:
        if plain.endswith("id"):
            return value + thing
        least, most = schema.get("minimum"), schema.get("maximum")
        draw = Draw(self._seed, plain, thing, turn)
        if isinstance(value, int):
            if least is not None and most is not None:
                return int(least) + draw.below(int(most) - int(least) + 1)
            return 1 + draw.below(max(2 * value, 1)) if 0 < value <= _LARGEST_FREE else value
        # Prices of one thing stay in proportion to each other.
        return round(value * (8 + thing % 32) / 16, 2)

    def _text(self, value: str, plain: str, thing: int, turn: int) -> str:
        if plain.endswith("rating"):
            return str(1 + Draw(self._seed, plain, thing, turn).below(5))
        if value.isdecimal():
            return str(int(value) + thing)
        if len(value) == _UUID_LENGTH and value.count("-") == 4:
            return Draw(self._seed, plain, thing).uuid()
        if "://" in value:
            return self._address(value, plain, thing, turn)
        if plain.endswith(_TOLD):
            sentences = self._pools.sentences
            return sentences[Draw(self._seed, plain, thing, turn).below(len(sentences))]
        if plain.endswith(_NAMED):
            return self._pools.phrases[thing % len(self._pools.phrases)]
        if plain.endswith("email"):
            first = self._pools.first_names[(thing * 7 + turn) % len(self._pools.first_names)]
            plain_first = "".join(c for c in first.lower() if c.isascii() and c.isalnum())
            return f"{plain_first or 'guest'}{thing}@example.net"
        if plain.endswith(("id", "sku")):
            stem = value.rstrip("0123456789")
            digits = value[len(stem) :]
            return f"{stem}{int(digits) + thing}" if digits else f"{value}-{thing}"
        return value

    def _address(self, value: str, plain: str, thing: int, turn: int) -> str:
        scheme, _, rest = value.partition("://")
        host = rest.partition("/")[0]
        if plain.endswith("page_url"):
            page = _PAGES[Draw(self._seed, plain, thing, turn).below(len(_PAGES))]
            return f"{scheme}://{host}/{page}"
        return f"{value.rstrip('/')}/{thing}" if thing else value


def _sub(schema: JsonObject, name: str) -> JsonObject:
    properties = schema.get("properties")
    found = properties.get(name) if isinstance(properties, dict) else None
    return found if isinstance(found, dict) else {}
