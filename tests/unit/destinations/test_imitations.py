"""The table of imitations, and what all of them keep to."""

from __future__ import annotations

import msgspec
import pytest

from mockseg import json_types
from mockseg.destinations.kinds import KINDS, imitation_class

CLASSES = [imitation_class(kind) for kind in KINDS]


@pytest.mark.parametrize("imitation", CLASSES)
def test_setups_have_defaults(imitation):
    """A destination can be made without any setting."""
    assert imitation.setup_type() == imitation.setup_type()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("userleap", {"pageUrlEvents": {"P": "/p"}, "aliasCreatesUsers": False}),
        ("candu", {"anonymousUsers": False}),
        ("userguiding", {"nestedValues": "refuse", "limitsInlet": True}),
        ("webhook", {"sharedSecret": "s", "rejectBadSignatures": True}),
        ("webhook-actions", {"sharedSecret": "s"}),
    ],
)
def test_setups_are_read_from_json(kind, given):
    """In camelCase; unknown names are refused."""
    setup_type = imitation_class(kind).setup_type
    setup = msgspec.convert(given, setup_type)
    assert msgspec.to_builtins(setup) | given == msgspec.to_builtins(setup)
    with pytest.raises(msgspec.ValidationError, match="unknown field `nothing`"):
        msgspec.convert({"nothing": 1}, setup_type)


@pytest.mark.parametrize("imitation", CLASSES)
def test_errors_can_be_sent_as_they_stand(imitation):
    """A body has its type; names are words."""
    for name, answer in imitation.errors.items():
        assert name.replace("_", "").isalpha()
        assert answer.status >= 400
        assert not answer.body or dict(answer.headers)["Content-Type"]


@pytest.mark.parametrize("imitation", CLASSES)
def test_actions_say_what_they_do(imitation):
    """In a sentence, with arguments that JSON can give."""
    for action in imitation.actions.values():
        assert action.summary.endswith(".")
        assert json_types.encode(action.arguments.__struct_encode_fields__)
