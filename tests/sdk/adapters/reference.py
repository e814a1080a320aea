"""An SDK in one file that does everything right: what others are measured against.

It speaks HTTP by itself, sends one batch after the other, and retries as Segment's newest
SDKs do (facts: what counts as success, retry, drop; ``httpConfig``): 2xx is delivered; 408,
410, 429, 460 and 5xx apart from 501, 505 and 511 are tried again, as is whatever never was
answered; all else is given up. ``Retry-After``, seconds or a date, is waited for and not
counted; other waits double.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import email.utils
import http.client
import itertools
import json
import random
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from cli_contract import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli_contract import Order

__all__ = ["Answer", "Message", "Request", "Sdk", "Spent", "Wire", "over_http"]

Message: TypeAlias = dict[str, Any]

_TYPES = {"identify", "track", "page", "screen", "group", "alias"}
_MOST_MESSAGE_BYTES = 32 * 1024
# Segment takes 500 KB; what frames the messages needs some of it.
_MOST_BATCH_BYTES = 475_000
_MOST_CALLS = 2500
_OVERRIDES = {
    **dict.fromkeys(("408", "410", "429", "460"), "retry"),
    **dict.fromkeys(("501", "505", "511"), "drop"),
}
_RATE_LIMIT = {
    "enabled": True,
    "maxRetryCount": 100,
    "maxRetryInterval": 300,
    "maxRateLimitDuration": 43_200,
}
_BACKOFF = {
    "baseBackoffInterval": 0.5,
    "maxBackoffInterval": 60,
    "maxTotalBackoffDuration": 43_200,
    "jitterPercent": 10,
    "default4xxBehavior": "drop",
    "default5xxBehavior": "retry",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """A request to make.

    Attributes:
        method: GET or POST.
        url: whole.
        headers: by name.
        body: bytes, or None.
        timeout_seconds: after which there is no answer.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    timeout_seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered.

    Attributes:
        status: 0 where there was no answer.
        headers: names in lower case.
        body: as far as it came.
    """

    status: int
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    body: bytes = b""


@dataclasses.dataclass(slots=True)
class Spent:
    """What a batch has cost so far.

    Attributes:
        failures: that count.
        backoff_seconds: waited after them.
        limited: answers that asked to wait.
        limited_seconds: waited because of them.
    """

    failures: int = 0
    backoff_seconds: float = 0.0
    limited: int = 0
    limited_seconds: float = 0.0


Wire: TypeAlias = "Callable[[Request], Answer]"


def over_http(request: Request) -> Answer:
    """Make a request on a connection of its own."""
    parts = urlsplit(request.url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=request.timeout_seconds)
    try:
        connection.request(request.method, parts.path, request.body, request.headers)
        response = connection.getresponse()
        body = b""
        # The status says whether it was delivered, whatever becomes of the rest.
        with contextlib.suppress(OSError, http.client.HTTPException):
            body = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, body)
    except (OSError, http.client.HTTPException):
        return Answer(0)
    finally:
        connection.close()


class Sdk:
    """Carries out one order.

    Args:
        order: what to send.
        wire: makes requests.
        sleep: waits so many seconds.
    """

    def __init__(
        self, order: Order, *, wire: Wire = over_http, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.order = order
        self.wire = wire
        self.sleep = sleep
        self.overrides = dict(_OVERRIDES)
        self.rate_limit = dict(_RATE_LIMIT)
        self.backoff: dict[str, Any] = {**_BACKOFF, "maxRetryCount": order.max_retries}
        self.delivered = 0
        self.errors: list[str] = []

    def run(self) -> Outcome:
        """Send everything; wait until it is delivered or given up."""
        self.configure(self.settings())
        pending: list[Message] = []
        for sequence in self.order.sequences:
            if pending and sequence.delay_seconds >= self.order.flush_interval_seconds:
                self.flush(pending)
                pending = []
            self.sleep(sequence.delay_seconds)
            pending += [self.message(event) for event in sequence.events]
        self.flush(pending)
        return Outcome(self.delivered, self.failure())

    def failure(self) -> str:
        """Say what could not be delivered, or nothing."""
        return self.errors[0] if self.errors else ""

    # Settings

    def settings(self) -> dict[str, Any]:
        """Fetch the settings; without them the defaults hold."""
        if self.order.cdn_host is None:
            return {}
        url = f"{self.order.cdn_host}/v1/projects/{self.order.write_key}/settings"
        answer = self.wire(Request("GET", url, {}, None, self.order.timeout_seconds))
        if answer.status != 200:
            return self.without_settings(answer.status)
        try:
            settings = json.loads(answer.body)
        except ValueError:
            return self.without_settings(answer.status)
        return settings if isinstance(settings, dict) else {}

    def without_settings(self, _status: int) -> dict[str, Any]:
        """Give the settings to go on with when there are none."""
        return {}

    def configure(self, settings: dict[str, Any]) -> None:
        """Adopt what the settings say about retries."""
        config = settings.get("integrations", {}).get("Segment.io", {}).get("httpConfig", {})
        limit, backoff = config.get("rateLimitConfig", {}), config.get("backoffConfig", {})
        self.rate_limit |= limit
        self.backoff |= {key: backoff[key] for key in backoff if key != "statusCodeOverrides"}
        self.overrides |= backoff.get("statusCodeOverrides", {})

    # Messages and batches

    def message(self, event: dict[str, Any]) -> Message:
        """Make a message of an event."""
        if event.get("type") not in _TYPES:
            raise ValueError(f"no type of message: {event.get('type')!r}")
        common = {
            "messageId": str(uuid.uuid4()),
            "timestamp": _now(),
            "context": {"library": {"name": "mockseg-reference", "version": "1.0.0"}},
            "integrations": {},
        }
        context = common["context"] | event.get("context", {})
        return common | event | {"context": context}

    def flush(self, messages: list[Message]) -> None:
        """Send messages, one batch after the other."""
        for batch in self.batches(messages):
            self.deliver(batch)

    def batches(self, messages: list[Message]) -> Iterator[list[Message]]:
        """Cut messages into batches that Segment takes, in order."""
        batch: list[Message] = []
        size = 0
        for message in messages:
            bytes_ = len(json.dumps(message))
            if bytes_ > self.most_message_bytes():
                self.errors.append(f"{message['messageId']} is over 32 KB and was not sent")
                continue
            full = len(batch) >= min(self.order.flush_at, _MOST_CALLS)
            if batch and (full or size + bytes_ > self.most_batch_bytes()):
                yield batch
                batch, size = [], 0
            batch.append(message)
            size += bytes_ + 2
        if batch:
            yield batch

    def most_message_bytes(self) -> int:
        """Give how large a message may be."""
        return _MOST_MESSAGE_BYTES

    def most_batch_bytes(self) -> int:
        """Give how large the messages of a batch may be together."""
        return _MOST_BATCH_BYTES

    # Requests

    def deliver(self, batch: list[Message]) -> None:
        """Send a batch until it is delivered or given up."""
        spent = Spent()
        for attempt in itertools.count():
            answer = self.post(batch, attempt)
            if self.is_delivered(answer.status):
                self.delivered += 1
                return
            wait = self.next_wait(answer, spent)
            if wait is None:
                self.errors.append(f"given up after {answer.status or 'no answer'}")
                return
            self.sleep(wait)

    def post(self, batch: list[Message], attempt: int) -> Answer:
        """Send a batch once."""
        content = json.dumps(self.body(batch, attempt)).encode()
        url = self.order.api_host + "/v1/batch"
        seconds = self.order.timeout_seconds
        return self.wire(Request("POST", url, self.headers(attempt), content, seconds))

    def body(self, batch: list[Message], _attempt: int) -> dict[str, Any]:
        """Give what a request says."""
        return {"batch": batch, "writeKey": self.order.write_key, "sentAt": _now()}

    def headers(self, attempt: int) -> dict[str, str]:
        """Give the headers of a request; the first attempt counts as 0."""
        password = base64.b64encode(f"{self.order.write_key}:".encode()).decode()
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Basic {password}",
            "User-Agent": "mockseg-reference/1.0.0",
        }
        return headers | ({"X-Retry-Count": str(attempt)} if attempt else {})

    # Retries

    def next_wait(self, answer: Answer, spent: Spent) -> float | None:
        """Give the seconds until the next attempt, or None where there is none."""
        if not self.is_retried(answer.status):
            return None
        wait = self.asked_wait(answer)
        if wait is not None:
            spent.failures += self.cost_of_asked_wait()
            spent.limited += 1
            spent.limited_seconds += wait
        else:
            spent.failures += 1
            wait = self.backoff_wait(spent.failures)
            spent.backoff_seconds += wait
        return None if self.is_over_budget(spent) else wait

    def is_over_budget(self, spent: Spent) -> bool:
        """Tell whether a batch is to be given up."""
        return (
            spent.failures > self.backoff["maxRetryCount"]
            or spent.backoff_seconds > self.backoff["maxTotalBackoffDuration"]
            or spent.limited > self.rate_limit["maxRetryCount"]
            or spent.limited_seconds > self.rate_limit["maxRateLimitDuration"]
        )

    def is_delivered(self, status: int) -> bool:
        """Tell whether an answer means that the batch arrived."""
        return 200 <= status < 300

    def is_retried(self, status: int) -> bool:
        """Tell whether a batch that was answered so is sent again; 0 is no answer."""
        if status == 0:
            return True
        behaviour = self.overrides.get(str(status))
        if behaviour is None and status >= 400:
            kind = "default5xxBehavior" if status >= 500 else "default4xxBehavior"
            behaviour = self.backoff[kind]
        return behaviour == "retry"

    def asked_wait(self, answer: Answer) -> float | None:
        """Give the seconds that an answer asks to wait, or None where it does not say."""
        said = answer.headers.get("retry-after", "").strip()
        if not said or not self.rate_limit["enabled"]:
            return None
        if said.isdigit():
            seconds = float(said)
        else:
            try:
                moment = email.utils.parsedate_to_datetime(said)
            except ValueError:
                return None
            seconds = moment.timestamp() - time.time()
        # Waiting no time at all would be a tight loop that nothing ends.
        if seconds <= 0:
            return None
        return min(seconds, self.rate_limit["maxRetryInterval"])

    def cost_of_asked_wait(self) -> int:
        """Give how many retries a wait that was asked for takes from the budget."""
        return 0

    def backoff_wait(self, failures: int) -> float:
        """Give the seconds to wait after so many failures that count."""
        doubled = self.backoff["baseBackoffInterval"] * 2 ** min(failures - 1, 30)
        jitter = 1 + random.random() * self.backoff["jitterPercent"] / 100
        return min(doubled * jitter, self.backoff["maxBackoffInterval"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
