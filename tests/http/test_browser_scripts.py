"""The scripts that a page loads: your copy of analytics.js with its parts, and stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPT_PATHS = [
    "/analytics.js/v1/k-1/analytics.min.js",
    "/analytics.js/v1/k-1/platform/analytics.min.js",
]


@pytest.mark.parametrize("path", SCRIPT_PATHS)
async def test_there_is_no_script_of_ours(client, path):
    """404 says how to serve a copy, and is recorded under the key."""
    async with client.get(path) as answer:
        assert answer.status == 404
        assert "--analytics-js" in (await answer.json())["message"]
    assert [request.source for request in client.hub.journal.requests_after(0, limit=1000)] == [
        "k-1"
    ]


@pytest.fixture
def script(tmp_path):
    """Give the path of a script that has the place for a key."""
    path = tmp_path / "standalone.js"
    path.write_text('var key = "__WRITE_KEY__"; // \u00e9', encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("path", SCRIPT_PATHS)
async def test_a_script_of_yours_is_served_with_the_key(open_client, script, path):
    """The write key of the path is put where the script has its place for it."""
    client = await open_client(analytics_js=script)
    async with client.get(path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert await answer.text() == 'var key = "k-1"; // \u00e9'


@pytest.mark.parametrize("key", ["%22;alert(1)//", "'+x+'", "%5c", "%0a", "</script>", "%e2%80%a8"])
async def test_a_hostile_key_stays_inside_the_script(open_client, script, key):
    """Nothing of the path can end the string that it is put into."""
    client = await open_client(analytics_js=script)
    path = f"/analytics.js/v1/{key.replace('/', '%2f')}/analytics.min.js"
    async with client.get(path) as answer:
        text = await answer.text()
        assert answer.status == 200
    inside = text.removeprefix('var key = "').removesuffix('"; // \u00e9')
    assert all(c.isascii() and (c.isalnum() or c in "%-_.~") for c in inside)


async def test_parts_of_analytics_js_come_from_beside_your_copy(open_client, script):
    """A part that is not there is a sentence that says which file to pass; nothing else is read."""
    folder = Path(script).parent
    (folder / "schemaFilter.bundle.0a1b.js").write_text("var part;", encoding="utf-8")
    (folder / "secret.js").write_text("var secret;", encoding="utf-8")
    client = await open_client(analytics_js=script)
    for name in ("schemaFilter.bundle.0a1b.js", "schemaFilter.bundle.0a1b.js.gz"):
        async with client.get(f"/analytics-next/bundles/{name}") as answer:
            assert (answer.status, await answer.text()) == (200, "var part;")
    for name in ("secret.js", "other.bundle.0a1b.js", "..%2fsecret.js"):
        async with client.get(f"/analytics-next/bundles/{name}") as answer:
            assert answer.status == 404
            assert "dist/umd/standalone.js" in (await answer.json())["message"]


async def test_settings_have_the_filters_of_destinations_in_device_mode(client):
    """Such a destination has a script and rules; the server's filters stay with the server."""
    dropping = [{"if": "event = 'X'", "actions": [{"type": "DROP"}]}]
    for kind, mode, enabled in [
        ("candu", "device", True),
        ("userleap", "cloud", True),
        ("userguiding", "device", False),
    ]:
        asked = {
            "type": kind, "source": "k", "connectionMode": mode, "enabled": enabled,
            "filters": dropping, "consentCategories": ["ad"] if mode == "device" else [],
        }  # fmt: skip
        async with client.post("/_mockseg/v1/destinations", json=asked) as answer:
            assert answer.status == 201, await answer.text()
            assert (await answer.json())["connectionMode"] == mode
    async with client.get("/v1/projects/k/settings") as answer:
        got = await answer.json()
    assert got["integrations"].pop("Segment.io")["unbundledIntegrations"] == ["Sprig Cloud"]
    assert got["integrations"] == {
        "Candu": {
            "type": "browser",
            "bundlingStatus": "bundled",
            "versionSettings": {"version": "1.0.0", "componentTypes": ["browser"]},
            "consentSettings": {"categories": ["ad"]},
        }
    }
    [rule] = got["middlewareSettings"]["routingRules"]
    assert rule["destinationName"] == "Candu"
    assert rule["matchers"][0]["ir"] == '["=","event",{"value":"X"}]'


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/next-integrations/integrations/candu/1.0.0/candu.dynamic.js.gz", '("Candu", "candu")'),
        ("/next-integrations/integrations/usercom/latest/x.js", '("User.com", "usercom")'),
        ("/next-integrations/integrations/sprig-cloud/1/x", '("Sprig Cloud", "sprig-cloud")'),
    ],
)
async def test_a_destination_in_device_mode_has_a_script(client, path, said):
    """A stand-in, by the name that the SDK asks for."""
    async with client.get(path) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert (await answer.text()).rstrip().endswith(said + ";")


@pytest.mark.parametrize("name", ["amplitude", "webhooks", "%3Cscript%3E"])
async def test_a_destination_that_no_browser_sends_to_has_no_script(client, name):
    """The sentence names it."""
    path = f"/next-integrations/integrations/{name}/1/x.js"
    async with client.get(path) as answer:
        assert answer.status == 404
        assert "mockseg has no script for a destination" in (await answer.json())["message"]
