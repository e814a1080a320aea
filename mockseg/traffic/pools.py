"""Names and words by faker, drawn once for a seed and a locale, and used again and again.

Faker takes tens of microseconds for one value, so it fills pools; people are put together
from them. Nothing is asked of it that depends on today's date.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mockseg.errors import ConfigError
from mockseg.extras import require
from mockseg.suggestions import unknown

if TYPE_CHECKING:
    from faker import Faker

__all__ = ["Pools", "faker_release", "pools_of"]

# What needs Faker, for the person who has to install it.
_USER: Final = "synthetic traffic"
_NAMES: Final = 240
_WORDS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """What people and things are called in a locale.

    Attributes:
        first_names, last_names: of people.
        companies, jobs, cities, streets, postcodes: as they say.
        phrases: what a thing or an article may be called.
        sentences: what people write.
    """

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    companies: tuple[str, ...]
    jobs: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    postcodes: tuple[str, ...]
    phrases: tuple[str, ...]
    sentences: tuple[str, ...]


@lru_cache(maxsize=16)
def pools_of(seed: str, locale: str) -> Pools:
    """Fill the pools of a seed and a locale.

    Raises:
        ConfigError: Faker does not know the locale.
        MissingExtraError: Faker is not installed.
    """
    faker = _faker(locale)
    faker.seed_instance(f"{seed}/{locale}")

    def made(word: str, count: int) -> tuple[str, ...]:
        make = getattr(faker, word)
        return tuple(str(make()).replace("\n", ", ") for _ in range(count))

    return Pools(
        first_names=made("first_name", _NAMES),
        last_names=made("last_name", _NAMES),
        companies=made("company", _WORDS),
        jobs=made("job", _WORDS),
        cities=made("city", _WORDS),
        streets=made("street_address", _WORDS),
        postcodes=made("postcode", _WORDS),
        phrases=made("catch_phrase" if hasattr(faker, "catch_phrase") else "bs", _WORDS),
        sentences=made("sentence", _WORDS),
    )


def faker_release() -> str:
    """Return the release of Faker, on which names depend.

    Raises:
        MissingExtraError: it is not installed.
    """
    require("faker", user=_USER)
    from faker import VERSION

    return str(VERSION)


def _faker(locale: str) -> Faker:
    require("faker", user=_USER)
    from faker import Faker
    from faker.config import AVAILABLE_LOCALES

    if locale not in AVAILABLE_LOCALES:
        common = ("en_US", "de_DE", "ja_JP")
        names = dict.fromkeys((*common, *sorted(AVAILABLE_LOCALES)))
        raise ConfigError(unknown("locale", locale, names, see="the documentation of Faker"))
    return Faker(locale)
