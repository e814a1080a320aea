"""What a fault does to a request, as values.

Which statuses, headers and breakages are worth having: facts "Fault scenarios worth
offering", from what the SDKs' own transports tell apart.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from mockseg.json_types import Json, JsonObject

# Nothing is held longer than what a wait may last.
_MOST_SECONDS = 3600
_Delay = Annotated[float, Meta(ge=0, le=_MOST_SECONDS)]

BodyKind: TypeAlias = Literal["json", "text", "html", "empty", "garbage", "truncated"]


class _Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """What all parts of an effect have in common."""


class ExactBody(_Part, frozen=True):
    """A body of your own: one of the two.

    Attributes:
        json: any JSON value.
        text: plain text.
    """

    json: Json = msgspec.UNSET
    text: str | None = None


class Lognormal(_Part, frozen=True):
    """Delays as networks have them: most near the median, a few far above.

    Attributes:
        median: seconds.
        sigma: of the logarithm; 0.5 puts one in a hundred at about 3 times the median.
        most: seconds; longer ones are cut to it.
    """

    median: Annotated[float, Meta(gt=0, le=_MOST_SECONDS)]
    sigma: Annotated[float, Meta(gt=0, le=5)] = 0.5
    most: Annotated[float, Meta(gt=0, le=_MOST_SECONDS)] = 60.0


class Spread(_Part, frozen=True):
    """A delay that differs from request to request, the same for the same seed: one of the two.

    Attributes:
        uniform: least and most seconds.
        lognormal: see there.
    """

    uniform: tuple[_Delay, _Delay] | None = None
    lognormal: Lognormal | None = None


class HeaderMoment(_Part, frozen=True):
    """A header's value that is a moment.

    Attributes:
        after: seconds from the answer on.
        form: how it is written.
    """

    after: Annotated[float, Meta(ge=-86_400, le=86_400)]
    form: Literal["http-date", "epoch-seconds", "epoch-milliseconds"] = "http-date"


HeaderValue: TypeAlias = str | int | HeaderMoment | None


class Effect(_Part, frozen=True):
    """What is done to a request.

    Without ``status`` and ``body`` the answer is the usual one. What is answered 2xx, in time
    or late or broken, was stored; any other status, a hang and a reset before storing mean
    that it was not. ``store`` says otherwise.

    Attributes:
        status: of the answer.
        body: its kind, or exactly this one; JSON by default.
        headers: more of them; a number, a text, a moment, or null for one that must be missing.
        retry_after: the header Retry-After, in seconds.
        delay: seconds before the answer, or a spread of them.
        dribble: seconds before each byte of the body.
        hang: never answer; ends when the client goes, or the fault does.
        reset: reset the connection before the calls are stored, or after.
        close: close it in the middle of the answer: of its head, or of its body.
        bad_gzip: say that the body is gzip, and send what is none or ends too early.
        store: whether the calls are recorded all the same, or are not.
        settings: a merge patch (RFC 7386) to the CDN settings that are answered.
        http_config: the retry settings that SDKs take from the CDN, in both places.
        token: a merge patch to the body of a token answer.
    """

    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    body: BodyKind | ExactBody | None = None
    headers: dict[str, HeaderValue] = {}
    retry_after: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    delay: _Delay | Spread | None = None
    dribble: Annotated[float, Meta(gt=0, le=60)] | None = None
    hang: bool = False
    reset: Literal["before", "after"] | None = None
    close: Literal["head", "body"] | None = None
    bad_gzip: Literal["corrupt", "truncated"] | None = None
    store: bool | None = None
    settings: JsonObject | None = None
    http_config: JsonObject | None = None
    token: JsonObject | None = None

    @property
    def stores(self) -> bool:
        """Tell whether calls of the request are recorded as if nothing had happened."""
        if self.store is not None:
            return self.store
        if self.hang or self.reset == "before":
            return False
        return self.status is None or self.status < 300

    @property
    def answers(self) -> bool:
        """Tell whether the client gets a whole status line."""
        return not self.hang and self.reset is None and self.close != "head"

    @property
    def words(self) -> str:
        """Say it in a line for people, such as ``status 503, delay 2 s``."""
        said = [
            f"status {self.status}" if self.status is not None else "",
            f"body {self.body}" if isinstance(self.body, str) else "",
            "a body of its own" if isinstance(self.body, ExactBody) else "",
            f"Retry-After {self.retry_after}" if self.retry_after is not None else "",
            f"headers {', '.join(self.headers)}"[:100] if self.headers else "",
            _delay_words(self.delay),
            f"{self.dribble:g} s a byte" if self.dribble is not None else "",
            "hang" if self.hang else "",
            f"reset {self.reset} storing" if self.reset is not None else "",
            f"close in the {self.close}" if self.close is not None else "",
            f"{self.bad_gzip} gzip" if self.bad_gzip is not None else "",
            {True: "stored", False: "not stored", None: ""}[self.store],
            "other settings" if self.settings is not None else "",
            "httpConfig" if self.http_config is not None else "",
            "another token" if self.token is not None else "",
        ]
        return ", ".join(part for part in said if part)


def _delay_words(delay: float | Spread | None) -> str:
    if delay is None:
        return ""
    if isinstance(delay, Spread):
        if delay.uniform is not None:
            return f"delay {delay.uniform[0]:g} to {delay.uniform[1]:g} s"
        return f"delay about {delay.lognormal.median:g} s" if delay.lognormal is not None else ""
    return f"delay {delay:g} s"
