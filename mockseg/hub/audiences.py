"""Audiences and computed traits of a source: each change brings the calls that Segment makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mockseg import json_types
from mockseg.destinations.audiences import Audience, ComputedTrait
from mockseg.domain.call import call_id
from mockseg.domain.request import Arrival, Route
from mockseg.errors import OperationError
from mockseg.operations.destinations import AudienceChanged

if TYPE_CHECKING:
    from mockseg.hub.hub import Hub
    from mockseg.json_types import JsonObject
    from mockseg.operations.destinations import ChangeAudience


# A computation makes its calls beside what an SDK sends.
_COMPUTED = Route(path="/_mockseg/v1/sources/{writeKey}/audiences", carries="batch")
MOST_OF_A_SOURCE = 1000


class Audiences:
    """The audiences and computed traits of one source, by name."""

    __slots__ = ("audiences", "traits")

    def __init__(self) -> None:
        self.audiences: dict[str, Audience] = {}
        self.traits: dict[str, ComputedTrait] = {}


def change(hub: Hub, asked: ChangeAudience) -> AudienceChanged:
    """Change who is in an audience, or a computed trait, and record the calls that this makes.

    Raises:
        OperationError: 422, it is neither or both, or an id is empty; nothing is changed.
    """
    if (asked.audience is None) == (asked.computed_trait is None):
        _refuse("audience", "say which: one of `audience` and `computedTrait`")
    if asked.members is not None and (asked.enter or asked.leave):
        _refuse("members", "`members` stands beside `enter` or `leave`: say all, or what changes")
    both = set(asked.enter) & set(asked.leave)
    if both:
        _refuse("leave", f'"{min(both)[:100]}" is to enter and to leave')
    source = hub.sources.claim(asked.write_key)
    source.restored("audiences")
    computed = hub.destinations.audiences.setdefault(source.key, Audiences())
    try:
        messages, property_, members = _changed(computed, asked)
    except ValueError as error:
        _refuse("audience" if asked.audience is not None else "computedTrait", str(error))
    names = {each.kind.names[0]: True for each in hub.destinations.of(source.key)}
    calls = []
    for message in messages:
        body = json_types.encode({"batch": [{**message, "integrations": {"All": False} | names}]})
        hub.accept(
            Arrival(
                route=_COMPUTED,
                method="POST",
                path=_COMPUTED.path,
                query="",
                headers=(),
                body=body,
                sent_bytes=len(body),
                key=source.key,
            )
        )
        calls.append(call_id(hub.cursor))
    return AudienceChanged(property=property_, calls=calls, members=list(members))


def _changed(
    computed: Audiences, asked: ChangeAudience
) -> tuple[list[JsonObject], str, tuple[str, ...]]:
    """Carry the change out; give its messages, the property that they carry, and the members."""
    if asked.audience is not None:
        audience = computed.audiences.get(asked.audience)
        if audience is None:
            _check_room(computed)
            audience = Audience(asked.audience, destinations=())
        if asked.members is not None:
            messages = audience.sync(asked.members)
        else:
            messages = [*audience.enter(asked.enter), *audience.leave(asked.leave)]
        computed.audiences[asked.audience] = audience
        return messages, audience.key, audience.members
    name = asked.computed_trait
    assert name is not None  # noqa: S101  (the caller has looked)
    trait = computed.traits.get(name)
    if trait is None:
        _check_room(computed)
        trait = ComputedTrait(name, destinations=())
    messages = trait.sync(asked.values)
    computed.traits[name] = trait
    return messages, trait.key, ()


def _check_room(computed: Audiences) -> None:
    if len(computed.audiences) + len(computed.traits) >= MOST_OF_A_SOURCE:
        _refuse("audience", f"the source has {MOST_OF_A_SOURCE} audiences and traits already")


def _refuse(parameter: str, sentence: str) -> NoReturn:
    raise OperationError(
        sentence, status=422, code="invalid_parameter", details={"parameter": parameter}
    )
