from __future__ import annotations

import click

from mockseg.cli.output import note, say, say_markdown
from mockseg.cli.value_completion import Text
from mockseg.errors import ConfigError
from mockseg.manual.pages import INDEX, Page, page, page_names, search
from mockseg.suggestions import unknown


@click.command(name="manual")
@click.argument("topic", default=INDEX, type=Text(page_names))
@click.option(
    "--search",
    "words",
    metavar="WORDS",
    help="List the sections that have these words, headings first.",
)
def command(*, topic: str, words: str | None) -> None:
    """Read the manual: a page, or a part of it.

    TOPIC is a page such as `faults`, or a section such as `findings#no_user_anon_id`; without
    it, the list of pages. `mockseg manual --search retry` finds sections.
    """
    if words is not None:
        _list_found(words)
        return
    name, _, anchor = topic.removesuffix(".md").partition("#")
    found = page(name)
    if found is None:
        raise ConfigError(
            unknown("page of the manual", name, page_names(), see="mockseg manual")
            + f' To look for a word: mockseg manual --search "{name}".'
        )
    say_markdown(_section(found, anchor) if anchor else found.text)


def _section(found: Page, anchor: str) -> str:
    section = found.section(anchor)
    if section is None:
        anchors = [each.anchor for each in found.sections]
        raise ConfigError(
            unknown(
                f'section of the page "{found.name}"',
                anchor,
                anchors,
                see=f"mockseg manual {found.name}",
            )
        )
    return section.text


def _list_found(words: str) -> None:
    found = search(words)
    for each in found:
        line = f": {each.line}" if each.line else ""
        say(f"mockseg manual {each.address}", f"  {each.section.title}{line}")
    if not found:
        note(f'no section of the manual has "{words}"; mockseg manual lists the pages')
