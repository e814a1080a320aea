"""Snippets: what each SDK needs, true to the facts."""

from __future__ import annotations

import pytest

from mockseg.snippets import SDKS, sdk_named, snippet, start_lines

URL, TLS_URL = "http://127.0.0.1:4711", "https://localhost:4712"
NAMES = [sdk.name for sdk in SDKS]
# facts §9.10: these cannot talk http without a patched request factory (Ruby in effect).
HTTPS_ONLY = {"ruby", "php", "kotlin", "swift", "csharp"}


def text_of(name: str, ca: str | None = "/state/ca.pem") -> str:
    """Give the snippet of an SDK."""
    sdk = sdk_named(name)
    assert sdk is not None
    return snippet(sdk, url=URL, tls_url=TLS_URL, ca=ca, write_key="wk")


def test_the_sdks_that_were_promised_are_there() -> None:
    """All of the issue's list, and C#, which the facts cover."""
    promised = "python node browser go ruby php java kotlin swift react-native csharp"

    assert set(NAMES) == set(promised.split())
    assert sdk_named("cobol") is None


def test_who_speaks_https_only_follows_the_facts() -> None:
    """They are told about --tls, the others are not sent there."""
    assert {sdk.name for sdk in SDKS if sdk.https} == HTTPS_ONLY
    for name in NAMES:
        assert ("speaks https only" in text_of(name)) == (name in HTTPS_ONLY)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_unfilled_and_nothing_leaks(name: str) -> None:
    """No mark stays, the key stands in it, and the code names no host of Segment's."""
    sdk = sdk_named(name)
    assert sdk is not None
    line = dict(start_lines(URL, TLS_URL, write_key="wk"))[name]

    for text in (text_of(name), line):
        assert "<<" not in text
        assert "wk" in text
    assert "segment.io" not in sdk.code + sdk.line


@pytest.mark.parametrize("name", sorted(HTTPS_ONLY))
def test_https_sdks_use_the_tls_address_and_say_how_to_trust(name: str) -> None:
    """Host localhost, the port of https, and the CA's file."""
    text = text_of(name)

    assert "localhost" in text
    assert "4712" in text
    assert "/state/ca.pem" in text


def test_how_each_is_told_to_trust() -> None:
    """The ways that were tried: Ruby's variable, PHP's setting, a JVM's store."""
    assert "SSL_CERT_FILE=/state/ca.pem" in text_of("ruby")
    assert "host: 'localhost', port: 4712" in text_of("ruby")
    assert "php -d curl.cainfo=/state/ca.pem" in text_of("php")
    assert "keytool -importcert" in text_of("kotlin")
    assert "requestFactory" in text_of("kotlin")
    assert "simctl keychain booted add-root-cert /state/ca.pem" in text_of("swift")
    assert "SSL_CERT_FILE=/state/ca.pem" in text_of("csharp")


@pytest.mark.parametrize("name", ["kotlin", "swift", "csharp"])
def test_mobile_sdks_get_both_hosts_ending_in_v1(name: str) -> None:
    """Without the settings host of theirs they would fall back to the real one."""
    code = text_of(name)

    assert code.count("localhost:4712/v1") >= 2
    assert "cdnHost" in code


def test_browser_needs_cdn_url_and_the_script_its_own() -> None:
    """The settings bring apiHost and protocol; the script tag cannot infer its CDN on http."""
    text = text_of("browser")

    assert f"cdnURL: '{URL}'" in text
    assert f"window.analytics._cdn = '{URL}'" in text


def test_node_is_told_that_a_path_is_dropped() -> None:
    """Isolation by path does not work there."""
    assert "drops a path" in text_of("node")


def test_react_native_gets_both_proxies_and_the_warning_about_hosts() -> None:
    """A host of one label silently sends to the real Segment."""
    text = text_of("react-native")

    assert f"proxy: '{URL}/v1'" in text
    assert f"cdnProxy: '{URL}/v1'" in text
    assert "useSegmentEndpoints: true" in text
    assert "one label" in text


def test_https_sdks_get_the_name_localhost() -> None:
    """Ruby was seen to work by name; a server says its address."""
    lines = dict(start_lines(URL, "https://127.0.0.1:4712"))

    assert 'host: "localhost", port: 4712' in lines["ruby"]
    assert "localhost:4712/v1" in lines["kotlin"]


def test_a_file_name_with_spaces_can_be_pasted() -> None:
    """It is quoted for the shell."""
    assert "SSL_CERT_FILE='/my state/ca.pem'" in text_of("ruby", ca="/my state/ca.pem")


def test_a_slash_at_the_end_of_the_address_does_no_harm() -> None:
    """The URL is put together once."""
    sdk = sdk_named("react-native")
    assert sdk is not None

    assert f"'{URL}/v1'" in snippet(sdk, url=URL + "/")


def test_the_start_lines_are_one_for_each_sdk() -> None:
    """One line each; without TLS, who needs it is told so."""
    lines = start_lines(URL)

    assert [name for name, _ in lines] == NAMES
    assert all("\n" not in line for _, line in lines)
    for name, line in lines:
        assert ("--tls" in line) == (name in HTTPS_ONLY)
    assert not any("--tls" in line for _, line in start_lines(URL, TLS_URL))


def test_the_python_lines_are_python() -> None:
    """What is printed compiles."""
    sdk = sdk_named("python")
    assert sdk is not None

    compile(dict(start_lines(URL))["python"], "line", "exec")
    compile(snippet(sdk, url=URL).split("\n", 2)[2], "snippet", "exec")
