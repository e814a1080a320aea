"""Values as people have them: names, addresses, titles; by faker, from a drawn seed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from mockseg.catalogue.spelling import snake_case
from mockseg.extras import require
from mockseg.schemas.formats import MOMENT, date_times
from mockseg.strategies.chooser import PLAIN, PlainChooser, coded_text
from mockseg.strategies.classes import Values, unclassed

if TYPE_CHECKING:
    from faker import Faker


# The ending of a property's name in snake case -> faker's word for such values.
_BY_ENDING: Final = (
    ("email", "email"),
    ("first_name", "first_name"),
    ("last_name", "last_name"),
    ("user_name", "user_name"),
    ("username", "user_name"),
    ("company", "company"),
    ("phone", "phone_number"),
    ("city", "city"),
    ("country", "country"),
    ("postal_code", "postcode"),
    ("street", "street_address"),
    ("url", "url"),
    ("website", "url"),
    ("referrer", "url"),
    ("avatar", "image_url"),
    ("path", "uri_path"),
    ("currency", "currency_code"),
    ("locale", "locale"),
    ("timezone", "timezone"),
    ("ip", "ipv4"),
    ("user_agent", "user_agent"),
    ("color", "color_name"),
    ("birthday", "date"),
    ("date", "date"),
    ("title", "sentence"),
    ("description", "sentence"),
    ("feedback", "sentence"),
    ("question", "sentence"),
    ("text", "sentence"),
    ("message", "sentence"),
    ("account_name", "company"),
    ("company_name", "company"),
    ("full_name", "name"),
    ("person_name", "name"),
    # Traits are those of a person, where they are not a group's.
    ("traits_name", "name"),
    # Anything else that has a name is a thing: a guide, a survey, a product, a page.
    ("name", "catch_phrase"),
    ("id", "uuid4"),
)
# UserGuiding's emoji scores, in the order of its document, and how many answers a question takes.
_EMOJI_SCORES: Final = (
    "Positive", "Slightly Positive", "Neutral", "Slightly Negative", "Negative",
)  # fmt: skip
_MOST_ANSWERS: Final = 4
_BY_FORMAT: Final = {
    "email": "email",
    "uri": "url",
    "hostname": "domain_name",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
    "uuid": "uuid4",
    "date": "date",
    "time": None,
}
_SEEDS: Final = st.integers(0, 2**32 - 1)
# 2024-01-01 to 2026-12-31, in days from 2000-01-01.
_LATELY: Final = coded_text(date_times(8766, 9861))


class RealisticChooser(PlainChooser):
    """Values as people have them.

    Args:
        traits_name: faker's word for the ``name`` of traits.
    """

    named = True

    def __init__(self, traits_name: str = "name") -> None:
        self._traits_name = traits_name

    def text(self, name: str, least: int, most: int | None) -> Values:
        plain = snake_case(name)
        word = next((w for end, w in _BY_ENDING if plain == end or plain.endswith(f"_{end}")), None)
        if plain == "emoji_score" and not least and most is None:
            return self.among(list(_EMOJI_SCORES))
        if name in {"userId", "anonymousId", "groupId", "previousId"}:
            word = "uuid4"
        elif plain == "traits_name":
            word = self._traits_name
        elif plain == "choices":
            word = _ANSWERS
        word = word or "word"

        def made(seed: int) -> str:
            text = _faked(word, seed).ljust(least, "x")
            return text if most is None else text[:most]

        return unclassed(_SEEDS.map(made))

    def formatted(self, kind: str, name: str, least: int, most: int | None) -> Values | None:
        if kind in {MOMENT, "date-time"} and least <= 20 and (most is None or most >= 35):
            return _LATELY
        word = _BY_FORMAT.get(kind)
        if word is None or least or most is not None:
            return super().formatted(kind, name, least, most)
        return unclassed(_SEEDS.map(lambda seed: _faked(word, seed)))

    def whole(self, least: int | None, most: int | None) -> Values:
        if least is None and most is None:
            least, most = 0, 1000
        return super().whole(least, most)

    def fraction(
        self, least: float | None, most: float | None, *, above: bool, below: bool
    ) -> Values:
        if least is None and most is None:
            return unclassed(st.integers(0, 100_000).map(lambda cents: cents / 100))
        return super().fraction(least, most, above=above, below=below)

    def anything(self) -> Values:
        words = _SEEDS.map(lambda seed: _faked("word", seed))
        return unclassed(st.one_of(words, st.integers(0, 100)))

    def names(self) -> Values:
        return unclassed(_SEEDS.map(lambda seed: _faked("word", seed)))


@cache
def _faker() -> Faker:
    from faker import Faker

    return Faker("en_US")


# Not a word of faker: several words, as a question with several choices is answered.
_ANSWERS: Final = "answers"


def _faked(word: str, seed: int) -> str:
    faker = _faker()
    faker.seed_instance(seed)
    if word == _ANSWERS:
        words = faker.words(1 + seed % _MOST_ANSWERS, unique=True)
        return ",".join(each.capitalize() for each in words)
    return str(getattr(faker, word)())


REALISTIC: Final = RealisticChooser()
_OF_GROUP: Final = RealisticChooser("company")


def palette_of(type: str = "", *, realistic: bool) -> PlainChooser:  # noqa: A002  # the word of the Spec
    """Return the chooser that values are drawn from.

    Args:
        type: of the call; the traits of a group are a company's.
        realistic: whether values are as people have them.

    Raises:
        MissingExtraError: realistic values need Faker, and it is not installed.
    """
    if not realistic:
        return PLAIN
    require("faker", user="realistic=True")
    return _OF_GROUP if type.lower() == "group" else REALISTIC
