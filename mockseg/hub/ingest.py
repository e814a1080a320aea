"""The ruling on a request as a whole: its answer, and what holds for all of its calls."""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache
from typing import Literal, TypeAlias

from msgspec.structs import replace

from mockseg.domain import reading, spec
from mockseg.domain.call import Verdict
from mockseg.domain.findings import Discard, discard
from mockseg.domain.limits import (
    MAX_BATCH_BYTES,
    MAX_BATCH_CALLS,
    MAX_CALL_BYTES,
)
from mockseg.domain.message import MESSAGE_TYPES, Shared
from mockseg.domain.reading import Reading, stray_key
from mockseg.domain.request import Answer, Arrival
from mockseg.hub.answers import (
    DEBUG_MESSAGES,
    GZIP_REFUSAL_OF_2018,
    INVALID_KEY,
    MALFORMED_GZIP,
    SUCCESS,
    TOO_LARGE,
    kind_of,
    refusal,
)
from mockseg.hub.edges import EdgeRules
from mockseg.hub.sources import Source
from mockseg.json_types import Json

WrongRegion: TypeAlias = Literal["drop", "refuse"]


@dataclasses.dataclass(frozen=True, slots=True)
class Ruling:
    """What holds for a request as a whole.

    Attributes:
        answer: to the client.
        finding: against all of its calls, or None.
        verdict: on all of its calls, where there is a finding.
    """

    answer: Answer
    finding: Discard | None = None
    verdict: Verdict = "accepted"


_SUCCESS = Ruling(SUCCESS)


def read(arrival: Arrival) -> Reading:
    if arrival.problem is not None:
        return reading.Reading(problem=arrival.problem)
    if arrival.route.carries == "message":
        found = reading.read_message(arrival.body)
    elif arrival.route.carries == "batch":
        found = reading.read_batch(arrival.body)
    else:
        return reading.Reading()
    if arrival.ip:
        address = _address(arrival.ip, client=arrival.route.client)
        found.shared = (
            address
            if found.shared is None
            else replace(found.shared, ip=address.ip, direct_ip=address.direct_ip)
        )
    return found


# One record for all the requests of a client.
@lru_cache(maxsize=1024)
def _address(ip: str, *, client: bool) -> Shared:
    """Return what a request says for all of its messages by where it comes from.

    Args:
        ip: of the client.
        client: whether it came by a client's route, whose messages all get the address.
    """
    return Shared(ip=ip) if client else Shared(direct_ip=ip)


def stray_key_of(arrival: Arrival) -> str:
    """Return a key from where Segment does not look for one, or empty."""
    return stray_key(path=arrival.path, query=arrival.query, body=arrival.body)


def rule(
    arrival: Arrival,
    read_: Reading,
    source: Source,
    *,
    key: str,
    known: bool,
    wrong_region: WrongRegion = "drop",
) -> Ruling:
    """Decide what holds for the request as a whole.

    Args:
        arrival: the request.
        read_: what it holds.
        source: whose it is.
        key: its write key, from where Segment looks for it; may be empty.
        known: whether its write key is one that this server knows.
        wrong_region: what happens to a request for another region.
    """
    if arrival.route.carries == "nothing":
        return _SUCCESS
    behaviour = source.behaviour
    rules, home = behaviour.edge_rules, behaviour.home_region
    ruling = _unreadable(arrival, read_, source, rules=rules)
    # Every call takes this way: a further question is asked only where there may be an answer.
    if ruling is None and not (known and key):
        ruling = _unknown(arrival, source, key=key, known=known)
    if ruling is None and not behaviour.enabled:
        ruling = Ruling(SUCCESS, discard("source_disabled"), "dropped")
    if ruling is None and home:
        ruling = _of_region(arrival, source, home=home, wrong_region=wrong_region)
    if ruling is None and len(read_.items) > MAX_BATCH_CALLS:
        ruling = _too_many(read_)
    if ruling is None and rules.judges_messages:
        ruling = _debugged(arrival, read_, source)
    return ruling or _SUCCESS


def _unreadable(
    arrival: Arrival, read_: Reading, source: Source, *, rules: EdgeRules
) -> Ruling | None:
    """Rule on a body that could not be read, or is too large."""
    if read_.problem is not None:
        return _refused(arrival, source, read_.problem, kind_of(read_.problem))
    if rules.routes_of_2018 and arrival.route.client and _inflated(arrival):
        finding = discard("bad_request", "", "in 2018 the short routes did not inflate gzip")
        return Ruling(SUCCESS, finding, "dropped")
    limit = MAX_CALL_BYTES if arrival.route.carries == "message" else MAX_BATCH_BYTES
    if len(arrival.body) <= limit:
        return None
    finding = discard(
        "payload_too_large",
        "",
        f"the payload has {len(arrival.body)} bytes after inflation, at most {limit} are"
        f" allowed{_only_first(read_)}",
    )
    return _refused(arrival, source, finding, TOO_LARGE)


def _unknown(arrival: Arrival, source: Source, *, key: str, known: bool) -> Ruling:
    """Rule on a request without a write key, or with one that is not among the known ones."""
    if not key and source.behaviour.edge_rules.key_required:
        return _refused(arrival, source, _keyless(arrival, source), INVALID_KEY)
    if not known:
        finding = discard(
            "unknown_source", "writeKey", "this write key is not among the known ones"
        )
        answer = refusal(
            401, finding.description, code="unknown_source", plain=source.behaviour.plain_errors
        )
        return Ruling(answer, finding, "rejected")
    return Ruling(SUCCESS, _keyless(arrival, source), "dropped")


def _of_region(
    arrival: Arrival, source: Source, *, home: str, wrong_region: WrongRegion
) -> Ruling | None:
    """Rule on a request for a source that belongs to a region."""
    sent_to = region_of(arrival)
    if sent_to in {"", home}:
        return None
    sentence = (
        f"the source belongs to the region {home}, and the request was sent to a"
        f" host of the region {sent_to}"
    )
    finding = discard("wrong_region", "", sentence)
    if wrong_region == "refuse":
        return _refused(arrival, source, finding, INVALID_KEY)
    return Ruling(SUCCESS, finding, "dropped")


def _too_many(read_: Reading) -> Ruling:
    finding = discard(
        "batch_too_many_calls",
        "batch",
        f"the batch has {len(read_.items) + read_.left_out} calls, at most {MAX_BATCH_CALLS}"
        f" are allowed{_only_first(read_)}",
    )
    return Ruling(SUCCESS, finding, "dropped")


def region_of(arrival: Arrival) -> str:
    """Return the region of Segment's host that a request was sent to; empty for other hosts."""
    hosts = (value for name, value in arrival.headers if name.lower() == "host")
    host = next(hosts, "").lower().partition(":")[0].rstrip(".")
    if host.endswith(_HOSTS_OF_REGIONS):
        return "eu" if _EUROPEAN.search(host) else "us"
    return "us" if host.endswith(_HOSTS_IN_US) else ""


# By Segment's guide to regional workspaces.
_HOSTS_OF_REGIONS = ".segmentapis.com"
_EUROPEAN = re.compile(r"(?:\A|\.)eu[0-9]+\.")
_HOSTS_IN_US = (".segment.io", ".segment.com")


def _inflated(arrival: Arrival) -> bool:
    """Return whether the body was compressed."""
    encodings = (value for name, value in arrival.headers if name.lower() == "content-encoding")
    return next(encodings, "identity").strip().lower() != "identity"


def _begins_as_gzip(body: bytes) -> bool:
    """Return whether a body has the head of gzip: what is wrong further on is another mistake."""
    return len(body) >= _GZIP_HEAD_BYTES and body.startswith(_GZIP_HEAD)


# With the one method of compression that there is.
_GZIP_HEAD = b"\x1f\x8b\x08"
_GZIP_HEAD_BYTES = 10


def _keyless(arrival: Arrival, source: Source) -> Discard:
    sentence = f"the request has no write key{_key_hint(arrival, source)}"
    return discard("unknown_source", "writeKey", sentence)


def _key_hint(arrival: Arrival, source: Source) -> str:
    if source.key:
        return (
            f' where Segment looks for one: "{source.key[:40]}" belongs to the top level of the'
            " body as writeKey, or in Authorization as the user name of Basic"
        )
    authorization = (value for name, value in arrival.headers if name.lower() == "authorization")
    if not next(authorization, "").lower().startswith("bearer"):
        return ""
    return (
        "; the Bearer token in Authorization names no source: send the key as writeKey in the"
        " body, too"
    )


def _only_first(read_: Reading) -> str:
    return f"; only the first {len(read_.items)} are recorded" if read_.left_out else ""


def _refused(arrival: Arrival, source: Source, finding: Discard, message: str) -> Ruling:
    """Refuse with 400; in 2018 the short routes said 200 and lost the message.

    Args:
        arrival: the request.
        source: whose it is.
        finding: why.
        message: for the client, where its edge says no more than the kind of mistake.
    """
    rules = source.behaviour.edge_rules
    if rules.routes_of_2018 and arrival.route.client:
        return Ruling(SUCCESS, finding, "dropped")
    if rules.judges_messages:
        debug_message = DEBUG_MESSAGES.get(finding.code)
        if debug_message is not None:
            detail = f": {finding.description}" if finding.code == "bad_request" else ""
            message = f"{debug_message}{detail}"
    elif rules.names_reason and finding.code == "bad_request":
        message = finding.description
    of_gzip = message == MALFORMED_GZIP and not _begins_as_gzip(arrival.body)
    if rules.routes_of_2018 and of_gzip and source.behaviour.error_body == "edge":
        return Ruling(GZIP_REFUSAL_OF_2018, finding, "rejected")
    return Ruling(refusal(400, message, plain=source.behaviour.plain_errors), finding, "rejected")


def _debugged(arrival: Arrival, read_: Reading, source: Source) -> Ruling:
    """Answer as the removed Debug API did: 400 with the first reason, nothing delivered."""
    for _, message in read_.items:
        discards = spec.check(message, message_type(message, arrival.route.type))
        if discards:
            first = discards[0]
            said = DEBUG_MESSAGES.get(first.code, first.description)
            other = discard("bad_request", "", "another message of this request was refused")
            answer = refusal(400, said, plain=source.behaviour.plain_errors)
            return Ruling(answer, other, "rejected")
    return _SUCCESS


# Equal texts as one string, as for the names that calls carry.
_TYPES = {type_: type_ for type_ in MESSAGE_TYPES}


def message_type(message: Json, route_type: str) -> str:
    """Return the type that the route names, else the message's own; empty when neither does."""
    if route_type or type(message) is not dict:
        return route_type
    own = message.get("type")
    return _TYPES.get(own, own) if type(own) is str else ""
