"""segment-analytics-python behind the e2e-cli contract, in whichever version is installed.

It knows no CDN: ``cdnHost`` is taken and not used.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cli_contract import Order, Outcome, parser, run
from segment.analytics import consumer
from segment.analytics.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable


def deliver(order: Order) -> Outcome:
    """Track the events and wait until the SDK has delivered or given up all of them."""
    delivered: list[object] = []
    given_up: list[str] = []
    # The SDK tells of what it gave up, and of nothing else.
    consumer.post = _noting(consumer.post, delivered)
    client = Client(
        order.write_key,
        host=order.api_host,
        on_error=lambda error, _batch: given_up.append(str(error) or type(error).__name__),
        upload_size=order.flush_at,
        upload_interval=order.flush_interval_seconds,
        max_retries=order.max_retries,
        timeout=order.timeout_seconds,
    )
    for sequence in order.sequences:
        time.sleep(sequence.delay_seconds)
        for event in sequence.events:
            _track(client, event)
    client.flush()
    client.join()
    return Outcome(len(delivered), given_up[0] if given_up else "")


def _noting(post: Callable[..., Any], delivered: list[object]) -> Callable[..., Any]:
    """Wrap the SDK's own sending: it raises what was not delivered."""

    def noted(*args: Any, **options: Any) -> Any:
        answer = post(*args, **options)
        delivered.append(answer)
        return answer

    return noted


def _track(client: Client, event: dict[str, Any]) -> None:
    """Make the call that an event is."""
    type_, user, anonymous = event.get("type"), event.get("userId"), event.get("anonymousId")
    when = event.get("timestamp")
    common = {
        "context": event.get("context"),
        "timestamp": None if when is None else datetime.fromisoformat(when),
        "integrations": event.get("integrations"),
        "message_id": event.get("messageId"),
    }
    name, category = event.get("name"), event.get("category")
    properties, traits = event.get("properties"), event.get("traits")
    match type_:
        case "identify":
            client.identify(user, traits, anonymous_id=anonymous, **common)
        case "track":
            client.track(user, event.get("event"), properties, anonymous_id=anonymous, **common)
        case "page":
            client.page(user, category, name, properties, anonymous_id=anonymous, **common)
        case "screen":
            client.screen(user, category, name, properties, anonymous_id=anonymous, **common)
        case "group":
            client.group(user, event.get("groupId"), traits, anonymous_id=anonymous, **common)
        case "alias":
            client.alias(event.get("previousId"), user, **common)
        case _:
            raise ValueError(f"no type of message: {type_!r}")


if __name__ == "__main__":
    sys.exit(run(parser().parse_args().input, deliver))
