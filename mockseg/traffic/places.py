"""What goes with a locale: where its people live, what they speak, what time it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["Place", "place_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """A country.

    Attributes:
        country: its name.
        time_zone: as IANA names it; the one that most people there live in.
        offset_minutes: of its standard time from UTC.
        currency: ISO 4217.
    """

    country: str
    time_zone: str
    offset_minutes: int
    currency: str


_PLACES: Final = {
    "AT": Place("Austria", "Europe/Vienna", 60, "EUR"),
    "AU": Place("Australia", "Australia/Sydney", 600, "AUD"),
    "BE": Place("Belgium", "Europe/Brussels", 60, "EUR"),
    "BR": Place("Brazil", "America/Sao_Paulo", -180, "BRL"),
    "CA": Place("Canada", "America/Toronto", -300, "CAD"),
    "CH": Place("Switzerland", "Europe/Zurich", 60, "CHF"),
    "CN": Place("China", "Asia/Shanghai", 480, "CNY"),
    "CZ": Place("Czechia", "Europe/Prague", 60, "CZK"),
    "DE": Place("Germany", "Europe/Berlin", 60, "EUR"),
    "DK": Place("Denmark", "Europe/Copenhagen", 60, "DKK"),
    "ES": Place("Spain", "Europe/Madrid", 60, "EUR"),
    "FI": Place("Finland", "Europe/Helsinki", 120, "EUR"),
    "FR": Place("France", "Europe/Paris", 60, "EUR"),
    "GB": Place("United Kingdom", "Europe/London", 0, "GBP"),
    "GR": Place("Greece", "Europe/Athens", 120, "EUR"),
    "IE": Place("Ireland", "Europe/Dublin", 0, "EUR"),
    "IN": Place("India", "Asia/Kolkata", 330, "INR"),
    "IT": Place("Italy", "Europe/Rome", 60, "EUR"),
    "JP": Place("Japan", "Asia/Tokyo", 540, "JPY"),
    "KR": Place("South Korea", "Asia/Seoul", 540, "KRW"),
    "MX": Place("Mexico", "America/Mexico_City", -360, "MXN"),
    "NL": Place("Netherlands", "Europe/Amsterdam", 60, "EUR"),
    "NO": Place("Norway", "Europe/Oslo", 60, "NOK"),
    "NZ": Place("New Zealand", "Pacific/Auckland", 720, "NZD"),
    "PL": Place("Poland", "Europe/Warsaw", 60, "PLN"),
    "PT": Place("Portugal", "Europe/Lisbon", 0, "EUR"),
    "SE": Place("Sweden", "Europe/Stockholm", 60, "SEK"),
    "TR": Place("Türkiye", "Europe/Istanbul", 180, "TRY"),
    "UA": Place("Ukraine", "Europe/Kyiv", 120, "UAH"),
    "US": Place("United States", "America/New_York", -300, "USD"),
}
_ELSEWHERE: Final = Place("Elsewhere", "Etc/UTC", 0, "USD")


def place_of(locale: str) -> Place:
    """Give the place of a locale such as ``de_DE``; one that is not in the table is in UTC."""
    return _PLACES.get(locale.rpartition("_")[2].upper(), _ELSEWHERE)
