"""Texts of students, wherever pages, JSON and streams show them: text they stay, and nothing of them becomes active.

Each hostile text is put everywhere that a student's text can be, and every page is compared with the one that a
harmless text makes: the same elements, no attribute that is not ours, no address but our own.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote

import pytest
from werkzeug.http import parse_options_header

from grader.report import Verdict
from server.account import tokens
from server.account.identity import find_by_login
from server.context import now
from server.mail import Letter, compose
from server.models import LogIn, Submission
from tests.server.caller import Caller, give_token

#: in every text, so that a page can be asked whether it shows it
MARK = "mark7"
PLAIN = f"plain {MARK}"

HOSTILE = {
    "script": f"<script>alert(1)</script>{MARK}",
    "handler": f"<img src=x onerror=alert(1)>{MARK}",
    "attribute": f"\"'><svg onload=alert(1)><p style='x' {MARK}",
    "attribute without quotes": f"x onmouseover=alert(1) autofocus {MARK}",
    "ends of elements": f"</textarea></title></pre></template></script></noscript><script>alert(1)</script>{MARK}",
    "comment": f"--><!--<script>{MARK}--!><input name=next value=//evil.example>",
    "script link": f"javascript:alert(1)//{MARK}",
    "link": f"<a href='javascript:alert(1)'>{MARK}</a><form action=//evil.example><base href=//evil.example>",
    "entities": f"&lt;script&gt;{MARK}&#60;b&#62;&amp;lt;",
    "template": "{{ 97*998244353 }}{% if 1 %}{{ ''.__class__ }}${97*998244353}#{97*998244353}" + MARK,
    "formats": f"%(login)s %s %d %% %(n)d {{0}} {{name}} {MARK}",
    "bidi": f"{MARK}\u202e\u2066gnp.exe\u2069\u200f",
    "controls": f"{MARK}\x00\x01\x1b[31m\x7f\x85\u2028\u2029\ufeff\ufffe",
    "half a letter": f"{MARK}\ud800",
    "event of a stream": f'{MARK}\r\n\r\nid: 1\ndata: {{"state": "graded"}}\n\nevent: x\r\rretry: 1\n\n',
    "header": f"{MARK}\r\nSet-Cookie: gradiente=x\r\n\r\n<script>alert(1)</script>",
    "very long": "w" * 20_000 + MARK,
}  # fmt: skip

#: attributes that hold addresses, which must be our own
ADDRESSES = {"href", "src", "action", "data-events", "data-state", "data-file", "formaction", "poster", "cite"}


class Page(HTMLParser):
    """What an HTML parser makes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.others: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    unknown_decl = handle_pi = handle_comment

    @property
    def tags(self) -> Counter[str]:
        """How often each element is there; ``span`` is left to the highlighting of code."""
        return Counter(tag for tag, _ in self.elements if tag != "span")

    @property
    def attributes(self) -> set[tuple[str, str]]:
        """Which attributes each element has somewhere."""
        return {(tag, name) for tag, attributes in self.elements for name in attributes}

    def foreign(self) -> list[tuple[str, str, str | None]]:
        """Attributes that lead away from the portal, or that are active in themselves."""
        return [
            (tag, name, value)
            for tag, attributes in self.elements
            for name, value in attributes.items()
            if (name in ADDRESSES and not is_own(tag, value or "")) or name.startswith("on") or name == "style"
        ]


def is_own(tag: str, address: str) -> bool:
    if tag in ("script", "img", "link"):
        return address.startswith("/static/") and ".." not in address
    return address.startswith("#") or (address[:1] == "/" and address[1:2] not in ("/", "\\"))


@dataclass
class Seen:
    """What a student has seen: pages by name, and JSON."""

    pages: dict[str, str] = field(default_factory=dict)
    json: dict[str, Any] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)


class Visitor:
    """Makes an account, puts a text everywhere, and looks everywhere."""

    def __init__(self, app, new_browser, grading, make_result) -> None:
        self.app, self.grading, self.make_result = app, grading, make_result
        self.portal = app.extensions["portal"]
        self.new_browser = new_browser
        self.number = 0

    def visit(self, text: str) -> Seen:
        self.number += 1
        login = f"student{self.number}"
        browser = self.new_browser(self.app.test_client())
        browser.sign_up(login)
        raw = give_token(self.app, login)
        self._rename(login, text)
        seen = Seen()
        for source in ("x = 1\n", f"x = 2\n{text}\n"):
            page = self._grade(browser, seen, text, source)
        self._look_around(browser, seen, text, page)
        self._call(Caller(self.app, raw), seen, page)
        return seen

    def _rename(self, login: str, text: str) -> None:
        """Past all rules for names: what pages show is safe, whatever came into the database."""
        text = storable(text)
        with self.portal.database.write() as session:
            account = find_by_login(session, login)
            account.name, account.email = text, f"{text}-{login}@x.example"
            tokens.make_token(session, account, text, tokens.SCOPES, 7, now())
            session.flush()
            tokens.list_tokens(session, account, now())[0].name = text
            for each in session.query(LogIn):
                each.device = text

    def _grade(self, browser, seen: Seen, text: str, source: str) -> str:
        both = {"en": text, "pt-BR": text}
        texts = {"title": both, "message": both, "hint": both, "traceback": text, "output": text, "group": text}
        curve = {text: [[1.0, 0.5], [2.0, 0.25]]}
        make = self.make_result
        self.grading.tests = (
            make(text, Verdict.FAILED, curve=curve, **texts),
            make("test_b", output=text),
            make("test_c[" + text, Verdict.CRASHED, title={}, hidden=True),
        )
        self.grading.events = [
            {"event": "metric", "test": text, "step": each[0], "values": {text: each[1]}} for each in curve[text]
        ]
        self.grading.changes = {"left_out": (text,), "message": both, "device": text}
        name = clean_for_form(text)
        page = browser.hand_in(name=f"{name}.py", content=source.encode("utf-8", "replace"))
        id = page.rpartition("/")[2]
        seen.pages["waiting"] = browser.read(page)
        self.grading.meanwhile = lambda: self._watch(browser, seen, page)
        self.portal.dispatcher.run_once()
        self.grading.meanwhile = lambda: None
        seen.json["file name"] = self._file_name(id)
        with self.portal.database.write() as session:
            session.get_one(Submission, id).file_name = storable(text) + ".py"
        return page

    def _file_name(self, id: str) -> str:
        with self.portal.database.reader() as session:
            return session.get_one(Submission, id).file_name

    def _watch(self, browser, seen: Seen, page: str) -> None:
        """In the middle of a grading."""
        seen.pages["running"] = browser.read(page)
        seen.json["running"] = browser.get(page + "/state").json
        seen.json["events"] = browser.get("/api/v1" + page + "/events").json
        seen.streams["running"] = browser.get(page + "/events").text

    def _look_around(self, browser, seen: Seen, text: str, page: str) -> None:
        query = quote(text, errors="replace")
        for name, path in {
            "report": page, "receipt": f"{page}/receipt", "history": "/submissions", "account": "/account",
            "exercise": "/exercises/softmax", "code again": "/exercises/softmax?code=last", "list": "/",
            "search": f"/?q={query}", "filter": f"/submissions?exercise={query}", "board": "/leaderboard/softmax",
        }.items():  # fmt: skip
            seen.pages[name] = browser.read(path)
        seen.pages["no such page"] = browser.get(f"/{query}").text
        seen.pages["no such exercise"] = browser.get(f"/exercises/{query}?x={query}").text
        sent = storable(text)
        code = (io.BytesIO(b"x = 3"), "softmax.py")
        for name, path, fields in (
            ("code and file", "/exercises/softmax", {"code": sent, "file": code}),
            ("receipt of somebody", "/receipts/check", {"receipt": sent}),
            ("wrong name", "/account/profile", {"name": sent + "\x00"}),
            ("wrong address", "/account/email", {"email": sent + "@", "email_password": "x"}),
            ("wrong token", "/account/tokens", {"token_name": sent + "\x00", "scope": "read", "days": "7"}),
        ):
            seen.pages[name] = browser.send(path, **fields).text
        stranger = self.new_browser(self.app.test_client())
        seen.pages["log-in"] = stranger.get(f"/log-in?next={query}").text
        for name, path, fields in (
            ("wrong log-in", "/log-in", {"login": sent, "password": sent, "next": sent}),
            ("wrong sign-up", "/sign-up", {"login": sent, "name": sent + "\x00", "email": sent + "@", "password": "x"}),
            ("wrong receipt", "/receipts/check", {"receipt": receipt_with(sent)}),
        ):
            seen.pages[name] = stranger.send(path, **fields).text

    def _call(self, caller: Caller, seen: Seen, page: str) -> None:
        for name, path in {
            "report": page,
            "list": "/submissions",
            "me": "/me",
            "exercise": "/exercises/softmax",
        }.items():
            answer = caller.get(path)
            assert answer.content_type == "application/json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            seen.json[name] = answer.json
        answer = caller.get(page + "/file")
        # A name with a line end, which only a mistake of ours could store, sends no file at all.
        seen.json["header"] = answer.headers["Content-Disposition"] if answer.status_code == 200 else "attachment"


def storable(text: str) -> str:
    """As it can stand in the database and in a form: whole letters."""
    return text.encode("utf-8", "replace").decode()


def clean_for_form(text: str) -> str:
    """A file's name as a form can carry it: a browser writes quotes and line ends in another way."""
    return storable(text).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").replace("/", "_")[:150]


def receipt_with(text: str) -> str:
    facts = ("submission", "student", "exercise", "attempt", "file", "bytes", "sha256", "received", "code")
    return "\n".join(f"{name}: {' '.join(text.split())[:200]}" for name in facts)


@pytest.fixture
def visitor(make_app, new_browser, grading, make_result):
    app = make_app(LEADERBOARD=True, STREAM_SECONDS=0.01, API_PER_MINUTE=100_000)
    return Visitor(app, new_browser, grading, make_result)


HARMLESS: list[Seen] = []


@pytest.fixture
def harmless(visitor):
    if not HARMLESS:  # once for all: it is the same in every portal
        HARMLESS.append(visitor.visit(PLAIN))
    return HARMLESS[0]


SHOWN = ("report", "receipt", "history", "account", "code again", "code and file", "search", "wrong log-in", "running")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_text_stays_a_text(visitor, harmless, kind):
    seen = visitor.visit(HOSTILE[kind])

    check_pages(seen, harmless)
    check_that_it_is_shown(seen, is_long=kind == "very long")
    check_stream(seen, harmless)
    check_json(seen, HOSTILE[kind])
    check_file_name(seen)


def check_pages(seen: Seen, harmless: Seen) -> None:
    """No element more than with a harmless text, and no attribute that is not somewhere among ours."""
    ours = {pair for html in harmless.pages.values() for pair in Page(html).attributes}
    assert seen.pages.keys() == harmless.pages.keys()
    for name, html in seen.pages.items():
        page, model = Page(html), Page(harmless.pages[name])
        assert page.tags == model.tags, name
        assert page.attributes <= ours, name
        assert page.foreign() == [], name
        assert page.others == model.others, name
        assert "96829702241" not in html, name


def check_that_it_is_shown(seen: Seen, is_long: bool) -> None:
    """Otherwise the check above would also pass for pages that show nothing."""
    for name in SHOWN:
        page = Page(seen.pages[name])
        values = [value or "" for _tag, attributes in page.elements for value in attributes.values()]
        is_cut = is_long and name == "search"
        assert is_cut or any(MARK in text for text in [*page.texts, *values]), name


def check_stream(seen: Seen, harmless: Seen) -> None:
    """The stream holds one message, and the drawing in it, which a script puts into the page as it is, is ours."""
    text, state = seen.streams["running"], seen.json["running"]
    [message] = [block for block in text.split("\n\n") if block.startswith("id: ")]
    id, data = message.split("\n")
    assert json.loads(data.removeprefix("data: ")) == state
    assert id.removeprefix("id: ").isalnum()
    assert text.count("\n") == harmless.streams["running"].count("\n")
    assert "\r" not in text

    drawing, model = Page(state["curves"]), Page(harmless.json["running"]["curves"])
    assert drawing.tags == model.tags
    assert drawing.attributes <= model.attributes
    assert drawing.foreign() == drawing.others == []


def check_json(seen: Seen, text: str) -> None:
    """JSON holds the text as it is; half a letter, which fits into no file, is a question mark."""
    test = seen.json["report"]["report"]["tests"][0]
    assert {test["message"], test["hint"], test["output"], test["title"], test["group"]} == {storable(text)}
    assert seen.json["me"]["name"] == storable(text)
    assert MARK in json.dumps(seen.json["events"])


def check_file_name(seen: Seen) -> None:
    """Names lose what is invisible, and one that came into the database past all rules makes no header."""
    name = seen.json["file name"]
    assert name.isprintable()
    assert len(name) <= 120
    assert name.endswith(".py")
    assert not set(name) & set("/\\")

    kind, options = parse_options_header(seen.json["header"])
    assert kind == "attachment"
    assert set(options) <= {"filename"}
    assert not set(seen.json["header"]) & set("\r\n")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_letter_has_no_header_that_is_not_ours(kind):
    letter = Letter(storable(HOSTILE[kind]), "ana@x.example", "en", "Gradiente: your account", "Hello")
    ours = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "MIME-Version"}
    try:
        sent = compose(letter, "gradiente@x.example").as_bytes(policy=policy.SMTP)
    except ValueError:
        return  # a name with a line end sends no letter at all
    read = message_from_bytes(sent, policy=policy.default)

    assert set(read.keys()) <= ours | {"Content-Type", "Content-Transfer-Encoding"}
    assert [each.addr_spec for each in read["To"].addresses] == ["ana@x.example"]


STATEMENTS = {
    "elements": "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> <b onclick=x>b</b> <iframe srcdoc=x>",
    "links": "[a](javascript:alert(1)) [b](  JaVaScRiPt:alert(1)) [c](data:text/html,<script>) [d](vbscript:x) "
             "[e](java&#115;cript:alert(1)) [f](&#x6A;avascript:alert(1)) <javascript:alert(1)> [g](jav\tascript:x)",
    "pictures": "![x](https://evil.example/pixel) ![x](javascript:alert(1)) ![\"onerror=alert(1)](x)",
    "titles": "[a](http://x.example '\" onmouseover=alert(1) x=\"') [b]: http://x \"</a><script>\"\n\n[b]",
    "headings": "## <b onclick=alert(1)>\" id=\"x\" onclick=\"y\n\n### main\n\n#### {{ 97*998244353 }}",
    "code": "```\"><script>alert(1)</script>\n</code></pre><script>\n```\n\n`</code><script>`\n\n    </pre><script>",
    "maths": "$\\text{</mtext></math><script>alert(1)</script>}$ $$\\href{javascript:alert(1)}{x}$$ $\\style{x:y}{z}$ "
             "$\\class{a\" onclick=\"b}{x}$ $\\unicode{x3c}script\\unicode{x3e}$",
    "tables": "| <b onclick=x> | b |\n|:-:|--:|\n| <script> | \"><svg onload=x> |",
    "templates": "{{ 97*998244353 }} {% include '/etc/passwd' %} ${97*998244353} %(login)s",
    "foreign elements": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mtext></math>",
    "hints": "## Hints\n\n<details open ontoggle=alert(1)>\n\n</details></article><script>x</script>",
}  # fmt: skip


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_hostile_statement_is_shown_as_text(app, new_browser, catalogue, kind):
    folder = catalogue.exercises / "softmax"
    title = f"# <script>alert(1)</script> \"'><svg onload=x> {{{{ 97*998244353 }}}} {MARK}\n\n"
    for name in ("README.md", "README.pt-BR.md"):
        (folder / name).write_text(title + STATEMENTS[kind], encoding="utf-8")
    student = new_browser(app.test_client())
    student.sign_up("ana")
    page = student.hand_in()

    for path in ("/exercises/softmax", "/", f"/?q={MARK}", "/submissions", page, "/leaderboard/softmax"):
        html = student.get(path).text
        found = Page(html)
        active = [
            tag for tag, _ in found.elements if tag in ("iframe", "object", "embed", "base", "svg:script", "style")
        ]
        assert active == [], path
        assert [attributes for tag, attributes in found.elements if tag == "script" and not attributes.get("src")] == []
        strange = [each for each in found.foreign() if not str(each[2]).startswith(("http://x", "https://"))]
        assert strange == [], path
        assert [each for each in found.foreign() if each[0] != "a"] == [], path
        assert "96829702241" not in html, path
    assert MARK in unquote(student.get("/").text)
