"""Templates: from values to HTML, everything escaped."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockseg.domain.findings import Discard
from mockseg.printable import printable_lines

if TYPE_CHECKING:
    from jinja2 import Environment

    from mockseg.domain.findings import Finding


_SHORT = 200
_LONG = 100_000


@dataclasses.dataclass(frozen=True, slots=True)
class Renderer:
    """The templates, read.

    Attributes:
        style: the style sheet.
    """

    style: str
    _environment: Environment

    def render(self, template: str, **values: Any) -> str:
        """Fill in a template."""
        return self._environment.get_template(template).render(values)


@lru_cache(maxsize=1)
def load() -> Renderer:
    """Read and compile all templates, once; slow, and it reads files: not for the event loop."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = Path(__file__).with_name("templates")
    sources = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.html")}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        auto_reload=False,
        finalize=_printable,
    )
    environment.filters.update({"short": _short, "long": _long, "in_words": in_words})
    for name in sources:
        environment.get_template(name)
    return Renderer((folder / "page.css").read_text(encoding="utf-8"), environment)


def _printable(value: Any) -> Any:
    """Escape in every value what would reorder a line or cannot be seen; jinja escapes the rest."""
    return printable_lines(value) if type(value) is str else value


def in_words(finding: Finding) -> str:
    """Say a finding in one line: where, why, and by whose word."""
    place = f"{finding.field}: " if finding.field else ""
    if isinstance(finding, Discard):
        whose = "Segment" if finding.origin == "segment" else "mockseg's own name for it"
        return f"{place}{finding.description} ({finding.code}, {whose})"
    plan = f", plan {finding.plan}" if finding.plan else ""
    return f"{place}{finding.description} ({finding.type}{plan})"


def _short(text: object) -> str:
    whole = str(text)
    return whole if len(whole) <= _SHORT else whole[:_SHORT] + "…"


def _long(text: str) -> str:
    if len(text) <= _LONG:
        return text
    return f"{text[:_LONG]}\n… and {len(text) - _LONG} characters more"
