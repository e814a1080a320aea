"""What the accounts tell Segment."""

from __future__ import annotations

import pytest
from accounts import make_app

from mockseg import identify, track


@pytest.fixture
def client(segment_env):
    """Run the app as it runs in production: configured by its environment."""
    app = make_app()
    with app.test_client() as client:
        yield client
    # The SDK sends from a thread of its own: what it holds belongs to this test.
    app.extensions["segment"].shutdown()


def test_a_visitor_becomes_a_user(client, segment):
    """Sign-up links the anonymous visitor to the new account."""
    client.post("/visits", json={"visitor": "anon-1"})
    client.post("/accounts", json={"visitor": "anon-1", "name": "Ada"})
    segment.assert_called(identify("ada", traits={"plan": "free"}))
    segment.assert_called(track("Signed Up", user_id="ada"), times=1)
    segment.assert_identity_continuity(anonymous_id="anon-1", user_id="ada")


def test_nothing_follows_a_closed_account(client, segment):
    """Who has closed the account is not tracked any more."""
    client.post("/accounts", json={"visitor": "anon-1", "name": "Ada"})
    client.delete("/accounts/ada")
    segment.assert_no_calls_after(track("Account Closed"), within=0.2)


def test_nothing_personal_is_sent(client, segment):
    """No e-mail address and no phone number leaves the app."""
    client.post("/accounts", json={"visitor": "anon-1", "name": "Ada", "mail": "ada@example.com"})
    segment.assert_called(track("Signed Up"))
    segment.assert_no_pii()


def test_the_calls_of_a_sign_up(client, segment):
    """The golden file has all that a sign-up sends; --mockseg-update-goldens writes it."""
    client.post("/accounts", json={"visitor": "anon-1", "name": "Ada"})
    segment.assert_matches_golden("sign_up")
