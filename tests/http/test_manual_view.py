"""The manual on the page and on the command line."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from mockseg import MockSegment
from mockseg.cli.main import run
from mockseg.manual.pages import page_names

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(name="url", scope="module")
def _url() -> Iterator[str]:
    with MockSegment() as server:
        yield f"{server.url}/_mockseg/manual/"


def get(url: str) -> str:
    """Return the document at an address."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  (our own server)
        return str(answer.read().decode())


@pytest.mark.parametrize("name", page_names())
def test_each_page_is_served_and_its_links_lead_to_pages(url: str, name: str) -> None:
    """Links to other pages lead to their addresses on the server, not to files."""
    html = get(url + name)
    article = html.split('<article class="manual">')[1].split("</article>")[0]
    links = re.findall(r'href="([^"]+)"', article)
    assert not [link for link in links if ".md" in link]
    # A head without a text is the head of nothing.
    assert "<th></th>" not in article
    named = {link.rpartition("/")[2].partition("#")[0] for link in links if link.startswith("/")}
    assert named <= set(page_names())
    assert "<h1 id=" in article


def test_a_search_lists_sections(url: str) -> None:
    """Words lead to the sections whose heading has them; what was typed is escaped."""
    assert "/_mockseg/manual/findings#no_user_anon_id" in get(url + "?q=no_user_anon_id")
    html = get(url + "?q=%3Cscript%3Exyzzy")
    assert "No section has these words" in html
    assert "<script>" not in html.split("<main")[1]


def test_an_unknown_page_is_told(url: str) -> None:
    """404 with the nearest page."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(url + "fauts")
    with caught.value as error:
        assert error.code == 404
        assert b'did you mean \\"faults\\"' in error.read()


def test_a_page_or_a_section_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal it is the Markdown; a section ends where the next one begins."""
    assert run(["manual"]) == 0
    assert "# The mockseg manual" in capsys.readouterr().out
    assert run(["manual", "findings#no_user_anon_id"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("### `no_user_anon_id`")
    assert "### `id_required`" not in printed


def test_an_unknown_topic_is_told_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and what to do."""
    assert run(["manual", "fauts"]) == 2
    assert 'did you mean "faults"?' in capsys.readouterr().err
    assert run(["manual", "findings#no_user"]) == 2
    assert 'did you mean "no_user_anon_id"?' in capsys.readouterr().err


def test_a_search_prints_commands_to_paste(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line begins with the command that shows the section; exit 0 also without any."""
    assert run(["manual", "--search", "guard"]) == 0
    assert "mockseg manual pytest#guard-against-the-real-segment" in capsys.readouterr().out
    assert run(["manual", "--search", "xyzzy"]) == 0
    found = capsys.readouterr()
    assert found.out == ""
    assert 'no section of the manual has "xyzzy"' in found.err
