"""Timestamps for any moment and any text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mockseg.domain.timestamps import format_moment, parse_moment, skew_corrected

SECOND = 1_000_000_000
# The calendar: year 1 to 9999, a day from either end for the offsets.
MOMENTS = st.integers(-62_135_510_400 * SECOND, 253_402_214_400 * SECOND)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@given(MOMENTS)
def test_a_moment_is_read_as_it_was_written(moment):
    """Writing and reading gives the same nanosecond."""
    assert parse_moment(format_moment(moment)) == moment


@given(MOMENTS, OFFSETS, st.integers(0, 9), st.sampled_from(["{}{:02d}:{:02d}", "{}{:02d}{:02d}"]))
def test_an_offset_changes_the_text_and_not_the_moment(moment, offset, digits, form):
    """The same moment in any offset and any precision is read as the same moment."""
    moment -= moment % 10 ** (9 - digits)
    local = format_moment(moment + offset * 60 * SECOND)
    whole, _, fraction = local.removesuffix("Z").partition(".")
    hours, minutes = divmod(abs(offset), 60)
    zone = form.format("-" if offset < 0 else "+", hours, minutes)
    text = whole + (f".{fraction.ljust(9, '0')[:digits]}" if digits else "") + zone
    assert parse_moment(text) == moment


@given(
    MOMENTS,
    st.dictionaries(st.integers(0, 23), st.sampled_from("0123456789-:.,TtZzW+ \u0663"), max_size=2),
)
def test_the_usual_form_is_read_like_any_other(moment, changes):
    """A blank at its end, which is passed over, changes nothing, whatever else is wrong."""
    usual = list(format_moment(moment - moment % 1_000_000))
    for place, character in changes.items():
        usual[place] = character
    text = "".join(usual)
    assert parse_moment(text) == parse_moment(f"{text} ")


@given(
    st.text(max_size=80)
    | st.text("0123456789-+:.,TtZz ", max_size=40)
    | st.none()
    | st.integers()
    | st.lists(st.text())
)
def test_reading_never_raises(value):
    """Whatever stands there is a moment or None, and a moment can be written."""
    moment = parse_moment(value)
    assert moment is None or format_moment(moment).endswith("Z")


@given(MOMENTS, st.integers(-(10**18), 10**18), st.integers(0, 10**15), st.integers(0, 10**12))
def test_a_wrong_clock_does_not_show(happened, skew, waited, travelled):
    """However wrong a client's clock, the corrected time is off by the travel time only."""
    corrected = skew_corrected(
        original_ns=happened + skew,
        sent_ns=happened + waited + skew,
        received_ns=happened + waited + travelled,
    )
    assert corrected == happened + travelled
