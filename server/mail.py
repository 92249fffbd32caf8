"""Letters on their way: written, handed to the mail server, in the background. Knows no Flask and no database."""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from urllib.parse import unquote, urlsplit

from server.settings import Settings

#: seconds that the mail server may take for one answer
TIMEOUT = 15.0

LOOPBACK = ("localhost", "127.0.0.1", "::1")
PORTS = {"smtp": 587, "smtps": 465}

#: what has a meaning of its own between addresses
SPECIALS = r"[()<>@,:;.\"\[\]\\]+ ?"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Letter:
    """What one person is told."""

    #: whom it is for
    name: str
    email: str
    language: str
    subject: str
    #: plain text
    text: str


@dataclass(frozen=True)
class MailServer:
    """Who takes letters. Everything goes encrypted, except to this very machine."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    #: encrypted from the first byte on, not by STARTTLS
    is_tls: bool = False

    @classmethod
    def read(cls, url: str) -> MailServer:
        """Read ``smtp://user:password@host:587`` or ``smtps://...:465``. Raises ValueError for anything else."""
        address = urlsplit(url)
        if address.scheme not in PORTS or not address.hostname:
            raise ValueError("smtp_url must look like smtp://user:password@host:587 or smtps://user:password@host:465.")
        port = address.port or PORTS[address.scheme]
        user, password = unquote(address.username or ""), unquote(address.password or "")
        return cls(address.hostname, port, user, password, address.scheme == "smtps")

    def send(self, message: EmailMessage) -> None:
        """Hand a letter over. Raises OSError or SMTPException when the server does not take it."""
        with self._connect() as connection:
            if self.user:
                connection.login(self.user, self.password)
            connection.send_message(message)

    def _connect(self) -> smtplib.SMTP:
        if self.is_tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT, context=ssl.create_default_context())
        connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        try:
            connection.ehlo()
            # Where it is not offered, somebody on the way may have struck it out; starttls() then raises.
            if self.host not in LOOPBACK or connection.has_extn("starttls"):
                connection.starttls(context=ssl.create_default_context())
        except BaseException:
            connection.close()
            raise
        return connection


class Post:
    """Sends letters, one after the other, in a thread of its own.

    Pages do not wait for it, and the time that they take does not tell whether there is somebody to write to.
    """

    def __init__(self, settings: Settings) -> None:
        self._server = MailServer.read(settings.smtp_url) if settings.smtp_url else None
        # Links in letters lead to the address that the operator has set: what a request says may be forged.
        self.is_open = bool(self._server and settings.public_url)
        self._sender = settings.mail_from or f"gradiente@{urlsplit(settings.public_url).hostname}"
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="post")
        if self._server and not settings.public_url:
            log.warning("no letters are sent: set public_url, to which their links lead")

    def later(self, write: Callable[[], Letter | None]) -> None:
        """Have a letter written and sent soon; None: there is nobody to write to."""
        if self.is_open:
            self._worker.submit(self._send, write)

    def _send(self, write: Callable[[], Letter | None]) -> None:
        try:
            letter = write()
            if letter is not None and self._server is not None:
                self._server.send(compose(letter, self._sender))
        except Exception:
            # The worker would keep it to itself, and only operators can mend it.
            log.exception("a letter could not be sent")

    def close(self) -> None:
        """Send nothing more; the letter on its way is finished."""
        self._worker.shutdown(cancel_futures=True)


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Make the message that a mail server takes. A line break in a name or an address raises ValueError."""
    message = EmailMessage()
    message["From"] = sender
    # Python loses the quotes of a long name when it folds the line; what is left of these needs none.
    message["To"] = Address(re.sub(SPECIALS, " ", letter.name), addr_spec=letter.email)
    message["Subject"] = letter.subject
    message["Date"] = localtime()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip("> ") or "localhost")
    # No automatic answer is wanted.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message["Content-Language"] = letter.language
    return message
