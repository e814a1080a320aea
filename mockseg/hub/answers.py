"""What requests are answered, by edge.

Success is exactly ``200 {"success":true}``. An error body has the three members that Segment's
has, and with them all that some SDK insists on: Ruby and Java parse any body as an object, Python
before 2.4 wants ``code`` and ``message``, or retries a 400 ten times (facts: traps 5 and 6).
"""

from __future__ import annotations

from mockseg import json_types
from mockseg.domain.findings import Discard
from mockseg.domain.request import Answer

SUCCESS = Answer(status=200, body=b'{"success":true}')

MALFORMED_JSON = "malformed JSON"
MALFORMED_GZIP = "Malformed gzip content"
TOO_LARGE = "Exceed payload limit"
INVALID_KEY = "An invalid write key was provided"

# The one refusal that was JSON in 2018, and without a code.
GZIP_REFUSAL_OF_2018 = Answer(
    status=400, body=b'{"success":false,"message":"Malformed gzip content"}'
)

# What the removed Debug API said (facts: "Debug API"); else the finding's own sentence.
DEBUG_MESSAGES = {
    "event_not_defined": "Missing event key for track call",
    "event_not_string": "Event must be a string",
    "no_user_anon_id": "Missing userId or anonymousId",
    "integrations_not_object": "context integrations must be an object",
    "bad_request": "Invalid JSON",
    "unknown_source": "Missing writeKey",
}

_PLAIN = {
    400: b"Bad Request\n",
    401: b"Unauthorized\n",
    404: b"404 page not found\n",
    405: b"Method Not Allowed\n",
}


def refusal(status: int, message: str, *, code: str = "invalid_request", plain: bool) -> Answer:
    """Make the answer of a refused request.

    Args:
        status: 400 or above.
        message: for the client.
        code: for the client.
        plain: Segment's own plain text instead of JSON, on which some SDKs choke; 400, 401, 404,
            405.
    """
    if plain:
        return Answer(status=status, body=_PLAIN[status], content_type="text/plain; charset=utf-8")
    body = {"success": False, "message": message, "code": code}
    return Answer(status=status, body=json_types.encode(body))


def kind_of(problem: Discard) -> str:
    """Return the words of Segment's edge for a request that could not be read."""
    if problem.code == "payload_too_large":
        return TOO_LARGE
    gzip = problem.description.startswith(MALFORMED_GZIP)
    return MALFORMED_GZIP if gzip else MALFORMED_JSON
