"""The pages of the manual: which there are, what is in each, and where a word is explained.

``index.md`` is the one list of pages: its links name them and give their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

INDEX: Final = "index"
_FOLDER: Final = Path(__file__).parent
_LINK: Final = re.compile(r"\(([a-z-]+)\.md\)")
_HEADING: Final = re.compile(r"(#{1,4}) (.+)")
_FENCE: Final = "```"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a page, with what is below it.

    Attributes:
        title: the heading as Markdown, without its number signs.
        anchor: its name in an address, as code hosts make it.
        level: 1 to 4.
        text: Markdown, the heading and all that belongs to it, lower headings too.
    """

    title: str
    anchor: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the manual.

    Attributes:
        name: of its file, without ``.md``.
        title: its first heading.
        text: Markdown.
        sections: in their order; the first one is the whole page.
    """

    name: str
    title: str
    text: str
    sections: tuple[Section, ...]

    def section(self, anchor: str) -> Section | None:
        """Return the section with this anchor, or None."""
        return next((each for each in self.sections if each.anchor == anchor), None)


@dataclass(frozen=True, slots=True)
class Found:
    """A section whose heading has all words of a search."""

    page: Page
    section: Section

    @property
    def address(self) -> str:
        """What ``mockseg manual`` takes: ``findings#no_user_anon_id``, or the page alone."""
        whole = self.section is self.page.sections[0]
        return self.page.name if whole else f"{self.page.name}#{self.section.anchor}"


def page_names() -> tuple[str, ...]:
    """Return the names of all pages in the order of the index, which is the first."""
    return tuple(_pages())


def page(name: str) -> Page | None:
    """Return the page of this name, or None."""
    return _pages().get(name)


def search(words: str) -> list[Found]:
    """Return the sections whose title, or whose page's title, has each word; titles first."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    found = [
        (found, f"{found.page.title} {found.section.title}".casefold())
        for each in _pages().values()
        for found in (Found(each, section) for section in each.sections)
    ]
    return sorted(
        (each for each, text in found if all(word in text for word in wanted)),
        key=lambda each: not all(word in each.section.title.casefold() for word in wanted),
    )


def anchor_of(title: str) -> str:
    """Return the anchor of a heading, as code hosts make it: ``#what-it-costs``."""
    words = re.sub(r"[^\w\- ]", "", title.casefold())
    return words.replace(" ", "-")


@lru_cache(maxsize=1)
def _pages() -> dict[str, Page]:
    """Read all pages, once. Reads files: not for the event loop."""
    index = (_FOLDER / f"{INDEX}.md").read_text("utf-8")
    names = dict.fromkeys((INDEX, *_LINK.findall(index)))
    texts = {name: (_FOLDER / f"{name}.md").read_text("utf-8") for name in names}
    return {name: _page(name, text) for name, text in texts.items()}


def _page(name: str, text: str) -> Page:
    sections = tuple(_sections(text))
    return Page(name=name, title=sections[0].title, text=text, sections=sections)


def _sections(text: str) -> Iterator[Section]:
    lines = text.splitlines(keepends=True)
    headings = list(_headings(lines))
    for place, (line, level, title) in enumerate(headings):
        following = (at for at, other, _ in headings[place + 1 :] if other <= level)
        end = next(following, len(lines))
        yield Section(title, anchor_of(title), level, "".join(lines[line:end]))


def _headings(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield line, level and title of each heading; lines of a block are not headings."""
    fenced = False
    for number, line in enumerate(lines):
        if line.startswith(_FENCE):
            fenced = not fenced
        elif not fenced and (found := _HEADING.fullmatch(line.rstrip("\n"))):
            yield number, len(found[1]), found[2]
