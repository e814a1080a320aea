"""How each of Segment's SDKs is pointed at mockseg.

What an SDK needs differs: some hard-wire https, some read their settings from a CDN host
of its own, one drops the path of its host. Options and traps are those of the SDKs'
public sources (the facts, "Traps where a naive mock breaks a real SDK").
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable
from pathlib import PurePath
from urllib.parse import urlsplit

DEFAULT_TLS_URL = "https://localhost:8766"


@dataclasses.dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK. In its texts ``<<...>>`` stands for what differs from server to server.

    Attributes:
        name: as ``mockseg snippet`` calls it.
        package: whose SDK it is, for people.
        https: it speaks nothing else, so that the server needs ``--tls``.
        line: one line of code.
        code: all that is needed, with comments in the SDK's language.
        notes: what to know, paragraphs.
    """

    name: str
    package: str
    https: bool
    line: str
    code: str
    notes: str = ""


_SETTINGS_NOTE = (
    "cdnHost is not optional: when the settings cannot be fetched there, the SDK falls back to"
    " api.segment.io, whatever apiHost says. Both end in /v1."
)
_STORED_NOTE = (
    "The SDK keeps events and settings on disk by write key between runs:"
    " give each test a fresh write key."
)

SDKS: tuple[Sdk, ...] = (
    Sdk(
        "python",
        "segment-analytics-python",
        https=False,
        line='analytics.write_key, analytics.host = "<<key>>", "<<url>>"',
        code="""\
import segment.analytics as analytics

analytics.write_key = "<<key>>"
analytics.host = "<<url>>"
analytics.track("u1", "guide started (userguiding)", {"guideId": "1"})
analytics.flush()
""",
    ),
    Sdk(
        "node",
        "@segment/analytics-node",
        https=False,
        line='new Analytics({ writeKey: "<<key>>", host: "<<url>>" })',
        code="""\
import { Analytics } from '@segment/analytics-node'

const analytics = new Analytics({ writeKey: '<<key>>', host: '<<url>>' })
analytics.track({ userId: 'u1', event: 'guide started (userguiding)' })
await analytics.closeAndFlush()
""",
        notes="""\
host is scheme, name and port only: the SDK drops a path in it. Keep tests apart by write key
or by port, not by a path.
""",
    ),
    Sdk(
        "browser",
        "@segment/analytics-next",
        https=False,
        line='AnalyticsBrowser.load({ writeKey: "<<key>>", cdnURL: "<<url>>" })',
        code="""\
import { AnalyticsBrowser } from '@segment/analytics-next'

// The settings fetched from cdnURL name mockseg as apiHost, and http as protocol.
const analytics = AnalyticsBrowser.load({ writeKey: '<<key>>', cdnURL: '<<url>>' })
analytics.track('guide started (userguiding)', { guideId: '1' })
""",
        notes="""\
With the script tag instead of npm: load <<url>>/analytics.js/v1/<<key>>/analytics.min.js, set
window.analytics._cdn = '<<url>>' before (the script finds its CDN by itself only behind
https), and start the server with --analytics-js and your copy of the script, which mockseg
does not ship: dist/umd/standalone.js of the package. Its parts are served from beside it.

A page served over https may not call http: start the server with --tls and use <<tls>> there.
""",
    ),
    Sdk(
        "go",
        "github.com/segmentio/analytics-go",
        https=False,
        line='analytics.NewWithConfig("<<key>>", analytics.Config{Endpoint: "<<url>>"})',
        code="""\
client, err := analytics.NewWithConfig("<<key>>", analytics.Config{Endpoint: "<<url>>"})
if err != nil {
	log.Fatal(err)
}
defer client.Close()
client.Enqueue(analytics.Track{UserId: "u1", Event: "guide started (userguiding)"})
""",
    ),
    Sdk(
        "ruby",
        "analytics-ruby",
        https=True,
        line='Segment::Analytics.new(write_key: "<<key>>", host: "<<tlsname>>", port: <<tlsport>>)',
        code="""\
# Run it so that Ruby trusts the CA:
#   SSL_CERT_FILE=<<ca>> ruby app.rb
require 'segment/analytics'

analytics = Segment::Analytics.new(write_key: '<<key>>', host: '<<tlsname>>', port: <<tlsport>>)
analytics.track(user_id: 'u1', event: 'guide started (userguiding)')
analytics.flush
""",
        notes="""\
The SDK turns ssl: false into true again, so https is the only way.
""",
    ),
    Sdk(
        "php",
        "segmentio/analytics-php",
        https=True,
        line='Segment::init("<<key>>", ["host" => "<<tlshost>>"]);',
        code="""\
// Run it so that PHP trusts the CA (extensions curl and mbstring are needed):
//   php -d curl.cainfo=<<ca>> app.php
use Segment\\Segment;

Segment::init('<<key>>', ['consumer' => 'lib_curl', 'host' => '<<tlshost>>']);
Segment::track(['userId' => 'u1', 'event' => 'guide started (userguiding)']);
Segment::flush();
""",
        notes="""\
host takes no scheme, the SDK puts https:// before it. Its socket consumer always connects to
port 443: use lib_curl.
""",
    ),
    Sdk(
        "java",
        "com.segment.analytics.java:analytics",
        https=False,
        line='Analytics.builder("<<key>>").endpoint("<<url>>").build();',
        code="""\
Analytics analytics = Analytics.builder("<<key>>").endpoint("<<url>>").build();
analytics.enqueue(TrackMessage.builder("guide started (userguiding)").userId("u1"));
analytics.flush();
analytics.shutdown();
""",
    ),
    Sdk(
        "kotlin",
        "analytics-kotlin (JVM and Android)",
        https=True,
        line='Analytics("<<key>>") { apiHost = "<<tlshost>>/v1"; cdnHost = "<<tlshost>>/v1" }',
        code="""\
// On Android: Analytics("<<key>>", applicationContext) { ... }
val analytics = Analytics("<<key>>") {
    apiHost = "<<tlshost>>/v1"
    cdnHost = "<<tlshost>>/v1"
    flushAt = 1
}
analytics.track("guide started (userguiding)")
""",
        notes="""\
Trust on a JVM: keytool -importcert -noprompt -alias mockseg -file <<ca>> -keystore
mockseg.p12 -storetype PKCS12 -storepass changeit, then run with
-Djavax.net.ssl.trustStore=mockseg.p12 -Djavax.net.ssl.trustStorePassword=changeit.

Trust on Android, in debug builds: put the CA under res/raw and name it in the trust-anchors
of a network security configuration. An emulator reaches the server as <<tlshost>> after: adb
reverse tcp:<<tlsport>> tcp:<<tlsport>>.

Or without TLS: hand in requestFactory = object : RequestFactory() { override fun
openConnection(url: String) = super.openConnection(url.replaceFirst("https://", "http://")) }
and <<host>>/v1 for both hosts.

<<settings>>

<<stored>>
""",
    ),
    Sdk(
        "swift",
        "analytics-swift",
        https=True,
        line=(
            'Configuration(writeKey: "<<key>>").apiHost("<<tlshost>>/v1").cdnHost("<<tlshost>>/v1")'
        ),
        code="""\
let analytics = Analytics(configuration: Configuration(writeKey: "<<key>>")
    .apiHost("<<tlshost>>/v1")
    .cdnHost("<<tlshost>>/v1")
    .flushAt(1))
analytics.track(name: "guide started (userguiding)")
""",
        notes="""\
Trust on a simulator: xcrun simctl keychain booted add-root-cert <<ca>>

Trust on macOS: security add-trusted-cert -r trustRoot -k
~/Library/Keychains/login.keychain-db <<ca>>

Or without TLS: rewrite the scheme of each request's url to http in .requestFactory, use
<<host>>/v1 for both hosts, and allow local networking in App Transport Security.

<<settings>>

<<stored>>
""",
    ),
    Sdk(
        "csharp",
        "Analytics-CSharp",
        https=True,
        line=('new Configuration("<<key>>", apiHost: "<<tlshost>>/v1", cdnHost: "<<tlshost>>/v1")'),
        code="""\
// On Linux, run it so that .NET trusts the CA:
//   SSL_CERT_FILE=<<ca>> dotnet run
var analytics = new Analytics(new Configuration("<<key>>",
    flushAt: 1,
    apiHost: "<<tlshost>>/v1",
    cdnHost: "<<tlshost>>/v1"));
analytics.Track("guide started (userguiding)");
""",
        notes="""\
On macOS and Windows the CA goes into the keychain or the user's root store.

Or without TLS: derive from DefaultHTTPClient, override SegmentURL(host, path) to give
"http://" + host + path, hand it in as httpClientProvider, and use <<host>>/v1 for both hosts.

<<settings>>
""",
    ),
    Sdk(
        "react-native",
        "@segment/analytics-react-native",
        https=False,
        line=(
            'createClient({ writeKey: "<<key>>", proxy: "<<url>>/v1", cdnProxy: "<<url>>/v1",'
            " useSegmentEndpoints: true })"
        ),
        code="""\
import { createClient } from '@segment/analytics-react-native'

const analytics = createClient({
  writeKey: '<<key>>',
  proxy: '<<url>>/v1',
  cdnProxy: '<<url>>/v1',
  useSegmentEndpoints: true,
})
analytics.track('guide started (userguiding)')
""",
        notes="""\
The host must be localhost, an IPv4 address or a name with a dot: with a name of one label,
such as a Docker service, the SDK silently sends to api.segment.io instead.

Without useSegmentEndpoints the SDK posts to the bare proxy URL.

An Android emulator reaches the server after: adb reverse tcp:<<port>> tcp:<<port>>.
""",
    ),
)


def sdk_named(name: str) -> Sdk | None:
    return next((sdk for sdk in SDKS if sdk.name == name), None)


def snippet(
    sdk: Sdk,
    *,
    url: str,
    tls_url: str | None = None,
    ca: PurePath | str | None = None,
    write_key: str = "YOUR_WRITE_KEY",
) -> str:
    """Return what to paste, and what to know, as text of several lines.

    Args:
        sdk: which.
        url: of the server, over http.
        tls_url: over https; its default address when the server has none.
        ca: the certificate to trust, a PEM file; ``ca.pem`` when it is not known.
        write_key: any; it opens a source on first use.
    """
    fill = _filler(url=url, tls_url=tls_url or DEFAULT_TLS_URL, ca=ca, write_key=write_key)
    parts = [f"{sdk.name}: {sdk.package}", fill(sdk.code).rstrip()]
    if sdk.https:
        parts.append(
            "This SDK speaks https only: the server needs --tls (mockseg serve --tls),"
            " and the SDK's side has to trust the CA in " + fill("<<ca>>") + "."
        )
    # Wrapped in this file only: a command in a note must be one line to be pasted.
    parts += [" ".join(fill(note).split()) for note in sdk.notes.split("\n\n") if note]
    return "\n\n".join(parts) + "\n"


def start_lines(
    url: str, tls_url: str | None = None, *, write_key: str = "YOUR_WRITE_KEY"
) -> list[tuple[str, str]]:
    """Return one line for each SDK: its name, and the code or what is missing."""
    fill = _filler(url=url, tls_url=tls_url or DEFAULT_TLS_URL, ca=None, write_key=write_key)
    return [
        (
            sdk.name,
            "speaks https only: start the server with --tls"
            if sdk.https and tls_url is None
            else fill(sdk.line),
        )
        for sdk in SDKS
    ]


def _filler(
    *, url: str, tls_url: str, ca: PurePath | str | None, write_key: str
) -> Callable[[str], str]:
    url, tls_url = url.rstrip("/"), tls_url.rstrip("/")
    # Ruby was seen to work by this name; the certificate is valid for both.
    tls_url = tls_url.replace("//127.0.0.1", "//localhost", 1)
    plain, tls = urlsplit(url), urlsplit(tls_url)
    values = (
        ("<<settings>>", _SETTINGS_NOTE),
        ("<<stored>>", _STORED_NOTE),
        ("<<url>>", url),
        ("<<host>>", plain.netloc),
        ("<<port>>", str(plain.port or 80)),
        ("<<tls>>", tls_url),
        ("<<tlshost>>", tls.netloc),
        ("<<tlsname>>", tls.hostname or "localhost"),
        ("<<tlsport>>", str(tls.port or 443)),
        ("<<ca>>", shlex.quote(str(ca)) if ca else "ca.pem"),
        ("<<key>>", write_key),
    )

    def fill(text: str) -> str:
        for mark, value in values:
            text = text.replace(mark, value)
        return text

    return fill
