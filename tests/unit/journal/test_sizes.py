"""Which of many is the largest."""

from __future__ import annotations

from mockseg.journal.memory import Sizes


def test_the_largest_is_named():
    """The name with the largest size, whatever order they came in."""
    sizes = Sizes()
    for name, size in (("a", 3), ("b", 5), ("c", 4)):
        sizes.add(name, size)
    assert sizes.largest() == "b"


def test_shrinking_gives_the_place_to_the_next():
    """The largest is found again after it shrank."""
    sizes = Sizes()
    sizes.add("a", 10)
    sizes.add("b", 4)
    sizes.add("a", -9)
    assert sizes.largest() == "b"
    assert (sizes.of("a"), sizes.of("b"), sizes.of("c")) == (1, 4, 0)


def test_of_equal_ones_the_first_is_named():
    """Equal sizes are served in the order in which they reached it."""
    sizes = Sizes()
    sizes.add("a", 2)
    sizes.add("b", 2)
    assert sizes.largest() == "a"
    sizes.add("a", -1)
    sizes.add("a", 1)
    assert sizes.largest() == "b"


def test_a_name_at_zero_is_gone():
    """Nothing is remembered of what has no size."""
    sizes = Sizes()
    sizes.add("a", 2)
    sizes.add("b", 1)
    sizes.add("a", -2)
    assert (sizes.of("a"), sizes.largest()) == (0, "b")


def test_the_lead_is_the_way_down_to_the_next():
    """The largest can give so much before another one is named."""
    sizes = Sizes()
    sizes.add("a", 10)
    assert sizes.lead(3) == 3
    sizes.add("b", 6)
    sizes.add("c", 2)
    assert (sizes.lead(3), sizes.lead(4), sizes.lead(5), sizes.lead(100)) == (3, 4, 4, 4)
    sizes.add("b", 4)
    assert (sizes.lead(1), sizes.lead(100)) == (1, 1)
