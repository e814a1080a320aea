"""Any schema: its opposite has no value of its own, and what is drawn satisfies it."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from mockseg.errors import PlanError
from mockseg.schemas.compiled import compile_schema
from mockseg.schemas.shapes import negate
from mockseg.schemas.values import Builder
from mockseg.traffic.draw import Draw, SeededChooser

SCALARS = st.sampled_from([None, False, True, 0, 1, 2, 1.5, -1, "", "a", "ab", "abc"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
LIMITS = st.integers(0, 3)
LIMITING = (
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
LEAVES = st.one_of(
    st.fixed_dictionaries({"type": TYPES}),
    st.fixed_dictionaries({"type": st.lists(TYPES, min_size=1, max_size=3, unique=True)}),
    st.fixed_dictionaries({"enum": st.lists(SCALARS, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": SCALARS}),
    st.fixed_dictionaries({"required": st.lists(st.sampled_from("ab"), max_size=2, unique=True)}),
    *(st.fixed_dictionaries({keyword: LIMITS}) for keyword in LIMITING),
)
SCHEMAS = st.recursive(
    LEAVES | st.booleans(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"allOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from("ab"), inner)}),
        st.tuples(LEAVES, LEAVES).map(lambda pair: pair[0] | pair[1]),
    ),
    max_leaves=4,
)


@given(SCHEMAS, VALUES)
def test_no_value_satisfies_a_schema_and_its_opposite(schema, value):
    """The opposite may be narrower than it could be, but never wider."""
    whole = schema if isinstance(schema, dict) else {"allOf": [schema]}
    try:
        opposite = negate(whole, file="f", place="$")
    except PlanError:
        return
    if compile_schema({"allOf": [opposite]}).is_valid(value):
        assert not compile_schema(whole).is_valid(value)


@given(SCHEMAS, st.integers(0, 1000))
@example({"type": "number", "exclusiveMaximum": 1}, 1)
def test_every_value_that_is_drawn_satisfies_its_schema(schema, seed):
    """Whatever a seed chooses, the validator agrees."""
    try:
        value = Builder(SeededChooser(Draw(seed)), file="f").build((schema,), place="$")
    except PlanError:
        return
    whole = compile_schema(schema if isinstance(schema, dict) else {})
    for _ in range(5):
        made = value()
        assert whole.is_valid(made), made
