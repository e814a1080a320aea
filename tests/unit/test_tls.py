"""Certificates: trust is given once, and any number of servers may start at once."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from mockseg import tls
from mockseg.errors import ServerStartError

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="file modes are POSIX")


def handshake(server: ssl.SSLContext, ca: str, name: str) -> dict[str, Any]:
    """Shake hands over a pair of sockets; give the certificate that the client accepted."""
    client = ssl.create_default_context(cafile=ca)
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(server.wrap_socket, theirs, server_side=True)
        with client.wrap_socket(ours, server_hostname=name) as secure:
            certificate = secure.getpeercert()
        accepted.result().close()
    assert certificate is not None
    return certificate


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_ca_believes_every_loopback_name(
    tmp_path: Path, name: str
) -> None:
    """localhost, 127.0.0.1 and ::1 are valid."""
    material = tls.issue(tmp_path)

    assert material.ca_path == tmp_path / "ca.pem"
    assert handshake(material.context, str(material.ca_path), name)


def test_more_names_can_be_given(tmp_path: Path) -> None:
    """A server that listens elsewhere is valid under that name too."""
    material = tls.issue(tmp_path, names=["mockseg.test", "localhost", "10.0.0.7"])

    assert handshake(material.context, str(material.ca_path), "mockseg.test")


def test_a_name_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    """What cannot stand in a certificate is said so."""
    with pytest.raises(ServerStartError, match="cannot make a certificate for localhost"):
        tls.issue(tmp_path, names=["-not a name-"])


def test_trust_is_given_once(tmp_path: Path) -> None:
    """A second start uses the CA of the first and leaves its file alone."""
    first = tls.issue(tmp_path)
    assert first.ca_path is not None
    content = first.ca_path.read_bytes()

    second = tls.issue(tmp_path)

    assert second.ca_path == first.ca_path
    assert first.ca_path.read_bytes() == content
    assert handshake(second.context, str(first.ca_path), "localhost")


@posix
def test_nobody_else_may_read_the_key(tmp_path: Path) -> None:
    """The key's file has mode 0600 in a folder of mode 0700; the certificate is for all."""
    tls.issue(tmp_path)

    home = tmp_path / "authority-1"
    assert stat.S_IMODE((home / "ca-key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "ca.pem").stat().st_mode) & 0o077 == 0o044


def test_many_starts_at_once_agree_on_one_ca(tmp_path: Path) -> None:
    """Whoever is second uses what the first has made; nothing else is left behind."""
    together = threading.Barrier(8)

    def start(_: int) -> tls.TlsMaterial:
        together.wait()
        return tls.issue(tmp_path / "new")

    with ThreadPoolExecutor(8) as pool:
        materials = list(pool.map(start, range(8)))

    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["authority-1", "ca.pem"]
    for material in materials:
        assert handshake(material.context, str(tmp_path / "new" / "ca.pem"), "localhost")


def test_a_ca_that_expires_soon_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start makes a new one, and publishes its certificate at the same place."""
    tls.issue(tmp_path)
    old = (tmp_path / "ca.pem").read_bytes()
    monkeypatch.setattr(tls, "_LEAST_LEFT", dt.timedelta(days=400_000))
    monkeypatch.setattr(tls, "_expires_soon", lambda home: home.name == "authority-1")

    material = tls.issue(tmp_path)

    assert (tmp_path / "ca.pem").read_bytes() != old
    assert (tmp_path / "ca.pem").read_bytes() == (tmp_path / "authority-2/ca.pem").read_bytes()
    assert handshake(material.context, str(tmp_path / "ca.pem"), "localhost")


def test_how_long_a_ca_has_left_is_read_from_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Near is less than a server's certificate may live."""
    tls.issue(tmp_path)
    home = tmp_path / "authority-1"

    assert tls._expires_soon(home) is False
    monkeypatch.setattr(tls, "_now", lambda: dt.datetime(2999, 6, 1, tzinfo=dt.UTC))
    assert tls._expires_soon(home) is True


def test_a_published_certificate_that_was_lost_is_put_back(tmp_path: Path) -> None:
    """ca.pem follows the authority, whatever somebody did to it."""
    tls.issue(tmp_path)
    (tmp_path / "ca.pem").write_text("nonsense")

    material = tls.issue(tmp_path)

    assert handshake(material.context, str(tmp_path / "ca.pem"), "localhost")


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_a_broken_ca_is_said_with_its_folder(tmp_path: Path, name: str) -> None:
    """The sentence says what to do."""
    tls.issue(tmp_path)
    (tmp_path / "authority-1" / name).write_text("nonsense")

    with pytest.raises(ServerStartError, match=r"authority-1 cannot be read; delete that folder"):
        tls.issue(tmp_path)


def test_a_folder_that_cannot_be_used_is_said_with_the_flag(tmp_path: Path) -> None:
    """A file where the folder should be is one sentence that names --state-dir."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ServerStartError, match=r"cannot keep a CA in .*file.*--state-dir"):
        tls.issue(tmp_path / "file")


def test_strange_folders_beside_the_authorities_do_no_harm(tmp_path: Path) -> None:
    """Only authority-<number> is looked at."""
    (tmp_path / "authority-x").mkdir()
    (tmp_path / "authority-").mkdir()

    tls.issue(tmp_path)

    assert (tmp_path / "authority-1" / "ca.pem").exists()


def test_an_own_certificate_is_used_as_it_is(tmp_path: Path) -> None:
    """--tls-cert and --tls-key: no CA of ours is named."""
    authority = trustme.CA()
    leaf = authority.issue_cert("example.test")
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    leaf.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")

    material = tls.from_files(tmp_path / "both.pem", tmp_path / "both.pem")

    assert material.ca_path is None
    assert handshake(material.context, str(tmp_path / "root.pem"), "example.test")


def test_own_files_that_do_not_fit_are_one_sentence(tmp_path: Path) -> None:
    """Missing, no PEM, a key of another certificate, a key with a password: no prompt, no hang."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority = trustme.CA()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    authority.issue_cert("a.test").cert_chain_pems[0].write_to_path(cert)
    authority.issue_cert("b.test").private_key_pem.write_to_path(key)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")

    with pytest.raises(ServerStartError, match=r"cannot read .*none\.pem: No such file"):
        tls.from_files(tmp_path / "none.pem", key)
    with pytest.raises(ServerStartError, match="it is a device"):
        tls.from_files("/dev/null", key)
    for wrong in (key, locked, nonsense):
        with pytest.raises(ServerStartError, match="are not a certificate and its private key"):
            tls.from_files(cert, wrong)
    with pytest.raises(ServerStartError, match="are not a certificate"):
        tls.from_files(nonsense, key)


def test_the_default_folder_is_the_users_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the system keeps the state of programs."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert tls.default_state_dir().name == "mockseg"
