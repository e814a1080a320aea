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
        own_text: the same without lower headings and what is below them.
    """

    title: str
    anchor: str
    level: int
    text: str
    own_text: str


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
    """A section that has all words of a search.

    Attributes:
        page: its page.
        section: it.
        line: the first line of its text that has one of the words; empty where the heading has all.
    """

    page: Page
    section: Section
    line: str = ""

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
    """Return the sections that have each word: in their heading first, then in their own text."""
    wanted = words.casefold().split()
    if not wanted:
        return []
    found: list[list[Found]] = [[], []]
    for each in _pages().values():
        for section in each.sections:
            title, text = section.title.casefold(), section.own_text
            if all(word in title for word in wanted):
                found[0].append(Found(each, section))
            elif all(word in f"{each.title}\n{text}".casefold() for word in wanted):
                lines = text.splitlines()
                has = (line for line in lines if any(word in line.casefold() for word in wanted))
                found[1].append(Found(each, section, next(has, "").strip()))
    return [*found[0], *found[1]]


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
        following = headings[place + 1 :]
        end = next((at for at, other, _ in following if other <= level), len(lines))
        own_end = following[0][0] if following else len(lines)
        text, own_text = "".join(lines[line:end]), "".join(lines[line:own_end])
        yield Section(title, anchor_of(title), level, text, own_text)


def _headings(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield line, level and title of each heading; lines of a block are not headings."""
    fenced = False
    for number, line in enumerate(lines):
        if line.startswith(_FENCE):
            fenced = not fenced
        elif not fenced and (found := _HEADING.fullmatch(line.rstrip("\n"))):
            yield number, len(found[1]), found[2]
