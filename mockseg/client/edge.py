"""Requests to the data plane, as an SDK sends them, and what the edge answers.

Unlike an operation such a request goes over HTTP wherever the server runs, so that limits,
faults and delays are those that an SDK meets.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mockseg import json_types
from mockseg.errors import UnreachableError

_LONGEST_SHOWN = 200


class EdgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A POST to the data plane.

    Attributes:
        path: with its leading slash.
        headers: by name.
        body: as it is sent.
        timeout: seconds to wait for the answer.
    """

    path: str
    headers: dict[str, str]
    body: bytes
    timeout: float


class EdgeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the edge answered, as an SDK would get it.

    Attributes:
        status: of HTTP.
        headers: by name, in lower case.
        body: as it came.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is not UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the body as JSON.

        Raises:
            MalformedJsonError: it is not JSON.
        """
        return json_types.decode(self.body)

    def __repr__(self) -> str:
        text = self.text
        if len(text) > _LONGEST_SHOWN:
            text = text[:_LONGEST_SHOWN] + "…"
        return f"<EdgeAnswer {self.status} {text!r}>"


def no_answer(request: EdgeRequest, reason: str, *, url: str) -> UnreachableError:
    """Make the error of a request that got no answer, such as one that a fault broke off."""
    return UnreachableError(f"POST {request.path} to {url} got no answer: {reason}")
