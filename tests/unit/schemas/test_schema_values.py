"""Values of a schema: which choices it leaves, told by a chooser that describes them."""

from __future__ import annotations

import sys

import pytest

from mockseg.errors import PlanError
from mockseg.schemas.values import Builder

LARGEST = int(sys.float_info.max)
NUMBER = "(whole None..None | fraction None..None)"


class Words:
    """Says in words what each choice would be made from."""

    named = True

    def anything(self):
        """Say that any value will do."""
        return "any"

    def among(self, values):
        """Say which values there are."""
        return f"among {values}"

    def one_of(self, choices):
        """Say which alternatives there are."""
        return f"({' | '.join(choices)})"

    def changed(self, value, change):
        """Mark what is changed after it is drawn."""
        assert callable(change)
        return f"{value}'"

    def text(self, name, least, most):
        """Say how long a text is, and of which property."""
        return f"text {name} {least}..{most}"

    def formatted(self, kind, name, least, most):
        """Say which format a text has, and how long it is."""
        return None if most == 1 else f"{kind} {name} {least}..{most}"

    def matching(self, pattern, least, most):
        """Say which pattern a text matches, and how long it is."""
        return None if most == 1 else f"/{pattern}/ {least}..{most}"

    def kept(self, value, test, known):
        """Say what must pass a test, and the simplest that does."""
        assert all(map(test, known))
        return f"{value}, such as {known[0]!r}"

    def distinct(self, rows):
        """Say that the items of a list differ."""
        return f"{rows} distinct"

    def whole(self, least, most):
        """Say the limits of a whole number."""
        return f"whole {least}..{most}"

    def fraction(self, least, most, *, above, below):
        """Say the limits of a number, and which of them are excluded."""
        return f"fraction {'>' if above else ''}{least}..{'<' if below else ''}{most}"

    def listed(self, item, least, most, *, unique):
        """Say what a list holds, how many, and whether they differ."""
        if unique and item == "any":
            return None
        return f"[{item}]{least}..{most}{' unique' if unique else ''}"

    def mapping(self, members):
        """Say which properties an object has, and what depends on a choice."""
        choices = (" or ".join(self._members(way) for way in factor) for factor in members.factors)
        whole = " and ".join([self._members(members.always), *choices])
        return f"{whole} {'/'.join(members.order)} {members.least}..{members.most} {members.others}"

    @staticmethod
    def _members(members):
        named = ", ".join(
            f"{name}{'!' if each.required else ''}"
            f"{f'*{each.weight}' if each.weight != 1 else ''}: {each.value}"
            for name, each in members.items()
        )
        return f"{{{named}}}"


@pytest.mark.parametrize(
    ("schema", "choices"),
    [
        ({"type": "integer"}, "whole None..None"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "whole 1..9"),
        ({"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 9}, "whole 2..8"),
        ({"type": "integer", "minimum": 1.5, "maximum": 8.5}, "whole 2..8"),
        ({"type": "number"}, "(whole None..None | fraction None..None)"),
        ({"type": "number", "minimum": 1, "maximum": 2}, "(whole 1..2 | fraction 1.0..2.0)"),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, "fraction >1.0..<2.0"),
        ({"type": "number", "minimum": 1.2, "maximum": 1.8}, "fraction 1.2..1.8"),
        ({"type": "number", "minimum": 1, "maximum": 1}, "(whole 1..1 | fraction 1.0..1.0)"),
        ({"type": "number", "multipleOf": 0.25, "minimum": 1, "maximum": 2}, "whole 4..8'"),
        (
            {"type": "number", "multipleOf": 0.25, "exclusiveMinimum": 1, "exclusiveMaximum": 2},
            "whole 5..7'",
        ),
        ({"type": "integer", "multipleOf": 0.5, "maximum": 3}, "whole -1000000000..3'"),
        (
            {"type": "integer", "multipleOf": 2, "minimum": 3000000000},
            "whole 1500000000..2500000000'",
        ),
        (
            {"type": "integer", "multipleOf": 2, "maximum": -3000000000},
            "whole -2500000000..-1500000000'",
        ),
        (
            {"allOf": [{"type": "integer", "multipleOf": 2}, {"multipleOf": 3}]},
            "whole -1000000000..1000000000'",
        ),
        ({"type": "string"}, "text  0..None"),
        ({"type": "string", "minLength": 2, "maxLength": 5}, "text  2..5"),
        ({"type": "string", "format": "email", "maxLength": 20}, "email  0..20"),
        ({"type": "string", "format": "phone"}, "text  0..None"),
        ({"type": "string", "format": "iri"}, "iri  0..None"),
        ({"type": "string", "pattern": "^a"}, "/^a/ 0..None"),
        ({"type": "string", "allOf": [{"pattern": "a"}, {"pattern": "a"}]}, "/a/ 0..None"),
        (
            {"type": "string", "format": "date", "pattern": "^2000-01-01$"},
            "date  0..None, such as '2000-01-01'",
        ),
        (
            {"type": "string", "pattern": "^a+$", "maxLength": 2, "allOf": [{"pattern": "a"}]},
            "/^a+$/ 0..2, such as 'a'",
        ),
        (
            {"type": "string", "not": {"pattern": "^$"}, "maxLength": 1},
            "text  0..1, such as '-'",
        ),
        (
            {"type": "array", "uniqueItems": True, "items": [{"type": "null"}], "maxItems": 1},
            "{0!: among [None]} 0 0..None None' distinct",
        ),
        ({"type": "boolean"}, "among [False, True]"),
        ({"type": "null"}, "among [None]"),
        ({"type": ["string", "null"]}, "(text  0..None | among [None])"),
        ({"type": ["integer", "number"]}, "(whole None..None | fraction None..None)"),
        ({"enum": [1, "a", None]}, "among [1, 'a', None]"),
        ({"enum": [1, "a", None], "type": "string"}, "among ['a']"),
        ({"const": [1]}, "among [[1]]'"),
        ({"enum": [1, 2], "const": 2}, "among [2]"),
        ({"enum": [1, 1.0, 2]}, "among [1, 2]"),
        ({"type": "boolean", "not": {"enum": [True]}}, "among [False]"),
        ({"type": "string", "not": {"enum": ["a"]}}, "text  0..None'"),
        ({"type": "array"}, "[any]0..6"),
        ({"type": "array", "items": {"type": "null"}, "minItems": 2}, "[among [None]]2..6"),
        ({"type": "array", "items": {"type": "null"}, "minItems": 4}, "[among [None]]4..8"),
        ({"type": "array", "maxItems": 9, "items": {"type": "null"}}, "[among [None]]0..9"),
        (
            {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2, 3]}},
            "[among [1, 2, 3]]0..3 unique",
        ),
        (
            {"type": "array", "uniqueItems": True, "minItems": 3, "items": {"enum": [1, 2, 3]}},
            "[among [1, 2, 3]]3..3 unique",
        ),
        ({"type": "array", "items": False}, "among [[]]'"),
        ({"type": "object"}, "{}  0..None any"),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "null"}, "b": {"type": "string"}},
                "required": ["b"],
            },
            "{a: among [None], b!: text b 0..None} a/b 0..None any",
        ),
        ({"type": "object", "properties": {"a": False}}, "{} a 0..None any"),
        ({"type": "object", "additionalProperties": False}, "{}  0..None None"),
        (
            {"type": "object", "required": ["x"], "additionalProperties": {"type": "null"}},
            "{x!: among [None]} x 0..None among [None]",
        ),
        ({"type": "object", "minProperties": 1, "maxProperties": 3}, "{}  1..3 any"),
        (
            {
                "type": "object",
                "properties": {"k": {"enum": ["a", "b"]}},
                "if": {"properties": {"k": {"const": "a"}}, "required": ["k"]},
                "then": {"required": ["x"]},
                "else": {"properties": {"x": False}},
            },
            "{} and {k!: among ['a'], x!: any} or {k!: among ['b']} or {} k/x 0..None any",
        ),
        (
            {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "{} and {a!: any} or {b!: any} a/b 0..None any",
        ),
        (
            {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "{} and {a!: any} or {b!: any} a/b 0..None any",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "(text  0..None | among [None])"),
        (
            {"type": "object", "dependencies": {"a": ["b"]}},
            "{} and {} or {a!: any, b!: any} a/b 0..None any",
        ),
        (
            {
                "allOf": [
                    {"type": "string", "minLength": 2},
                    {"minLength": 3, "maxLength": 7},
                    {"maxLength": 9},
                ]
            },
            "text  3..7",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"enum": [1, 2, 3, 4, 5]}},
                "oneOf": [
                    {"properties": {"a": {"enum": [1]}}, "required": ["a"]},
                    {"properties": {"a": {"enum": [2, 3, 4, 5]}}, "required": ["a"]},
                ],
            },
            "{} and {a!: among [1]} or {a!*2: among [2, 3, 4, 5]} a 0..None any",
        ),
        (
            {"not": {"type": "string"}},
            "(among [None] | among [False, True] | " + NUMBER + " | [any]0..6 | {}  0..None any)",
        ),
        ({"type": "string", "not": {"minLength": 3}}, "text  0..2"),
        (
            {
                "type": "object",
                "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
                "dependencies": {"c": ["d"]},
            },
            "{} and {a!: any} or {b!: any} and {} or {c!: any, d!: any} a/b/c/d 0..None any",
        ),
        (
            {
                "type": "object",
                "maxProperties": 3,
                "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
            },
            "({a!: any} a 0..3 any | {b!: any} b 0..3 any)",
        ),
        (
            {"type": "array", "uniqueItems": True, "items": {"enum": [1, 1.0]}},
            "[among [1]]0..1 unique",
        ),
        ({"enum": [1, 2], "not": {"enum": [1.0]}}, "among [2]"),
        (
            {"type": "number", "maximum": 9007199254740993},
            "(whole None..9007199254740993 | fraction None..9007199254740992.0)",
        ),
        (
            {"type": "number", "minimum": 9007199254740993},
            "(whole 9007199254740993..None | fraction 9007199254740994.0..None)",
        ),
        (
            {
                "allOf": [
                    {"type": "number", "minimum": 1},
                    {"exclusiveMinimum": 1},
                    {"maximum": 5},
                    {"exclusiveMaximum": 6},
                ]
            },
            "(whole 2..5 | fraction >1.0..5.0)",
        ),
        (
            {
                "allOf": [
                    {"type": "number", "exclusiveMinimum": 1},
                    {"minimum": 1},
                    {"exclusiveMaximum": 5},
                    {"maximum": 5},
                ]
            },
            "(whole 2..4 | fraction >1.0..<5.0)",
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"type": "null"}},
                "additionalProperties": False,
                "allOf": [{"properties": {"b": {"type": "string"}}}],
            },
            "{a: among [None]} a/b 0..None None",
        ),
        ({"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}]}, "among [2, 3]"),
        ({"enum": [1, "a", {"b": 1}], "not": {"const": 1}}, "among ['a', {'b': 1}]'"),
        (
            {
                "type": "object",
                "oneOf": [
                    {"properties": {"k": {"const": "a"}}, "required": ["k"]},
                    {"properties": {"k": {"const": "b"}}, "required": ["k"]},
                ],
                "properties": {"k": {"type": "string"}},
                "required": ["k"],
            },
            "{} and {k!: among ['a']} or {k!: among ['b']} k 0..None any",
        ),
        (
            {"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}},
            "{} and {a!: any, b!: any} or {} a/b 0..None any",
        ),
        (
            {"type": "object", "if": {"required": ["a"]}, "else": {"required": ["b"]}},
            "{} and {a!: any} or {b!: any} a/b 0..None any",
        ),
        ({"type": "object", "if": {"required": ["a"]}}, "{}  0..None any"),
        (
            {
                "anyOf": [
                    {"type": "string", "minLength": 2},
                    {"type": "string", "maxLength": 1},
                    {"type": "integer"},
                ],
                "type": ["string", "integer"],
            },
            "(text  2..None | text  0..1 | whole None..None)",
        ),
        (
            {
                "type": "object",
                "dependencies": {"a": {"required": ["b"], "properties": {"b": {"type": "null"}}}},
            },
            "{} and {} or {b!: among [None], a!: any} a/b 0..None any",
        ),
        ({"type": "integer", "minimum": 0, "maximum": 10, "not": {"minimum": 5}}, "whole 0..4"),
        ({"type": "integer", "not": {"maximum": 5}}, "whole 6..None"),
        ({"type": "integer", "not": {"exclusiveMinimum": 5}}, "whole None..5"),
        ({"type": "integer", "not": {"exclusiveMaximum": 5}}, "whole 5..None"),
        ({"type": "array", "not": {"minItems": 2}}, "[any]0..1"),
        (
            {"type": "array", "not": {"maxItems": 2}, "items": {"type": "null"}},
            "[among [None]]3..6",
        ),
        ({"type": "object", "not": {"minProperties": 2}}, "{}  0..1 any"),
        ({"type": "object", "not": {"maxProperties": 2}}, "{}  3..None any"),
        ({"type": "string", "not": {"maxLength": 2}}, "text  3..None"),
        (
            {"not": {"type": ["string", "null", "array", "object"]}},
            "(among [False, True] | (whole None..None | fraction None..None))",
        ),
        (
            {"not": {"type": "integer"}},
            "(among [None] | among [False, True] | text  0..None | [any]0..6 | {}  0..None any)",
        ),
        (
            {"not": {"type": ["integer", "number", "string", "null", "boolean"]}},
            "([any]0..6 | {}  0..None any)",
        ),
        ({"type": "object", "not": {"required": ["a", "b"]}}, "{} and {} or {} a/b 0..None any"),
        (
            {"type": "object", "not": {"properties": {"a": {"const": 1}}}},
            "{a!: (among [None] | among [False, True] | text a 0..None' | "
            + NUMBER
            + "' | [any]0..6 | {}  0..None any)} a 0..None any",
        ),
        (
            {"type": ["string", "null"], "not": {"allOf": [{"type": "string"}, {"minLength": 2}]}},
            "(among [None] | text  0..1)",
        ),
        (
            {"type": ["string", "null"], "not": {"anyOf": [{"type": "null"}, {"minLength": 2}]}},
            "text  0..1",
        ),
        ({"type": ["string", "null"], "not": {"not": {"type": "null"}}}, "among [None]"),
        ({"type": "string", "not": {"title": "x", "x-y": 1, "type": "null"}}, "text  0..None"),
        ({"not": False, "type": "null"}, "among [None]"),
        (
            {
                "type": "object",
                "allOf": [
                    {"anyOf": [{"minProperties": 2}, {"required": ["a"]}]},
                    {"anyOf": [{"required": ["b"]}, {"required": ["c"]}]},
                ],
            },
            (
                "({b!: any} b 2..None any | {c!: any} c 2..None any"
                " | {a!: any, b!: any} a/b 0..None any | {a!: any, c!: any} a/c 0..None any)"
            ),
        ),
    ],
)
def test_a_schema_leaves_these_choices(schema, choices):
    """`!` is required, `*2` drawn more often, `'` changed afterwards; the rest are limits."""
    assert Builder(Words(), file="f").build((schema,), place="$") == choices


@pytest.mark.parametrize(
    ("limits", "choices"),
    [
        ({"minimum": 10**309}, f"whole {10**309}..None"),
        ({"maximum": -(10**309)}, f"whole None..{-(10**309)}"),
        ({"maximum": 10**309}, f"(whole None..{10**309} | fraction None..None)"),
        ({"minimum": -(10**309)}, f"(whole {-(10**309)}..None | fraction None..None)"),
        # The largest double is one less.
        ({"minimum": LARGEST + 1}, f"whole {LARGEST + 1}..None"),
    ],
)
def test_no_fraction_is_drawn_beyond_the_doubles(limits, choices):
    """Whole numbers have no end; other numbers do."""
    assert Builder(Words(), file="f").build(({"type": "number", **limits},), place="$") == choices


@pytest.mark.parametrize(("least", "limits"), [(3, {"minItems": 3}), (0, {})])
def test_items_that_the_chooser_cannot_make_differ_are_refused(least, limits):
    """The chooser says that there are too few; the error names how many are wanted."""
    schema = {"type": "array", "uniqueItems": True, **limits}
    with pytest.raises(PlanError, match=f"it wants {least} items that differ"):
        Builder(Words(), file="f").build((schema,), place="$")


def test_too_many_alternatives_are_refused():
    """Eleven conditions about the same property would be 2,048 of them."""
    choice = {"anyOf": [{"required": ["a"]}, {"minProperties": 1}]}
    names = [f"p{number}" for number in range(12)]
    schema = {
        "type": "object",
        "allOf": [
            {"anyOf": [{"required": ["a", name]}, {"required": ["a"], "maxProperties": number}]}
            for number, name in enumerate(names, 30)
        ]
        + [choice],
    }
    with pytest.raises(PlanError, match="the conditions allow more than 2000 alternatives"):
        Builder(Words(), file="f").build((schema,), place="$")
