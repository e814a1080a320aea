"""The dated behaviours of Segment's edge: what each does that another does not.

2026 is what probes of the live edge in public texts show. 2025 is what Segment's documentation
alone says. 2018 is Segment's own public double of its edge. ``debug-api`` is the Debug API that
Segment removed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from mockseg.operations.sources import Edge


class EdgeRules(msgspec.Struct, frozen=True):
    """What one edge does.

    Attributes:
        key_required: a request without a write key is refused; else it is answered 200 and lost.
        names_reason: the message of a refusal has the reason; else only its kind.
        plain_text: refusals are plain text.
        routes_of_2018: the short routes never refuse and never inflate; what no source decides
            (preflights, health, JSONP) is answered as in 2018, too.
        get_is_malformed: a GET on a server route is malformed JSON; else a method that is not
            allowed.
        judges_messages: what Segment would discard later is refused.
    """

    key_required: bool = False
    names_reason: bool = False
    plain_text: bool = False
    routes_of_2018: bool = False
    get_is_malformed: bool = False
    judges_messages: bool = False


EDGES: Final[dict[Edge, EdgeRules]] = {
    "2026": EdgeRules(key_required=True, get_is_malformed=True),
    "2025": EdgeRules(names_reason=True),
    "2018": EdgeRules(plain_text=True, routes_of_2018=True),
    "debug-api": EdgeRules(key_required=True, names_reason=True, judges_messages=True),
}
