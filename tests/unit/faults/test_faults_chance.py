"""Chance is a pure function of a seed and of what a message is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockseg.faults.chance import Draw, chance, delay_seconds
from mockseg.faults.effect import Effect, Lognormal, Spread

DRAWS = st.builds(
    Draw,
    st.sampled_from(["track", "page"]),
    st.none() | st.text(max_size=8),
    st.none() | st.text(max_size=8),
    st.integers(0, 10**6),
    st.integers(1, 100),
)


@given(DRAWS, st.integers(0, 2**63 - 1))
def test_the_same_draw_gives_the_same_number(draw, seed):
    """From 0 to below 1, always the same one."""
    number = chance(draw, seed=seed, rule="r", about="hit")
    assert 0 <= number < 1
    assert number == chance(Draw(*draw), seed=seed, rule="r", about="hit")


def test_known_numbers_stay():
    """The same seed gives the same faults in the next release, too."""
    draw = Draw("track", "E", "u1", 0, 1)
    assert chance(draw, seed=1, rule="r", about="hit") == pytest.approx(0.7630332370901184)


def test_each_part_matters():
    """Another seed, rule, purpose, identity, place or attempt is another number."""
    draw = Draw("track", "E", "u1", 0, 1)
    numbers = {
        chance(draw, seed=1, rule="r", about="hit"),
        chance(draw, seed=2, rule="r", about="hit"),
        chance(draw, seed=1, rule="s", about="hit"),
        chance(draw, seed=1, rule="r", about="delay"),
        *(
            chance(other, seed=1, rule="r", about="hit")
            for other in (
                draw._replace(type="page"),
                draw._replace(event="F"),
                draw._replace(event=None),
                draw._replace(user_id="u2"),
                draw._replace(ordinal=1),
                draw._replace(attempt=2),
            )
        ),
    }
    assert len(numbers) == 10


def test_shares_come_out_as_asked():
    """Of many draws about a third is below a third."""
    draws = [Draw("track", "E", "u", number, 1) for number in range(3000)]
    below = sum(chance(draw, seed=5, rule="r", about="hit") < 1 / 3 for draw in draws)
    assert 900 < below < 1100


@given(DRAWS)
def test_spread_delays_stay_within_their_bounds(draw):
    """Uniform between its ends, lognormal over 0 and at most its most."""
    uniform = Effect(delay=Spread(uniform=(0.5, 2)))
    lognormal = Effect(delay=Spread(lognormal=Lognormal(median=1, sigma=5, most=3)))
    assert 0.5 <= delay_seconds(uniform, draw, seed=1, rule="r") <= 2
    assert 0 <= delay_seconds(lognormal, draw, seed=1, rule="r") <= 3
    assert delay_seconds(Effect(delay=7), draw, seed=1, rule="r") == 7
    assert delay_seconds(Effect(status=503), draw, seed=1, rule="r") == 0


def test_the_median_is_in_the_middle():
    """Half of lognormal delays are below their median."""
    effect = Effect(delay=Spread(lognormal=Lognormal(median=0.2)))
    drawn = [
        delay_seconds(effect, Draw("track", "E", "u", n, 1), seed=3, rule="r") for n in range(2000)
    ]
    assert 900 < sum(delay < 0.2 for delay in drawn) < 1100
