"""The page: readable, whole, and everything in it escaped."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from mockseg.operations.table import PREFIX
from mockseg.printable import printable_lines
from mockseg.web.page.static_files import address

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</pre></td><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7*7 }}{% raw %}",
    "\u202e\u2066bidi\x00\x07",
    "&lt;script&gt;",
]
ELEMENTS = {
    *("html", "head", "meta", "title", "link", "body", "header", "main", "footer", "a", "span"),
    *(
        "form",
        "label",
        "input",
        "button",
        "h1",
        "h2",
        "h3",
        "dl",
        "div",
        "dt",
        "dd",
        "table",
        "thead",
    ),
    *("tbody", "tr", "th", "td", "time", "p", "ul", "li", "pre", "code", "q", "select", "option"),
    *("script", "dialog", "nav", "datalist", "iframe", "svg", "rect", "line", "section", "details"),
    *(
        "summary",
        "small",
        "strong",
        "kbd",
        "em",
        "ol",
        "meter",
        "base",
        "textarea",
        "fieldset",
        "legend",
    ),
}
ATTRIBUTES = {
    *("lang", "charset", "name", "content", "rel", "href", "class", "method", "action", "value"),
    *("required", "maxlength", "autocomplete", "datetime", "scope", "id", "type", "size"),
    *("placeholder", "inputmode", "role", "selected", "aria-invalid", "aria-describedby"),
    *(
        "src",
        "hidden",
        "data-after",
        "data-rows",
        "blocking",
        "data-count",
        "data-now",
        "data-of",
        "aria-pressed",
        "aria-labelledby",
    ),
    *("aria-label", "aria-current", "aria-keyshortcuts", "list", "tabindex", "open", "target"),
    "title",
    *("label", "spellcheck", "checked", "rows", "readonly", "disabled", "formnovalidate", "for"),
    *("data-action", "data-copy", "data-copy-of", "aria-multiselectable"),
    *("data-values", "data-column", "data-paused", "data-quick", "data-usual"),
    *("data-version", "data-run", "data-start", "data-length", "data-good", "data-bad"),
    *(
        "data-q",
        "data-end",
        "data-told",
        "data-words",
        "data-key",
        "data-tab",
        "data-shown",
        "data-follows",
        "data-term",
    ),
    *("aria-orientation", "aria-controls", "aria-valuenow"),
    *("x1", "x2", "y1", "y2", "download"),
    *("viewbox", "preserveaspectratio", "x", "y", "width", "height", "min", "max"),
}


class Seen(HTMLParser):
    """Notes which elements, attributes and texts a page has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str | None] = []
        # Where forms are posted to.
        self.posted: list[str | None] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        values = dict(attrs)
        is_posted = values.get("method") == "post"
        self.links += [values[name] for name in ("href", "src") if name in values]
        if "action" in values:
            (self.posted if is_posted else self.links).append(values["action"])

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)

    @property
    def text(self) -> str:
        """Give all texts, with single blanks."""
        return re.sub(r"\s+", " ", " ".join(self.texts))


async def page(client: Any, path: str = "/_mockseg/") -> str:
    """Fetch a page as a reader would."""
    answer = await client.get(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return str(await answer.text())


def assert_tame(html: str) -> Seen:
    """Assert that a page has our elements, attributes and links, and no others."""
    seen = Seen(html)
    assert seen.elements <= ELEMENTS
    assert seen.attributes <= ATTRIBUTES
    assert [
        link for link in seen.links + seen.posted if not str(link).startswith(("/_mockseg/", "#"))
    ] == []
    assert html == printable_lines(html)
    return seen


async def test_an_empty_server_says_how_to_begin(client: Any) -> None:
    """Without any call the page shows a line for each SDK, with this server's address."""
    text = assert_tame(await page(client)).text
    host, port = client.address
    assert "Waiting for the first call" in text
    assert f'analytics.write_key, analytics.host = "YOUR_WRITE_KEY", "http://{host}:{port}"' in text


async def test_refused_requests_stand_with_their_reason(client: Any, exchange: Any) -> None:
    """A wrong path, and what is not HTTP; and nothing asks whether anything was sent."""
    for _ in range(2):
        await client.post("/v1/v1/t", json={"writeKey": "k1"})
    await exchange(client, b"\x16\x03\x01\r\n\r\n")
    text = assert_tame(await page(client)).text
    assert "No call was recorded: 3 requests were refused." in text
    assert "Waiting for the first call" not in text
    for expected in ("POST /v1/v1/t", "/v1 is doubled", "(not HTTP)", "TLS on the port for plain"):
        assert expected in text


async def test_a_call_stands_with_its_verdict_and_findings(client: Any) -> None:
    """A row has source, type, event, user, verdict and the findings in words."""
    message = {"writeKey": "k1", "userId": "u1", "event": "Signed Up", "properties": []}
    await client.post("/v1/track", json=message)
    text = Seen(await page(client)).text
    for expected in ("k1", "track", "Signed Up", "u1", "dropped", "properties_not_object"):
        assert expected in text


async def test_one_call_is_shown_whole(client: Any) -> None:
    """A call's page has message, raw, findings and its request with headers and answer."""
    message = {"writeKey": "k1", "event": "Signed Up", "properties": {"plan": "pro"}}
    await client.post("/v1/track", json=message, headers={"X-Trace": "trace-7"})
    seen = assert_tame(await page(client, "/_mockseg/calls/call-1"))
    for expected in (
        '"plan": "pro"',
        'plan "pro"',
        "receivedAt",
        '"writeKey": "k1"',
        "no_user_anon_id",
        "POST /v1/track",
        "X-Trace",
        "trace-7",
        '{"success":true}',
    ):
        assert expected in seen.text


@pytest.mark.parametrize("attack", ATTACKS)
async def test_every_field_is_escaped(client: Any, attack: str) -> None:
    """Whatever stands in any field of a call or its request, the page has no other elements."""
    message = {
        "writeKey": attack,
        "type": attack,
        "event": attack,
        "name": attack,
        "userId": attack,
        "anonymousId": attack,
        "messageId": attack,
        attack: attack,
        "properties": {attack: [attack]},
        "context": {"consent": {"categoryPreferences": {attack: attack}}},
    }
    header = "".join(char for char in attack if " " <= char <= "~")
    headers = {"X-Attack": header, "User-Agent": header, "Referer": header}
    path = f"/v1/batch?{quote(attack)}={quote(attack)}"
    await client.post(
        path, json={"batch": [message, {**message, "type": "track"}]}, headers=headers
    )
    await client.post("/v1/track", json={**message, "event": attack, "userId": 7})
    await client.post("/v1/page", json={**message, "type": "page", "userId": None})
    await client.post("/v1/alias", data=attack.encode(), headers=headers)
    overview = assert_tame(await page(client))
    assert_tame(await page(client, f"/_mockseg/?source={quote(attack)}"))
    for number in (1, 2, 3, 4):
        assert_tame(await page(client, f"/_mockseg/calls/call-{number}"))
    assert " ".join(printable_lines(attack).split()) in overview.text


async def test_bytes_that_are_no_text_do_not_break_the_page(client: Any) -> None:
    """Lone surrogates and broken UTF-8 are shown as something."""
    body = b'{"writeKey":"k\xff","userId":"\\ud800","event":"\xc3("}'
    await client.post("/v1/track?\xff", data=body, headers={"X": "\udcff"})
    assert_tame(await page(client))
    assert_tame(await page(client, "/_mockseg/calls/call-1"))


async def test_the_page_filters_by_source(client: Any) -> None:
    """``?source=`` shows one source's calls and counts only."""
    for key in ("mine", "theirs"):
        await client.post("/v1/track", json={"writeKey": key, "userId": "u", "event": f"of {key}"})
    text = Seen(await page(client, "/_mockseg/?source=mine")).text
    assert "of mine" in text
    assert "of theirs" not in text


async def test_only_the_last_hundred_calls_are_rendered(client: Any) -> None:
    """The newest hundred stand first to last; what else there is is counted."""
    batch = [{"type": "track", "userId": "u", "event": f"e-{n:04}-"} for n in range(250)]
    await client.post("/v1/batch", json={"writeKey": "k", "batch": batch})
    html = await page(client)
    table = html.partition("<table>")[2].partition("</table>")[0]
    assert re.findall(r"e-([0-9]{4})-", table) == [f"{n:04}" for n in range(249, 149, -1)]
    assert "The last 100 of 250 calls" in Seen(html).text


async def test_long_values_are_cut_on_the_overview(client: Any) -> None:
    """A name of 30,000 characters does not make a page of three megabytes."""
    message = {"writeKey": "k", "userId": "u", "event": "e" * 30_000}
    await client.post("/v1/track", json=message)
    assert len(await page(client)) < 60_000
    assert "e" * 30_000 in await page(client, "/_mockseg/calls/call-1")


async def test_a_page_may_load_its_own_style_and_scripts_and_nothing_else(client: Any) -> None:
    """Scripts come from one folder, no text becomes markup; each view has that of the colours."""
    answer = await client.get("/_mockseg/")
    host, port = client.address
    assert answer.headers["Content-Security-Policy"] == (
        f"default-src 'none'; script-src http://{host}:{port}/_mockseg/static/;"
        f" style-src http://{host}:{port}/_mockseg/static/;"
        f" img-src http://{host}:{port}/_mockseg/static/; connect-src 'self';"
        f" frame-src http://{host}:{port}/_mockseg/calls/; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script';"
        " trusted-types 'none'"
    )
    html = await answer.text()
    assert html.count("<script") == 2
    assert f'<script src="{address("theme.js")}"></script>' in html
    # Nothing is laid out before it ran: the list takes the place of the table.
    script = f'<script type="module" blocking="render" src="{address("calls.js")}"></script>'
    assert script in html
    assert "style=" not in html
    assert 'http-equiv="refresh"' not in html
    assert (await page(client, "/_mockseg/?before=1")).count("<script") == 2


async def test_a_script_is_kept_for_good(client: Any) -> None:
    """Browsers do not ask again: another version of mockseg has another address for it."""
    answer = await client.get(address("calls.js"))
    assert (answer.status, answer.content_type) == (200, "text/javascript")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert b"import" in await answer.read()
    html = await page(client)
    assert set(re.findall(r'"(/_mockseg/static/[^"]+)"', html)) >= {
        address(name) for name in ("page.css", "theme.js", "calls.js", "rows.js")
    }


async def test_an_unknown_script_is_404(client: Any) -> None:
    """Only the page's own are served, from one folder, and only those of this version."""
    # The files are read by the first view, and not by the event loop.
    await page(client)
    folder = address("")
    for path in (
        *(f"{folder}none.js", f"{folder}..%2Fapp.py", f"{folder}__init__.py"),
        "/_mockseg/static/0123456789abcdef/calls.js",
    ):
        answer = await client.get(path)
        assert answer.status == 404
        error = (await answer.json())["error"]
        assert error["code"] == "unknown_file"
        assert address("calls.js").removeprefix("/_mockseg/static/") in error["details"]["allowed"]


async def test_the_style_sheet_is_css(client: Any) -> None:
    """The page's own style is served, with a dark side."""
    answer = await client.get(address("page.css"))
    assert (answer.status, answer.content_type) == (200, "text/css")
    assert "light-dark(" in await answer.text()


async def test_the_root_leads_to_the_page(client: Any) -> None:
    """``/_mockseg`` redirects to ``/_mockseg/``."""
    answer = await client.get("/_mockseg", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (308, "/_mockseg/")


@pytest.mark.parametrize("id_", ["call-2", "call-", "call-" + "9" * 5000, "1x", "call-٣", "%00"])
async def test_a_call_that_is_not_kept_is_404(client: Any, id_: str) -> None:
    """An id that nothing has is a clear refusal."""
    await client.post("/v1/track", json={"writeKey": "k", "userId": "u", "event": "e"})
    answer = await client.get(f"/_mockseg/calls/{id_}")
    assert answer.status == 404
    assert (await answer.json())["error"]["code"] == "unknown_call"


async def test_unknown_parameters_are_ignored_with_a_notice(client: Any) -> None:
    """Whoever asks; an address that a mail program made longer leads to the view."""
    for path in ("", "help", "sources", "requests", "plans", "truth", "deliveries", "manual/"):
        answer = await client.get(f"/_mockseg/{path}?sorce=k&utm=1&utm=2")
        assert (answer.status, answer.content_type) == (200, "text/html")
        text = assert_tame(await answer.text()).text if path != "manual/" else await answer.text()
        assert 'ignored here: "sorce"' in unescape(text)
    text = await page(client, "/_mockseg/?sorce=k")
    assert "did you mean &#34;source&#34;?" in text
    assert "ignored here" not in await page(client, "/_mockseg/?source=k")
    many = "&".join(f"p{number}=1" for number in range(9))
    assert ", and 4 more" in await page(client, f"/_mockseg/?{many}")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("?from=yesterday", "from"),
        ("?to=20:18", "to"),
        ("?column=0", "column"),
        ("?plain=maybe", "plain"),
        ("?q=a&q=b", "q"),
        ("calls/call-1?tab=mesage", "tab"),
        ("calls.ndjson?from=x", "from"),
        ("calls.ndjson?sorce=k", "sorce"),
        ("timeline?from=x", "from"),
    ],
)
async def test_a_wrong_value_of_an_address_is_422(client: Any, path: str, named: str) -> None:
    """It names the parameter: another view than the one that was meant helps nobody."""
    await client.post("/v1/track", json={"writeKey": "k", "userId": "u", "event": "e"})
    answer = await client.get(f"/_mockseg/{path}")
    assert answer.status == 422
    error = (await answer.json())["error"]
    assert named in error["message"]
    assert error["details"]["parameter"] == named


@pytest.fixture(name="filled")
async def _filled(client: Any) -> Any:
    """A client of a server with 250 calls, two of them bad."""
    batch = [
        {
            "type": "track",
            "userId": f"u{number}",
            "event": f"E{number}",
            "properties": {"n": number},
        }
        for number in range(248)
    ]
    batch += [{"type": "track", "userId": "u1"}, {"type": "page"}]
    async with client.post("/v1/batch", json={"writeKey": "k", "batch": batch}) as answer:
        assert answer.status == 200
    return client


async def test_the_page_finds_calls_by_a_query(filled: Any) -> None:
    """With the query in its address, how many match, and the properties of each."""
    html = await page(filled, "/_mockseg/?q=properties.n:>=245+-is:bad")
    seen = assert_tame(html)
    assert "3 of 3 calls that match" in seen.text
    assert [f"n={number}" in seen.texts for number in (244, 245, 246, 247)] == [False, *[True] * 3]
    assert 'value="properties.n:&gt;=245 -is:bad"' in html
    assert "/_mockseg/" in seen.links
    assert "None of 250 calls matches." in (await page(filled, "/_mockseg/?q=event:none"))


async def test_the_page_goes_back_in_time(filled: Any) -> None:
    """A link leads to older calls, for as long as there are some, with source and query."""
    path, found = "/_mockseg/?source=k&q=type:track", []
    while path:
        seen = Seen(await page(filled, path))
        assert "calls that match" in seen.text
        found += [link for link in seen.links if str(link).startswith("/_mockseg/calls/")]
        older = [str(link) for link in seen.links if "before=" in str(link)]
        # Of a page in between "newer" goes before "older"; from the second on it leads to the top.
        assert len(older) <= 2
        last = min(map(int, re.findall(r"calls/call-([0-9]+)", str(found))))
        path = next((each for each in older if each.partition("#")[0].endswith(f"={last}")), "")
    assert found == [f"/_mockseg/calls/call-{cursor}" for cursor in range(249, 0, -1)]
    assert "No earlier call is kept" in await page(filled, "/_mockseg/?before=1")


async def test_a_call_is_shown_as_text_for_elsewhere(filled: Any) -> None:
    """The same that GET /calls/{id}/copy returns, with this server's address."""
    text = assert_tame(await page(filled, "/_mockseg/calls/call-1")).text
    host, port = filled.address
    assert 'segment.assert_called(track("E0", user_id="u0", properties={"n": 0}), times=1)' in text
    assert f"curl -s http://{host}:{port}/v1/batch -u k:" in text
    assert '"match": { "source": "k"' in text


async def test_what_is_wrong_with_a_query_stands_beside_it(filled: Any) -> None:
    """With the nearest word, everything else of the page, and nothing run of what was typed."""
    for query, sentence in (
        ("usr:u1", 'unknown key "usr:"; did you mean "user:"?'),
        ("%3Cscript%3E:\u202e", 'unknown key "<script>:"'),
    ):
        answer = await filled.get(f"/_mockseg/?q={query}")
        assert answer.status == 422
        seen = assert_tame(await answer.text())
        assert sentence in seen.text
        assert "Find calls" in seen.text
        assert "aria-invalid" in seen.attributes


def is_changed(address: str) -> bool:
    """Whether an address names a part of the calls, or another form of the list."""
    return any(f"{name}=" in address for name in ("q", "from", "column", "plain", "tab"))


async def test_links_of_the_page_lead_somewhere(client: Any) -> None:
    """Every link of every view, of a call and of a request answers 200; no form is one."""
    await client.post("/_mockseg/v1/sources", json={"writeKey": "a/b?c&d", "catalogue": ["b2b"]})
    how = {"type": "userengage", "source": "a/b?c&d"}
    await client.post("/_mockseg/v1/destinations", json=how)
    for event in ("e", "Signed Up"):
        message = {"writeKey": "a/b?c&d", "userId": "u", "event": event}
        await client.post("/v1/track", json=message)
    seen: dict[str, int] = {}
    open_ = ["/_mockseg/", "/_mockseg/calls/call-1"]
    while open_:
        path = open_.pop()
        answer = await client.get(path)
        seen[path] = answer.status
        if answer.content_type == "text/html":
            html = await answer.text()
            # The manual is ours, and leads to other sites too.
            of_manual = path.startswith("/_mockseg/manual")
            found = (Seen if of_manual else assert_tame)(html).links
            found = [link for link in found if not str(link).startswith("https://")]
            links = {str(link).partition("#")[0] for link in found} - {""}
            # A view can always be changed further: the first change of each kind is enough.
            links = {link for link in links if not (is_changed(path) and is_changed(link))}
            open_ += sorted(links - seen.keys() - set(open_))
    assert set(seen.values()) == {200}, {path for path, status in seen.items() if status != 200}
    for path in (
        "requests/req-1",
        "destinations/userengage-1",
        "plans",
        "truth",
        "deliveries",
        "help",
    ):
        assert f"/_mockseg/{path}" in {address.partition("?")[0] for address in seen}
    assert f"{PREFIX}/requests/req-1" in seen
