"""What the CDN serves, and tokens."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mockseg.config import Settings
from mockseg.errors import ConfigError
from mockseg.hub.hub import Hub
from mockseg.operations.destinations import AddDestination
from mockseg.web.app import make_app

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
OWN_HOSTS = ("segment.io", "segment.com", "segmentapis.com")


def requests(client):
    """Give all requests, oldest first."""
    return client.hub.journal.requests_after(0, limit=1000)


async def settings(client, path="/v1/projects/k/settings", **headers):
    """Fetch settings; give the object."""
    async with client.get(path, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        return await answer.json()


@pytest.mark.parametrize(
    "path", ["/v1/projects/kEy/settings", "/projects/kEy/settings/", "/V1/Projects/kEy/Settings"]
)
async def test_settings_send_clients_to_this_server(client, path):
    """The key is the one of the path, the host the one that the client used."""
    got = await settings(client, path, Host="mock.local:1234")
    segment = got["integrations"]["Segment.io"]
    assert segment["apiKey"] == "kEy"
    assert segment["apiHost"] == "mock.local:1234/v1"
    assert segment["protocol"] == "http"
    assert got["metrics"] == {"sampleRate": 0, "host": "mock.local:1234/v1"}
    assert list(got["integrations"]) == ["Segment.io"]
    assert {"plan", "edgeFunction", "middlewareSettings"} <= set(got)


async def test_settings_of_a_source_without_consent_do_not_mention_it(client):
    """Consent wrappers take empty consent settings for a refusal of everything."""
    assert "consent" not in json.dumps(await settings(client)).lower()


@pytest.mark.parametrize(
    ("mapped", "consent"),
    [
        ({"userengage": [], "candu": []}, None),
        (
            {"userengage": ["ad"], "candu": []},
            {"allCategories": ["ad"], "hasUnmappedDestinations": True},
        ),
        (
            {"userengage": ["ad"], "candu": ["ad", "an"]},
            {"allCategories": ["ad", "an"], "hasUnmappedDestinations": False},
        ),
    ],
)
async def test_settings_tell_the_consent_categories_of_destinations(client, mapped, consent):
    """Those of the enabled ones; a destination without any has no entry of its own."""
    for kind, categories in mapped.items():
        client.hub.destinations.add(
            AddDestination(type=kind, source="k", consent_categories=categories)
        )
    client.hub.destinations.add(
        AddDestination(type="userleap", source="k", enabled=False, consent_categories=["off"])
    )
    got = await settings(client)
    assert got.get("consentSettings") == consent
    integrations = got["integrations"]
    names = {"userengage": "User.com", "candu": "Candu"}
    assert integrations.pop("Segment.io")["unbundledIntegrations"] == list(names.values())
    assert integrations == {
        names[kind]: {
            "bundlingStatus": "unbundled",
            "versionSettings": {"componentTypes": []},
            "consentSettings": {"categories": categories},
        }
        for kind, categories in mapped.items()
        if categories
    }


@pytest.mark.parametrize(
    "host",
    [
        "cdn.segment.com",
        "CDN-Settings.Segment.Com:443",
        "api.segment.io",
        "segment.io.",
        "events.eu1.segmentapis.com",
        "a b",
        "evil/path",
        "x" * 300,
        "a@b",
    ],
)
async def test_settings_never_name_segments_own_hosts(client, host):
    """Nor what is no host: then it is the address at which the request came in."""
    async with client.get("/v1/projects/k/settings", headers={"Host": host}) as answer:
        text = await answer.text()
    hosts = text.replace('"Segment.io"', "").lower()
    assert not [own for own in OWN_HOSTS if own in hosts]
    ours = "{}:{}".format(*client.address)
    assert json.loads(text)["integrations"]["Segment.io"]["apiHost"] == f"{ours}/v1"


@pytest.mark.parametrize("host", [b"Host: a\xff\xfe\r\n", b""])
async def test_settings_without_a_readable_host(client, exchange, host):
    """HTTP/1.0 has no Host, and a Host may be no text."""
    data = b"GET /v1/projects/k/settings HTTP/1.0\r\n" + host + b"\r\n"
    answer = await exchange(client, data)
    assert answer.startswith(b"HTTP/1.0 200 ")
    assert "{}:{}/v1".format(*client.address).encode() in answer


async def test_any_key_has_settings_and_opens_its_source(client):
    """The request is recorded under the key."""
    await settings(client, "/v1/projects/never%20seen/settings")
    assert [request.source for request in requests(client)] == ["never seen"]


async def test_unknown_keys_have_none_where_known_ones_are_given(open_client):
    """404 with Segment's sentence, which SDKs and people look for."""
    client = await open_client(known_write_keys=("k",))
    await settings(client)
    async with client.get("/v1/projects/typo/settings") as answer:
        assert answer.status == 404
        assert "Invalid path or write key provided." in await answer.text()


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/"])
async def test_a_bare_address_has_settings_too(client, path):
    """React Native's cdnProxy fetches the address itself."""
    async with client.get(path) as answer:
        assert answer.status == 200
        assert "integrations" in await answer.json()


@pytest.mark.parametrize("setting", ["analytics_js", "oauth_public_key"])
def test_a_file_that_cannot_be_read_stops_the_start(tmp_path, setting):
    """The message names the setting, the file and the reason."""
    missing = str(tmp_path / "none.pem")
    with pytest.raises(ConfigError, match=f"{setting}: cannot read .*none.pem: No such file"):
        make_app(Hub(Settings(**{setting: missing})))


# --- tokens


@pytest.fixture(scope="module")
def key():
    """Give an RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(public):
    """Give a public key as a file has it."""
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@pytest.fixture
async def guarded(open_client, key, tmp_path):
    """Give a client of a server that checks assertions against the key."""
    file = tmp_path / "public.pem"
    file.write_bytes(pem(key.public_key()))
    return await open_client(oauth_public_key=str(file))


def signed(key, algorithm="RS256", **changes):
    """Make an assertion, its claims changed; `...` leaves one out."""
    now = int(time.time())
    claims = {
        "iss": "app",
        "sub": "app",
        "aud": "https://oauth2.segment.io",
        "iat": now,
        "exp": now + 60,
        "jti": "j1",
    } | changes
    claims = {name: value for name, value in claims.items() if value is not ...}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "key-1"})


async def token(client, assertion="x.y.z", **changes):
    """Ask for a token; give status and JSON."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "scope": "tracking_api:write",
    } | changes
    form = {name: value for name, value in form.items() if value is not ...}
    async with client.post("/token", data=form) as answer:
        return answer.status, await answer.json()


async def test_without_a_key_any_assertion_gets_a_token(client):
    """The shape of the request is checked, the signature is not."""
    status, got = await token(client)
    assert status == 200
    assert (got["token_type"], got["scope"], got["expires_in"]) == (
        "Bearer",
        "tracking_api:write",
        86_400,
    )
    assert len(got["access_token"]) >= 32
    assert (await token(client))[1]["access_token"] != got["access_token"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"grant_type": "password"}, "grant_type"),
        ({"grant_type": ...}, "grant_type"),
        ({"client_assertion_type": "x"}, "client_assertion_type"),
        ({"client_assertion": ""}, "client_assertion"),
        ({"client_assertion": ...}, "client_assertion"),
    ],
)
async def test_a_request_of_the_wrong_shape_is_400(client, changes, named):
    """The description names the field."""
    status, got = await token(client, **changes)
    assert (status, got["error"]) == (400, "invalid_request")
    assert named in got["error_description"]
    assert requests(client)[-1].answer.status == 400


async def test_a_good_signature_gets_a_token(guarded, key):
    """RS256 with the configured key and times that fit."""
    assert (await token(guarded, signed(key)))[0] == 200


async def test_an_expired_assertion_is_told_in_segments_words(guarded, key):
    """Python's SDK looks for these words and tries again at once."""
    status, got = await token(guarded, signed(key, exp=int(time.time()) - 60))
    assert (status, got["error"], got["error_description"]) == (
        400,
        "invalid_request",
        "Token is expired",
    )


async def test_an_assertion_from_the_future_is_told_in_segments_words(guarded, key):
    """A client whose clock is ahead learns it."""
    ahead = int(time.time()) + 3600
    status, got = await token(guarded, signed(key, iat=ahead, exp=ahead + 60))
    assert (status, got["error_description"]) == (400, "Token used before issued")


async def test_times_are_judged_by_mocksegs_clock(guarded, key):
    """A server that was moved on finds the assertion expired."""
    assertion = signed(key)
    guarded.hub.clock.advance(3600)
    assert (await token(guarded, assertion))[1]["error_description"] == "Token is expired"


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp", "jti"])
async def test_every_claim_is_needed(guarded, key, claim):
    """A missing one is named."""
    status, got = await token(guarded, signed(key, **{claim: ...}))
    assert (status, got["error"]) == (401, "invalid_client")
    assert claim in got["error_description"]


@pytest.mark.parametrize(
    "times", [{"exp": "soon"}, {"iat": None}, {"exp": float("nan")}, {"exp": float("inf")}]
)
async def test_times_are_numbers(guarded, key, times):
    """What is no number, or none that can be compared, is refused."""
    status, _ = await token(guarded, signed(key, **times))
    assert status in {400, 401}


def _by_another(key):
    return signed(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def _by_hmac(key):
    return signed("secret" * 8, algorithm="HS256")


def _unsigned(key):
    return signed(None, algorithm="none")


def _by_the_public_key(key):
    """The classic: HS256 with the text of the public key as the secret."""
    head, body, _ = signed("x" * 40, algorithm="HS256").split(".")
    import hashlib
    import hmac

    digest = hmac.new(pem(key.public_key()), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}." + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _by_ec(key):
    return signed(ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")


def _changed(key):
    head, body, signature = signed(key).split(".")
    return f"{head}.{body[:-2]}AA.{signature}"


def _deep(key):
    """A header nested so deep that reading it could fail in other ways."""
    text = b'{"alg":"RS256","x":' + b"[" * 100_000
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode() + ".e30.AA"


@pytest.mark.parametrize(
    "make", [_by_another, _by_hmac, _unsigned, _by_the_public_key, _by_ec, _changed, _deep]
)
async def test_a_wrong_signature_is_401(guarded, key, make):
    """Whatever was signed with anything else is refused."""
    status, got = await token(guarded, make(key))
    assert (status, got["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("assertion", ["", "x", "..", "a.b.c", "\u00e9.\u00e9.\u00e9", "." * 5000])
async def test_what_is_no_assertion_is_refused(guarded, assertion):
    """Any text gets an answer."""
    status, got = await token(guarded, assertion)
    assert status in {400, 401}
    assert got["error_description"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe=%ff", b"{}", b"&&&===", b"a=" + b"x" * 100_000])
async def test_any_body_gets_an_answer(guarded, body):
    """It need not be a form."""
    async with guarded.post("/token", data=body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"] == "invalid_request"


async def test_secrets_of_tokens_are_not_kept(guarded, key):
    """Neither the assertion nor the token stands in the journal, whatever form they had."""
    assertion = signed(key)
    _, got = await token(guarded, assertion, client_secret="hidden")
    body = json.dumps({"client_assertion": assertion, "client_secret": "hidden"}).encode()
    async with guarded.post("/token", data=body) as answer:
        assert answer.status == 400
    async with guarded.get("/_mockseg/v1/requests") as answer:
        text = await answer.text()
    assert "client_credentials" in text
    assert not [s for s in (assertion, got["access_token"], "hidden") if s in text]


def test_a_file_that_is_no_rsa_key_stops_the_start(tmp_path):
    """Text, or a key of another kind, is refused at the start and not at each request."""
    file = tmp_path / "key.pem"
    for content in (b"hello", pem(ec.generate_private_key(ec.SECP256R1()).public_key())):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match=r"oauth_public_key: .* not the PEM of an RSA"):
            make_app(Hub(Settings(oauth_public_key=str(file))))


EVERYTHING = {"__default": {"enabled": True, "integrations": {}}}
NOTHING = {"enabled": False, "integrations": {}}


@pytest.mark.parametrize(
    ("protocols", "planned", "track"),
    [
        ({}, False, EVERYTHING),
        ({}, True, EVERYTHING),
        ({"disabledEvents": ["Foo"]}, False, EVERYTHING | {"Foo": NOTHING}),
        ({"track": {"allowUnplannedEvents": False}}, False, EVERYTHING),
        (
            {"track": {"allowUnplannedEvents": False}, "disabledEvents": ["Foo"]},
            True,
            {"__default": NOTHING, "Bar": EVERYTHING["__default"], "Foo": NOTHING},
        ),
    ],
)
async def test_settings_tell_which_events_are_blocked(client, protocols, planned, track):
    """Browsers send a disabled event to Segment alone."""
    rules = [{"type": "TRACK", "key": name, "jsonSchema": {}} for name in ("Foo", "Bar")]
    asked = {"writeKey": "k", "protocols": protocols}
    if planned:
        asked["plan"] = {"name": "shop", "rules": rules}
    async with client.post("/_mockseg/v1/sources", json=asked) as answer:
        assert answer.status == 201, await answer.text()
    assert (await settings(client))["plan"]["track"] == track


async def test_settings_tell_which_destinations_an_event_does_not_reach(client):
    """The member `integrations` of a rule of the plan; every spelling of the event has it."""
    rules = [
        {"type": "TRACK", "key": "Foo", "jsonSchema": {}, "integrations": {"Candu": False},
         "aliases": ["foo"]},
        {"type": "TRACK", "key": "Bar", "jsonSchema": {}, "integrations": {}},
        {"type": "TRACK", "key": "Baz", "jsonSchema": {}, "integrations": {"Candu": False}},
    ]  # fmt: skip
    asked = {
        "writeKey": "k",
        "plan": {"name": "shop", "rules": rules},
        "protocols": {"disabledEvents": ["Baz"]},
    }
    async with client.post("/_mockseg/v1/sources", json=asked) as answer:
        assert answer.status == 201, await answer.text()
    without = {"enabled": True, "integrations": {"Candu": False}}
    expected = EVERYTHING | {"Foo": without, "foo": without, "Baz": NOTHING}
    assert (await settings(client))["plan"]["track"] == expected


async def test_settings_are_patched_by_source(client):
    """A JSON merge patch over all of it; another source has its own, and {} takes it back."""
    patch = {
        "integrations": {"Segment.io": {"retryQueue": None, "deliveryStrategy": {"strategy": "x"}}},
        "middlewareSettings": {"routingRules": [{"scope": "destinations"}]},
        "legacyVideoPluginsEnabled": None,
        "httpConfig": {"rateLimitConfig": {"enabled": True}},
    }
    plain = await settings(client)
    change = {"cdnSettings": patch}
    async with client.request("PATCH", "/_mockseg/v1/sources/k", json=change) as answer:
        assert (await answer.json())["cdnSettings"] == patch
    got = await settings(client)
    segment = got["integrations"]["Segment.io"]
    assert segment.pop("deliveryStrategy") == {"strategy": "x"}
    assert segment == {k: v for k, v in plain["integrations"]["Segment.io"].items()
                       if k != "retryQueue"}  # fmt: skip
    assert got["middlewareSettings"] == patch["middlewareSettings"]
    assert got["httpConfig"] == patch["httpConfig"]
    assert "legacyVideoPluginsEnabled" not in got
    assert got["plan"] == plain["plan"]
    other = await settings(client, "/v1/projects/other/settings")
    assert "httpConfig" not in other
    change = {"cdnSettings": {}}
    async with client.request("PATCH", "/_mockseg/v1/sources/k", json=change) as answer:
        assert (await answer.json())["cdnSettings"] == {}
    assert await settings(client) == plain


@pytest.mark.parametrize(
    ("patch", "said"),
    [({"a": "x" * 20_000}, "cdnSettings has 20,008 bytes; allowed are 16,384"), ([], "object")],
)
async def test_a_patch_of_settings_is_a_small_object(client, patch, said):
    """What is held of a source is bounded."""
    asked = {"writeKey": "k", "cdnSettings": patch}
    async with client.post("/_mockseg/v1/sources", json=asked) as answer:
        assert answer.status == 422
        assert said in await answer.text()
