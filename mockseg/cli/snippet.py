from __future__ import annotations

from pathlib import Path

import click

from mockseg.cli.flags import read_warned, setting_flags
from mockseg.cli.output import say_text
from mockseg.cli.value_completion import Text
from mockseg.config import CLIENT_SETTINGS, ClientSettings, Settings, load
from mockseg.errors import ConfigError
from mockseg.snippets import SDKS, sdk_named, snippet
from mockseg.suggestions import unknown
from mockseg.tls import default_state_dir

_SETTINGS = [setting for setting in CLIENT_SETTINGS if setting.name == "url"]


@click.command(name="snippet")
@click.argument("name", metavar="SDK", type=Text(lambda: [sdk.name for sdk in SDKS]))
@setting_flags(_SETTINGS)
@click.option(
    "--tls-url",
    metavar="TEXT",
    help="Address for SDKs that speak https only.  [https://localhost:8766]",
)
@click.option(
    "--ca", metavar="FILE", help="CA file that they must trust.  [the CA in the state folder]"
)
@click.option(
    "--write-key",
    metavar="TEXT",
    default="YOUR_WRITE_KEY",
    help="Write key; any text opens a source on first use.",
)
def command(
    *,
    name: str,
    config: str | None,
    url: str | None,
    tls_url: str | None,
    ca: str | None,
    write_key: str,
) -> None:
    """Show how an SDK is pointed at mockseg: what to paste, and what to know.

    SDK is one of python, node, browser, go, ruby, php, java, kotlin, swift, csharp,
    react-native.
    """
    sdk = sdk_named(name)
    if sdk is None:
        raise ConfigError(unknown("SDK", name, [known.name for known in SDKS]))
    sources = read_warned(config)
    server = load(Settings, sources)
    if ca is None and server.tls_cert is None:
        folder = Path(server.state_dir) if server.state_dir else default_state_dir()
        ca = str((folder / "ca.pem").absolute())
    text = snippet(
        sdk,
        url=load(ClientSettings, sources, {"url": url}).url,
        tls_url=tls_url or f"https://localhost:{server.tls_port or 8766}",
        ca=ca,
        write_key=write_key,
    )
    say_text(text)
