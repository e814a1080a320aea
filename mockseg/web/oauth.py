"""The token endpoint: an access token for a signed client assertion.

Source: Segment's OAuth page. With a public key configured the assertion's RS256
signature and its times are checked; without one any well-formed request gets a token.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping

from mockseg import json_types
from mockseg.domain.request import Answer
from mockseg.errors import ConfigError

TOKEN_SECONDS = 86_400
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_EXPECTED = {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION_TYPE}
# What of a request may be kept: nothing of this is a secret.
TOKEN_FIELDS = ("grant_type", "client_assertion_type", "scope")
# A clock may be off by so much in either direction.
_LEEWAY_SECONDS = 5


def check_public_key(pem: str, *, file: str) -> None:
    """Check that the configured key can verify RS256.

    Raises:
        ConfigError: it is not the PEM of an RSA public key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ConfigError(
            f"oauth_public_key: {file} is not the PEM of an RSA public key"
            " (-----BEGIN PUBLIC KEY-----)"
        )


def answer_token(form: Mapping[str, str], *, public_key: str | None, now_seconds: float) -> Answer:
    """Answer a token request.

    Args:
        form: its fields.
        public_key: PEM of the RSA key to check assertions against, or None for no check.
        now_seconds: since 1970, by the server's clock.
    """
    for name, expected in _EXPECTED.items():
        if form.get(name) != expected:
            return _error("invalid_request", f"{name} must be {expected}")
    assertion = form.get("client_assertion", "")
    if not assertion:
        return _error("invalid_request", "client_assertion is missing")
    if public_key is not None:
        problem = _problem_of(assertion, public_key, now_seconds)
        if problem is not None:
            return _error(*problem)
    body = {
        "access_token": secrets.token_urlsafe(32),
        "token_type": "Bearer",
        "scope": form.get("scope") or "tracking_api:write",
        "expires_in": TOKEN_SECONDS,
    }
    return Answer(status=200, body=json_types.encode(body))


def _problem_of(assertion: str, public_key: str, now_seconds: float) -> tuple[str, str] | None:
    """Check an assertion; the descriptions are those that the Python SDK looks for."""
    import jwt

    try:
        claims = jwt.decode(
            assertion,
            public_key,
            algorithms=["RS256"],
            # The times are judged below, by mockseg's clock.
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "require": ["iss", "sub", "aud", "iat", "exp", "jti"],
            },
        )
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        # Not everything in a hostile token is met by the library's own errors.
        return "invalid_client", f"the client assertion is not valid: {_one_line(error)}"
    issued, expires = claims["iat"], claims["exp"]
    if not (_is_moment(issued) and _is_moment(expires)):
        return "invalid_request", "iat and exp must be numbers"
    if expires < now_seconds - _LEEWAY_SECONDS:
        return "invalid_request", "Token is expired"
    if issued > now_seconds + _LEEWAY_SECONDS:
        return "invalid_request", "Token used before issued"
    return None


def _is_moment(value: object) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))


def _one_line(error: Exception) -> str:
    return str(error).encode("ascii", "replace").decode().replace("\n", " ")[:200]


def _error(code: str, description: str) -> Answer:
    status = 401 if code == "invalid_client" else 400
    body = {
        "error": code,
        "error_description": description,
        "success": False,
        "code": code,
        "message": description,
    }
    return Answer(status=status, body=json_types.encode(body))
