"""Accounts: a synchronous Flask application with its own client of Segment's SDK."""

from __future__ import annotations

import os

from flask import Flask, jsonify, request
from segment.analytics.client import Client


def make_app() -> Flask:
    """Make the application; host and write key come from the environment."""
    app = Flask(__name__)
    segment = Client(
        os.environ["ACCOUNTS_SEGMENT_WRITE_KEY"],
        host=os.environ["ACCOUNTS_SEGMENT_HOST"],
        upload_interval=0.05,
    )
    app.extensions["segment"] = segment

    @app.post("/visits")
    def visit():
        body = request.get_json()
        segment.page(anonymous_id=body["visitor"], name="Home")
        return jsonify({}), 202

    @app.post("/accounts")
    def sign_up():
        body = request.get_json()
        user = body["name"].lower()
        segment.identify(user, {"plan": "free"}, anonymous_id=body["visitor"])
        segment.track(user, "Signed Up", {"plan": "free"}, anonymous_id=body["visitor"])
        return jsonify({"user": user}), 201

    @app.delete("/accounts/<user>")
    def close(user: str):
        segment.track(user, "Account Closed")
        return "", 204

    return app
