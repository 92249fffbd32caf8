"""Somebody who reads pages: what they may take by their role, and whether pages offer them nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from server.access import IN_COURSE, IN_PORTAL, audience_of
from server.course.membership import find_course, is_at_least, role_in
from server.demo import CODE
from server.models import Role, User
from tests.browser.term import Term

#: links of one page to one route, with other places in their paths, that are followed
FOLLOWED = 4

COLLECT = """() => {
  const there = (address) => new URL(address ?? location.href, location.href);
  const ours = (url) => url.origin === location.origin;
  const links = [...document.querySelectorAll("a[href]")].map((each) => there(each.getAttribute("href")));
  const forms = [...document.forms].map((each) => [each.method, there(each.getAttribute("action"))]);
  const asked = forms.filter(([method]) => method === "get").map(([_, url]) => url);
  const sent = forms.filter(([method]) => method === "post").map(([_, url]) => url);
  return [[...links, ...asked], sent].map((urls) => urls.filter(ours).map((url) => url.pathname + url.search));
}"""


@dataclass
class Reader:
    """An account, by what it is in the portal and in the demo's course."""

    app: Flask
    role: Role
    part: Role | None
    #: addresses that were followed, and what was answered
    followed: dict[str, int] = field(default_factory=dict)

    @classmethod
    def find(cls, term: Term, login: str) -> Reader:
        """The one with this login."""
        with term.portal.database.reader() as session:
            user, course = session.scalars(select(User).where(User.login == login)).one(), find_course(session, CODE)
            assert course is not None
            return cls(term.app, user.role, role_in(session, user, course))

    def may(self, method: str, address: str) -> bool:
        """Whether a route is open to them, as it declares; what is no route is open to nobody."""
        try:
            audience = audience_of(self.app, self._route(method, address))
        except HTTPException:
            return False
        if audience in IN_COURSE:
            return is_at_least(self.part, IN_COURSE[audience])
        return audience not in IN_PORTAL or is_at_least(self.role, IN_PORTAL[audience])

    def _route(self, method: str, address: str) -> str:
        endpoint: str = self.app.url_map.bind("portal").match(urlsplit(address).path, method)[0]
        return endpoint

    def try_offers(self, page: Any) -> list[str]:
        """What the page offers and refuses: links are followed, and of forms it is asked who may send them."""
        links, forms = page.evaluate(COLLECT)
        refused = [f"a form to {each}" for each in forms if not self.may("POST", each)]
        return refused + [
            f"{each}: {status}" for each in self._sample(links) if (status := self._ask(page, each)) > 399
        ]

    def _sample(self, links: list[str]) -> list[str]:
        """All links, but of many that differ in what they are about the first and the last ones."""
        by_route: defaultdict[str, list[str]] = defaultdict(list)
        for each in dict.fromkeys(links):
            # What no route knows is asked for, too: the portal's answer tells what is wrong.
            by_route[self._route("GET", each) if self.may("GET", each) else each].append(each)
        half = FOLLOWED // 2
        return [each for found in by_route.values() for each in dict.fromkeys(found[:half] + found[-half:])]

    def _ask(self, page: Any, address: str) -> int:
        if address not in self.followed:
            # Without a body: the same checks, and nothing to carry.
            self.followed[address] = page.context.request.fetch(address, method="HEAD").status
        return self.followed[address]
