"""Certificates, because Kotlin, Swift, C#, PHP and (in effect) Ruby speak https only.

A CA of one's own is made once and kept in the user's state folder, so that trust is
given once; at each start it signs a certificate for ``localhost``, ``127.0.0.1`` and
``::1``. In the folder::

    ca.pem                    what SDKs are told to trust; the newest CA's certificate
    authority-1/ca.pem        the first CA, and its key (mode 0600)
    authority-1/ca-key.pem
    authority-2/...           the one that was made when the first was about to expire

An authority appears whole, by renaming a folder, so any number of servers may start at
the same moment: the second uses what the first has made.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import shutil
import ssl
import tempfile
from collections.abc import Iterable
from pathlib import Path

import trustme

from mockseg.clock import NANOSECONDS, SystemClock
from mockseg.errors import ServerStartError, UnreadableFileError
from mockseg.files import read_bytes

NAMES = ("localhost", "127.0.0.1", "::1")
_PREFIX = "authority-"
# The longest life that Apple's platforms accept of a certificate is 825 days; 397 is
# what public ones may have. A new one is made at each start.
_LIFE = dt.timedelta(days=397)
# A server's certificate must not outlive its CA.
_LEAST_LEFT = _LIFE + dt.timedelta(days=30)


@dataclasses.dataclass(frozen=True, slots=True)
class TlsMaterial:
    """What a server needs to speak https, and its clients to believe it.

    Attributes:
        context: for the server's socket.
        ca_path: the certificate to trust, a PEM file; None with certificates of the user's own.
    """

    context: ssl.SSLContext
    ca_path: Path | None


def default_state_dir() -> Path:
    import platformdirs

    return Path(platformdirs.user_state_dir("mockseg", appauthor=False))


def issue(state_dir: Path | None = None, *, names: Iterable[str] = ()) -> TlsMaterial:
    """Make a certificate for this start, signed by the CA in the state folder.

    Args:
        state_dir: the user's state folder by default.
        names: host names and addresses it is valid for besides :data:`NAMES`.

    Raises:
        ServerStartError: the folder or a CA in it cannot be used, or a name is invalid.
    """
    folder = (state_dir or default_state_dir()).absolute()
    try:
        authority = _authority(folder)
    except OSError as error:
        raise ServerStartError(
            f"cannot keep a CA in {folder}: {error.strerror or error};"
            " name another folder with --state-dir or MOCKSEG_STATE_DIR"
        ) from None
    now = _now()
    identities = dict.fromkeys((*NAMES, *names))
    try:
        leaf = authority.issue_cert(
            *identities,
            common_name="localhost",
            organization_name="mockseg",
            organization_unit_name="local server",
            not_before=now - dt.timedelta(days=1),
            not_after=now + _LIFE,
        )
    except ValueError as error:
        raise ServerStartError(
            f"cannot make a certificate for {', '.join(identities)}: {error}"
        ) from None
    context = _context()
    leaf.configure_cert(context)
    return TlsMaterial(context=context, ca_path=folder / "ca.pem")


def from_files(cert: str | Path, key: str | Path) -> TlsMaterial:
    """Use a certificate of the user's own.

    Args:
        cert: the certificate and what leads to its CA, a PEM file.
        key: its private key, a PEM file without a password.

    Raises:
        ServerStartError: a file cannot be read, is something else, or the two do not match.
    """
    for path in (cert, key):
        try:
            read_bytes(path)
        except UnreadableFileError as error:
            raise ServerStartError(str(error)) from None
    context = _context()
    try:
        # With the empty password OpenSSL refuses a locked key instead of asking for it.
        context.load_cert_chain(cert, key, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise ServerStartError(
            f"{cert} and {key} are not a certificate and its private key, both PEM,"
            f" the key without a password ({str(reason).replace('_', ' ').lower()})"
        ) from None
    return TlsMaterial(context=context, ca_path=None)


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _authority(folder: Path) -> trustme.CA:
    """Return the newest CA of the folder; make one if none exists or it expires soon."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        number = _newest(folder)
        home = folder / f"{_PREFIX}{number}"
        if number == 0 or _expires_soon(home):
            _make(folder, folder / f"{_PREFIX}{number + 1}")
            continue
        authority = _load(home)
        _publish(home / "ca.pem", folder / "ca.pem")
        # Another start may have made a newer one meanwhile, and published it before us.
        if _newest(folder) == number:
            return authority


def _newest(folder: Path) -> int:
    """Return the highest number of an authority, 0 if none exists."""
    numbers = [path.name.removeprefix(_PREFIX) for path in folder.glob(f"{_PREFIX}*")]
    return max((int(number) for number in numbers if _is_number(number)), default=0)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _expires_soon(home: Path) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate((home / "ca.pem").read_bytes())
    except ValueError:
        raise _unreadable(home) from None
    return certificate.not_valid_after_utc - _now() < _LEAST_LEFT


def _load(home: Path) -> trustme.CA:
    import trustme

    try:
        return trustme.CA.from_pem(
            (home / "ca.pem").read_bytes(), (home / "ca-key.pem").read_bytes()
        )
    except (ValueError, TypeError):
        # TypeError: the key has a password.
        raise _unreadable(home) from None


def _unreadable(home: Path) -> ServerStartError:
    return ServerStartError(
        f"the CA in {home} cannot be read; delete that folder, and a new CA is made"
    )


def _make(folder: Path, home: Path) -> None:
    """Make a CA at ``home``, unless another start has just done so."""
    import secrets

    import trustme

    # A CA that can sign no further CA: what is trusted shall be able to do little.
    authority = trustme.CA(
        path_length=0,
        organization_name="mockseg",
        organization_unit_name=f"local CA {secrets.token_hex(4)}",
    )
    draft = Path(tempfile.mkdtemp(dir=folder, prefix=".draft-"))
    try:
        _write(draft / "ca.pem", authority.cert_pem.bytes(), mode=0o644)
        _write(draft / "ca-key.pem", authority.private_key_pem.bytes(), mode=0o600)
        try:
            # Refused when it is there already, because a folder in use is not empty.
            draft.rename(home)
        except OSError:
            if not (home / "ca-key.pem").exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _publish(certificate: Path, place: Path) -> None:
    """Write the certificate where SDKs are told to look for it, in one step."""
    content = certificate.read_bytes()
    with contextlib.suppress(FileNotFoundError):
        if place.read_bytes() == content:
            return
    _write(place, content, mode=0o644)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file in one step."""
    # A name of its own for each: two threads of one process may be here at once.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def _now() -> dt.datetime:
    return dt.datetime.fromtimestamp(SystemClock().now_ns() / NANOSECONDS, tz=dt.UTC)
