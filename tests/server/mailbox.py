"""A mail server on this machine that keeps what it is given."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

#: seconds after which a letter that has not come is missed
PATIENCE = 20


class _Controller(Controller):
    """A server that knows who is connected, and hangs up before it stops: asyncio complains of what is left open."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._sessions: list[Any] = []

    def factory(self) -> Any:
        session = super().factory()
        self._sessions.append(session)
        return session

    def stop(self, no_assert: bool = False) -> None:
        closed = threading.Event()

        def hang_up() -> None:
            for session in self._sessions:
                if session.transport is not None:
                    session.transport.close()
            # What a transport has to do at its end, the loop does in its next round.
            self.loop.call_later(0.02, closed.set)

        self.loop.call_soon_threadsafe(hang_up)
        closed.wait(PATIENCE)
        super().stop(no_assert)


class Mailbox:
    """The server, and the letters in the order in which they came."""

    def __init__(
        self, certificate: Path | None = None, must_encrypt: bool = False, accounts: dict[str, str] | None = None
    ) -> None:
        self._letters: queue.Queue[EmailMessage] = queue.Queue()
        options: dict[str, Any] = {}
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            options = {"tls_context": context, "require_starttls": must_encrypt}
        if accounts is not None:
            options |= {"auth_required": True, "authenticator": lambda *given: _check(accounts, given[-1])}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._controller = _Controller(self, hostname="127.0.0.1", port=port, **options)
        self._controller.start()
        self.url = f"smtp://localhost:{port}"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self._letters.put(message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default))
        return "250 OK"

    def next(self) -> EmailMessage:
        """The letter that came next; waits for it."""
        return self._letters.get(timeout=PATIENCE)

    def is_empty(self) -> bool:
        return self._letters.empty()

    def close(self) -> None:
        self._controller.stop()


def _check(accounts: dict[str, str], given: LoginPassword) -> AuthResult:
    return AuthResult(success=accounts.get(given.login.decode()) == given.password.decode())


def make_certificate(path: Path) -> Path:
    """Write a key and a certificate of this machine that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    return path
