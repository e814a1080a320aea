"""Forty small consumers of events, each with one defect of a kind that issue trackers show."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from corpus import ANSWER, BUTTON, CONSUMERS, GUIDE, ORDER, body, consumer, need

if TYPE_CHECKING:
    from corpus import Message

__all__ = ["CONSUMERS"]


# --- surveys


@consumer("score taken for a string", event=ANSWER)
def score_as_string(messages: list[Message]) -> None:
    """Has the defect: score taken for a string."""
    for message in messages:
        if "score" in body(message):
            int(body(message)["score"].strip())


@consumer("score of zero taken for none", event=ANSWER)
def score_of_zero(messages: list[Message]) -> None:
    """Has the defect: score of zero taken for none."""
    for message in messages:
        if "score" in body(message):
            need(body(message)["score"] or None, "no score")


@consumer("score rounded down", event=ANSWER)
def score_rounded(messages: list[Message]) -> None:
    """Has the defect: score rounded down."""
    for message in messages:
        score = body(message).get("score", 0)
        need(int(score) == score, "lost a part of the score")


@consumer("negative score in an unsigned column", event=ANSWER)
def score_unsigned(messages: list[Message]) -> None:
    """Has the defect: negative score in an unsigned column."""
    for message in messages:
        need(body(message).get("score", 0) >= 0, "out of range")


@consumer("score in a column of 32 bits", event=ANSWER)
def score_of_32_bits(messages: list[Message]) -> None:
    """Has the defect: score in a column of 32 bits."""
    for message in messages:
        need(abs(body(message).get("score", 0)) < 2**31, "out of range")


@consumer("comma in choices", event=ANSWER)
def comma_in_choices(messages: list[Message]) -> None:
    """Has the defect: comma in choices."""
    for message in messages:
        row = ",".join(["answer", str(body(message).get("choices", ""))])
        need(len(row.split(",")) == 2, "another column")


@consumer("question type that is not in the table", event=ANSWER)
def question_type(messages: list[Message]) -> None:
    """Has the defect: question type that is not in the table."""
    known = {"Star Rating", "Number Rating (5)", "Number Rating (10)", "NPS Rating",
             "Emoji Rating", "Emoji Rating (3)", "Emoji Rating (5)", "Multiple Choice",
             "Written Feedback"}  # fmt: skip
    for message in messages:
        need(body(message)["questionType"] in known, "unknown type")


@consumer("emoji score that is not in the table", event=ANSWER)
def emoji_score(messages: list[Message]) -> None:
    """Has the defect: emoji score that is not in the table."""
    known = {"Positive": 5, "Slightly Positive": 4, "Neutral": 3, "Negative": 1}
    for message in messages:
        if "emojiScore" in body(message):
            known[body(message)["emojiScore"]]


@consumer("feedback on several lines", event=ANSWER)
def feedback_lines(messages: list[Message]) -> None:
    """Has the defect: feedback on several lines."""
    for message in messages:
        record = f"feedback={body(message).get('feedback', '')}\n"
        need(record.count("\n") == 1, "another record")


@consumer("every answer has a score", event=ANSWER)
def every_score(messages: list[Message]) -> None:
    """Has the defect: every answer has a score."""
    for message in messages:
        body(message)["score"]


# --- guides


@consumer("userId taken for granted", event=GUIDE)
def missing_user(messages: list[Message]) -> None:
    """Has the defect: userId taken for granted."""
    for message in messages:
        message["userId"].lower()


@consumer("empty name taken for a missing one", event=GUIDE)
def empty_name(messages: list[Message]) -> None:
    """Has the defect: empty name taken for a missing one."""
    for message in messages:
        need(body(message).get("guideName"), "no name")


@consumer("text with a quote written into JSON by hand", event=BUTTON)
def quote_in_json(messages: list[Message]) -> None:
    """Has the defect: text with a quote written into JSON by hand."""
    for message in messages:
        json.loads(f'{{"text": "{body(message)["ctaText"]}"}}', strict=False)


@consumer("action that is not in the table", event=BUTTON)
def unknown_action(messages: list[Message]) -> None:
    """Has the defect: action that is not in the table."""
    known = {"link", "guide", "next", "prev", "step", "finish", "dismiss-hotspot", "js",
             "dismiss-guide", "copy", "survey"}  # fmt: skip
    for message in messages:
        need(body(message)["action"] in known, "unknown action")


@consumer("step is a number", event=BUTTON)
def step_is_number(messages: list[Message]) -> None:
    """Has the defect: step is a number."""
    for message in messages:
        int(body(message)["step"])


@consumer("Url in one name and URL in the table")
def url_in_names(messages: list[Message]) -> None:
    """Has the defect: Url in one name and URL in the table."""
    for message in messages:
        event = message["event"]
        if "url click" in event.lower() and "checklist item" in event:
            need("URL click" in event, "no handler")


@consumer("identity of visitors who are not users", event=GUIDE)
def identity(messages: list[Message]) -> None:
    """Has the defect: identity of visitors who are not users."""
    for message in messages:
        key = message.get("anonymousId") or message.get("user_id")
        need(key, "whose is it?")


@consumer("characters beyond the basic plane", event=GUIDE)
def astral(messages: list[Message]) -> None:
    """Has the defect: characters beyond the basic plane."""
    for message in messages:
        need(all(ord(char) < 0x10000 for char in body(message)["guideName"]), "utf8mb3")


@consumer("fields parted by tabs", event=GUIDE)
def tabs(messages: list[Message]) -> None:
    """Has the defect: fields parted by tabs."""
    for message in messages:
        line = "\t".join(["guide", body(message)["guideName"], body(message)["pageUrl"]])
        need(len(line.split("\t")) == 3, "another column")


@consumer("texts that are trimmed differ from what was sent", event=GUIDE)
def trimmed(messages: list[Message]) -> None:
    """Has the defect: texts that are trimmed differ from what was sent."""
    for message in messages:
        guide = body(message)["guideId"]
        need(guide.strip() == guide, "another guide")


# --- envelope


@consumer("timestamps end in Z", event=GUIDE)
def ends_in_z(messages: list[Message]) -> None:
    """Has the defect: timestamps end in Z."""
    for message in messages:
        if message.get("timestamp"):
            need(message["timestamp"].endswith("Z"), "no UTC")


@consumer("timestamps have milliseconds", event=GUIDE)
def milliseconds(messages: list[Message]) -> None:
    """Has the defect: timestamps have milliseconds."""
    for message in messages:
        if message.get("timestamp"):
            datetime.strptime(message["timestamp"][:23], "%Y-%m-%dT%H:%M:%S.%f")  # noqa: DTZ007


@consumer("timestamp taken for granted", event=GUIDE)
def missing_timestamp(messages: list[Message]) -> None:
    """Has the defect: timestamp taken for granted."""
    for message in messages:
        message["timestamp"][:10]


@consumer("context taken for granted", event=GUIDE)
def missing_context(messages: list[Message]) -> None:
    """Has the defect: context taken for granted."""
    for message in messages:
        message["context"]["integration"]


@consumer("integrations taken for a list of names to send to", event=GUIDE)
def integrations(messages: list[Message]) -> None:
    """Has the defect: integrations taken for a list of names to send to."""
    for message in messages:
        wanted = message.get("integrations") or {"All": True}
        need("All" not in wanted or wanted["All"], "sent although switched off")


@consumer("32 KB is one byte too much", event=GUIDE, feed="edge")
def full_message(messages: list[Message]) -> None:
    """Has the defect: 32 KB is one byte too much."""
    for message in messages:
        need(
            len(
                json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(
                    "utf-8", "replace"
                )
            )
            < 32 * 1024,
            "too large",
        )


@consumer("clock of the client is right", event=GUIDE, feed="edge")
def skewed_clock(messages: list[Message]) -> None:
    """Has the defect: clock of the client is right."""
    for message in messages:
        if message.get("sentAt") and message.get("timestamp"):
            need(message["sentAt"][:10] >= message["timestamp"][:10], "sent before it happened")


@consumer("context is never null", event=GUIDE, feed="edge")
def null_context(messages: list[Message]) -> None:
    """Has the defect: context is never null."""
    for message in messages:
        message.get("context", {}).get("ip")


@consumer("texts that hold a NUL", event=GUIDE, feed="edge")
def nul(messages: list[Message]) -> None:
    """Has the defect: texts that hold a NUL."""
    for message in messages:
        need("\x00" not in str(body(message).get("guideName")), "invalid byte sequence")


@consumer("half of a surrogate pair", event=GUIDE, feed="edge")
def surrogate(messages: list[Message]) -> None:
    """Has the defect: half of a surrogate pair."""
    for message in messages:
        json.dumps(message, ensure_ascii=False).encode()


@consumer("names with dots and dollars", plan="ecommerce", event="Cart Viewed", feed="edge")
def mongo_names(messages: list[Message]) -> None:
    """Has the defect: names with dots and dollars."""
    for message in messages:
        for name in body(message):
            need("." not in name and not name.startswith("$"), "bad field name")


@consumer("names that JavaScript gives to all", plan="ecommerce", event="Cart Viewed", feed="edge")
def prototype(messages: list[Message]) -> None:
    """Has the defect: names that JavaScript gives to all."""
    for message in messages:
        need("__proto__" not in body(message), "polluted")


@consumer("messageId in a column of 64 characters", event=GUIDE, feed="edge")
def message_id(messages: list[Message]) -> None:
    """Has the defect: messageId in a column of 64 characters."""
    for message in messages:
        need(len(message.get("messageId") or "") <= 64, "cut")


@consumer("camel case only", event=GUIDE, feed="edge")
def camel_case_only(messages: list[Message]) -> None:
    """Has the defect: camel case only."""
    for message in messages:
        body(message)["guideId"]


# --- shops and people


@consumer("an order has products", plan="ecommerce", event=ORDER)
def first_product(messages: list[Message]) -> None:
    """Has the defect: an order has products."""
    for message in messages:
        if "products" in body(message):
            body(message)["products"][0]


@consumer("amounts in cents overflow", plan="ecommerce", event=ORDER)
def cents(messages: list[Message]) -> None:
    """Has the defect: amounts in cents overflow."""
    for message in messages:
        total = body(message).get("total", 0)
        if isinstance(total, int | float):
            round(total * 100)
            need(abs(total) < 1e12, "out of range")


# --- sequences


@consumer("delivered twice, counted twice", feed="sequence")
def counted_twice(messages: list[Message]) -> None:
    """Has the defect: delivered twice, counted twice."""
    seen = [message.get("messageId") for message in messages]
    counted = len(seen)
    need(counted == len({one for one in seen if one} | set(range(seen.count(None)))), "twice")


@consumer("completed before it started", feed="sequence")
def out_of_order(messages: list[Message]) -> None:
    """Has the defect: completed before it started."""
    started: set[Any] = set()
    for message in messages:
        name = str(message.get("event"))
        if name.startswith("guide started"):
            started.add(body(message).get("guideId"))
        if name.startswith("guide completed"):
            need(body(message).get("guideId") in started, "was not started")


@consumer("who was anonymous is the same person", plan="ecommerce", feed="sequence")
def anonymous_first(messages: list[Message]) -> None:
    """Has the defect: who was anonymous is the same person."""
    people: dict[Any, Any] = {}
    for message in messages:
        visitor = message.get("anonymousId")
        if visitor:
            user = people.setdefault(visitor, message.get("userId"))
            need(user == message.get("userId"), "two people")


@consumer("names of events in words of letters")
def letters_only(messages: list[Message]) -> None:
    """Has the defect: names of events in words of letters."""
    for message in messages:
        need(re.fullmatch(r"[a-z]+( [a-z]+){1,4} \(userguiding\)", message["event"]), "no handler")


assert len(CONSUMERS) == 40
