"""Letters, handed to a real mail server on this machine."""

import ssl
from datetime import UTC, datetime

import pytest

from server.account.letters import write_reset
from server.i18n import Translator
from server.mail import Letter, MailServer, compose
from server.models import User

LETTER = Letter("Ana Conceição", "ana@uni.example", "pt-BR", "Olá", "Você pode.\n")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587)),
        ("smtps://mail.example", MailServer("mail.example", 465, is_tls=True)),
        ("smtp://a%40b:p%2Fw@mail.example:25", MailServer("mail.example", 25, "a@b", "p/w")),
    ],
)
def test_the_address_of_a_mail_server(url, server):
    assert MailServer.read(url) == server


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://:25"])
def test_what_is_no_address_of_a_mail_server_is_refused_at_the_start(url, make_app):
    with pytest.raises(ValueError, match="smtp_url must look like"):
        make_app(SMTP_URL=url, PUBLIC_URL="https://gradiente.example")


def test_a_letter_arrives_as_it_was_written(mailbox):
    MailServer.read(mailbox.url).send(compose(LETTER, "Gradiente <portal@uni.example>"))
    letter = mailbox.next()

    assert letter["From"] == "Gradiente <portal@uni.example>"
    assert letter["To"].addresses[0].addr_spec == "ana@uni.example"
    assert letter["To"].addresses[0].display_name == "Ana Conceição"
    assert letter["Subject"] == "Olá"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "pt-BR"
    assert letter["Message-ID"].strip().endswith("@uni.example>")
    assert letter.get_content() == "Você pode.\n"
    assert letter.get_content_type() == "text/plain"


@pytest.mark.parametrize("name", ["Ana\nBcc: all@uni.example", "Ana\r\n\r\nText"])
def test_no_name_writes_a_header_of_its_own(name):
    with pytest.raises(ValueError):
        compose(Letter(name, "ana@uni.example", "en", "s", "t"), "portal@uni.example")


@pytest.mark.parametrize("name", ['Ana "A" <evil@uni.example>, Bia', "李", "x" * 80, "a,b;c"])
def test_any_other_name_stays_a_name(name):
    assert [
        each.addr_spec
        for each in compose(Letter(name, "ana@uni.example", "en", "s", "t"), "p@uni.example")["To"].addresses
    ] == ["ana@uni.example"]


def test_letters_travel_encrypted_where_the_server_can(make_mailbox, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox = make_mailbox(certificate, must_encrypt=True)
    MailServer.read(mailbox.url).send(compose(LETTER, "portal@uni.example"))

    assert mailbox.next()["Subject"] == "Olá"


def test_a_certificate_that_nobody_vouches_for_gets_no_letter(make_mailbox, certificate):
    mailbox = make_mailbox(certificate, must_encrypt=True)

    with pytest.raises(ssl.SSLCertVerificationError):
        MailServer.read(mailbox.url).send(compose(LETTER, "portal@uni.example"))
    assert mailbox.is_empty()


def test_the_server_is_told_who_sends(make_mailbox, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailbox = make_mailbox(certificate, must_encrypt=True, accounts={"portal": "pass word"})
    MailServer.read(mailbox.url.replace("//", "//portal:pass%20word@")).send(compose(LETTER, "portal@uni.example"))

    assert mailbox.next()["Subject"] == "Olá"


def test_a_letter_speaks_its_readers_language():
    user = User(login="ana", name="Ana")
    until = datetime(2026, 3, 9, 18, 30, tzinfo=UTC)
    letters = {
        tag: write_reset(user, "ana@uni.example", Translator(tag, "America/Sao_Paulo"), "https://x.example/p/t", until)
        for tag in ("en", "pt-BR")
    }

    assert letters["en"].subject == "Gradiente: a new password"
    assert letters["pt-BR"].subject == "Gradiente: uma nova senha"
    assert "\nhttps://x.example/p/t\n" in letters["en"].text
    assert "Mar 9, 2026" in letters["en"].text
    assert "9 de mar. de 2026" in letters["pt-BR"].text
    assert "15:30" in letters["pt-BR"].text
