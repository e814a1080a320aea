"""SDKs that are wrong in one way each. What is not overridden is right.

Every class has the name of its way in ``way`` and says in its docstring what it does wrong.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from cli_contract import Outcome
from reference import Message, Sdk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference import Answer, Spent

__all__ = ["MISTAKES"]


class _Wrong(Sdk):
    way: ClassVar[str]


class NewMessageIds(_Wrong):
    """Mints new messageIds for each retry: what was stored already is stored twice."""

    way = "new-message-ids"

    def body(self, batch: list[Message], attempt: int) -> dict[str, Any]:
        """Give every retry ids of its own."""
        again = [{**message, "messageId": str(uuid.uuid4())} for message in batch]
        return super().body(again if attempt else batch, attempt)


class Retries400(_Wrong):
    """Tries again what was refused for good: 400."""

    way = "retries-400"

    def is_retried(self, status: int) -> bool:
        """Take 400 for a passing trouble."""
        return status == 400 or super().is_retried(status)


class GivesUpOn503(_Wrong):
    """Gives up on 503, which passes."""

    way = "gives-up-on-503"

    def is_retried(self, status: int) -> bool:
        """Take 503 for the end."""
        return status != 503 and super().is_retried(status)


class GivesUpOnReset(_Wrong):
    """Gives up when the connection breaks."""

    way = "gives-up-on-reset"

    def is_retried(self, status: int) -> bool:
        """Take no answer for the end."""
        return status != 0 and super().is_retried(status)


class IgnoresRetryAfter(_Wrong):
    """Does not read Retry-After: it comes again long before it was asked to."""

    way = "ignores-retry-after"

    def asked_wait(self, _answer: Answer) -> float | None:
        """Read nothing."""
        return None


class CountsRetryAfter(_Wrong):
    """Counts waits that were asked for: a rate limit uses up the retries."""

    way = "counts-retry-after"

    def cost_of_asked_wait(self) -> int:
        """Take one."""
        return 1


class NoBackoff(_Wrong):
    """Tries again at once, every time."""

    way = "no-backoff"

    def backoff_wait(self, _failures: int) -> float:
        """Wait for nothing."""
        return 0.0


class ConstantBackoff(_Wrong):
    """Waits the same time before every retry: an ill server is not given more room."""

    way = "constant-backoff"

    def backoff_wait(self, _failures: int) -> float:
        """Wait a fifth of the first wait: a stall does not make the third of it."""
        return super().backoff_wait(1) / 5


class NeverStops(_Wrong):
    """Has no budget: it tries again for as long as it fails."""

    way = "never-stops"

    def is_over_budget(self, _spent: Spent) -> bool:
        """Always go on."""
        return False


class LosesTheLast(_Wrong):
    """Loses the last call of a batch that has several."""

    way = "loses-the-last"

    def batches(self, messages: list[Message]) -> Iterator[list[Message]]:
        """Leave it out."""
        for batch in super().batches(messages):
            yield batch[:-1] or batch


class Reorders(_Wrong):
    """Sends the calls of a batch in the wrong order."""

    way = "reorders"

    def batches(self, messages: list[Message]) -> Iterator[list[Message]]:
        """Turn each batch round."""
        for batch in super().batches(messages):
            yield batch[::-1]


class Invents(_Wrong):
    """Sends the first call of every batch twice, the second time under a new messageId."""

    way = "invents"

    def batches(self, messages: list[Message]) -> Iterator[list[Message]]:
        """Add the call that nobody made."""
        for batch in super().batches(messages):
            yield [*batch, {**batch[0], "messageId": str(uuid.uuid4())}]


class SendsAgain(_Wrong):
    """Sends what was delivered once more."""

    way = "sends-again"

    def deliver(self, batch: list[Message]) -> None:
        """Do it twice."""
        super().deliver(batch)
        super().deliver(batch)


class TooLargeBatches(_Wrong):
    """Cuts batches by count only: a request may be far over 500 KB."""

    way = "too-large-batches"

    def most_batch_bytes(self) -> int:
        """Know no bound."""
        return 2**31


class TooLargeMessages(_Wrong):
    """Sends messages over 32 KB, with which Segment refuses the whole batch."""

    way = "too-large-messages"

    def most_message_bytes(self) -> int:
        """Know no bound."""
        return 2**31


class OverFlushAt(_Wrong):
    """Puts all that is there into one batch, whatever ``flushAt`` says."""

    way = "over-flush-at"

    def batches(self, messages: list[Message]) -> Iterator[list[Message]]:
        """Cut nothing."""
        if messages:
            yield messages


class NoRetryCount(_Wrong):
    """Does not say that a retry is one: X-Retry-Count is missing."""

    way = "no-retry-count"

    def headers(self, _attempt: int) -> dict[str, str]:
        """Call every attempt the first."""
        return super().headers(0)


class StuckRetryCount(_Wrong):
    """Says X-Retry-Count: 1 with every retry."""

    way = "stuck-retry-count"

    def headers(self, attempt: int) -> dict[str, str]:
        """Call every retry the first."""
        return super().headers(min(attempt, 1))


class NoWriteKey(_Wrong):
    """Does not say whose calls these are, neither in the body nor as Basic."""

    way = "no-write-key"

    def body(self, batch: list[Message], attempt: int) -> dict[str, Any]:
        """Leave the key out."""
        return {
            key: value for key, value in super().body(batch, attempt).items() if key != "writeKey"
        }

    def headers(self, attempt: int) -> dict[str, str]:
        """Leave the password out."""
        return {
            key: value for key, value in super().headers(attempt).items() if key != "Authorization"
        }


class NoSentAt(_Wrong):
    """Does not say when it sends: a wrong clock cannot be corrected."""

    way = "no-sent-at"

    def body(self, batch: list[Message], attempt: int) -> dict[str, Any]:
        """Leave it out."""
        return {
            key: value for key, value in super().body(batch, attempt).items() if key != "sentAt"
        }


class IgnoresHttpConfig(_Wrong):
    """Does not do what the CDN's ``httpConfig`` says."""

    way = "ignores-http-config"

    def configure(self, _settings: dict[str, Any]) -> None:
        """Keep the defaults."""


class DiesWithoutSettings(_Wrong):
    """Sends nothing when the settings cannot be fetched."""

    way = "dies-without-settings"

    def without_settings(self, status: int) -> dict[str, Any]:
        """Give up before anything was sent."""
        raise RuntimeError(f"there are no settings: {status}")


class HidesLosses(_Wrong):
    """Says that all went well whatever was lost."""

    way = "hides-losses"

    def run(self) -> Outcome:
        """Call it a success."""
        return Outcome(super().run().sent_batches)


MISTAKES: dict[str, type[Sdk]] = {wrong.way: wrong for wrong in _Wrong.__subclasses__()}
