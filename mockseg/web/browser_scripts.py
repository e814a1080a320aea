"""The scripts that a page loads from Segment's CDN.

Two are served: the user's own copy of analytics.js with the chunks that lie beside it, and for a
destination in device mode a stand-in for the vendor's script.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from mockseg.destinations.kinds import KINDS
from mockseg.errors import ConfigError, UnreadableFileError
from mockseg.files import read_bytes, read_text

# What webpack calls the parts of analytics.js that are loaded when they are needed.
_CHUNK: Final = re.compile(r"[\w-]+\.bundle\.[0-9a-f]+\.js")
_LARGEST_CHUNK_BYTES: Final = 2 * 1024 * 1024

# A classic integration, as far as the SDK uses one: the public code of analytics-next has the form.
_STAND_IN: Final = """\
// mockseg's stand-in for the script of NAME: it keeps what the SDK hands to it and sends nothing.
(function (name, path) {
  var received = (window.mocksegDestinations = window.mocksegDestinations || {});
  received[name] = received[name] || [];
  function Integration() {
    this.waiting = {};
  }
  Integration.prototype.name = name;
  Integration.prototype.on = Integration.prototype.once = function (event, listener) {
    (this.waiting[event] = this.waiting[event] || []).push(listener);
  };
  Integration.prototype.initialize = function () {
    var waiting = this.waiting;
    ['initialize', 'ready'].forEach(function (event) {
      (waiting[event] || []).forEach(function (listener) { listener(); });
    });
  };
  Integration.prototype.invoke = function (type, call) {
    received[name].push(call.json());
  };
  window[path + 'Deps'] = [];
  window[path + 'Loader'] = function () {};
  window[path + 'Integration'] = Integration;
})(NAME, PATH);
"""


class BrowserScripts:
    """What is served of the user's copy of analytics.js.

    Args:
        path: of the copy, or None.

    Raises:
        ConfigError: it cannot be read.
    """

    def __init__(self, path: str | None) -> None:
        self._script: str | None = None
        self._folder: Path | None = None
        if path is None:
            return
        self._folder = Path(path).parent
        try:
            self._script = read_text(path)
        except UnreadableFileError as error:
            raise ConfigError(f"analytics_js: {error}") from None

    def analytics_js(self, write_key: str) -> bytes | None:
        """Return the script of a source; None without a copy."""
        if self._script is None:
            return None
        # Percent-encoded, a key cannot end the string that it is put into.
        return self._script.replace("__WRITE_KEY__", quote(write_key, safe="")).encode()

    async def chunk(self, name: str) -> bytes | None:
        """Return the part of analytics.js with this file name, None if none lies beside it."""
        name = name.removesuffix(".gz")
        if self._folder is None or not _CHUNK.fullmatch(name):
            return None
        try:
            return await asyncio.to_thread(
                read_bytes, self._folder / name, most=_LARGEST_CHUNK_BYTES
            )
        except UnreadableFileError:
            return None


def script_name(destination: str) -> str:
    """Return what the SDK calls a destination in the path of its script."""
    return re.sub(r"\s+", "-", destination.lower().replace(".", "", 1))


_STAND_INS: Final = {
    script_name(kind.names[0]): kind.names[0] for kind in KINDS.values() if kind.in_browsers
}


def stand_in(path: str) -> bytes | None:
    """Return the script of a destination in device mode.

    Args:
        path: the destination's part of the script's path, in lower case.

    Returns:
        None where mockseg knows no such destination.
    """
    name = _STAND_INS.get(path)
    if name is None:
        return None
    script = _STAND_IN.replace("NAME", json.dumps(name)).replace("PATH", json.dumps(path))
    return script.encode()
