"""The rounds of somebody who may see every page of staff: all of them, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from server.demo import CODE
from tests.browser.reader import Reader
from tests.browser.teacher import Teacher
from tests.browser.term import Term

COURSE = f"/courses/{CODE}"
#: pages that are there from the first day, by name
ALWAYS = {
    "courses": "/courses",
    "course-new": "/courses/new",
    "overview": COURSE,
    "people": f"{COURSE}/people",
    "person-add": f"{COURSE}/people/add",
    "import": f"{COURSE}/people/import",
    "invitations": f"{COURSE}/people/invitations",
    "unopened": f"{COURSE}/people/links",
    "assignments": f"{COURSE}/assignments",
    "assignments-add": f"{COURSE}/assignments/from-catalogue",
    "one-student": f"{COURSE}/assignments/one-student",
    "gradebook": f"{COURSE}/gradebook",
    "submissions": f"{COURSE}/submissions",
    "regrades": f"{COURSE}/regrades",
    "regrade-new": f"{COURSE}/regrades/new",
    "analytics": f"{COURSE}/analytics",
    "similarity": f"{COURSE}/similarity",
    "nbgrader": f"{COURSE}/nbgrader",
    "announcements": f"{COURSE}/announcements",
    "log": f"{COURSE}/log",
    "settings": f"{COURSE}/settings",
    "copy": f"{COURSE}/copy",
    "office": "/office",
    "users": "/office/users",
    "queue": "/office/queue",
    "failures": "/office/failures",
    "exercises": "/office/exercises",
    "exercise": "/office/exercises/backprop",
    "office-log": "/office/log",
    "office-announcements": "/office/announcements",
    "retention": "/office/retention",
}
#: pages about something of the term, by name; its places stand in braces
ABOUT = {
    "person": COURSE + "/people/{member}",
    "person-remove": COURSE + "/people/{member}/remove",
    "assignment": COURSE + "/assignments/sigmoid",
    "terms": COURSE + "/assignments/sigmoid/edit",
    "assignment-remove": COURSE + "/assignments/sigmoid/remove",
    "extensions": COURSE + "/assignments/backprop/extensions",
    "extensions-none": COURSE + "/assignments/sigmoid/extensions",
    "extension": COURSE + "/assignments/backprop/extensions/{extended}",
    "one-student-found": COURSE + "/assignments/one-student?student={extended}",
    "gradebook-student": COURSE + "/gradebook/{login}",
    "gradebook-cell": COURSE + "/gradebook/{login}/backprop",
    "gradebook-nobody": COURSE + "/gradebook?q=xyzzy",
    "submissions-none": COURSE + "/submissions?q=xyzzy",
    "review": COURSE + "/submissions/{reviewed}",
    "review-asked": COURSE + "/submissions/{asked}",
    "review-failed": COURSE + "/submissions/{failed}",
    "rubric": COURSE + "/submissions/rubric/{sigmoid}",
    "regrade": COURSE + "/regrades/{regrade}",
    "regrade-publish": COURSE + "/regrades/{regrade}/all",
    "regrade-give-up": COURSE + "/regrades/{regrade}/cancel",
    "analytics-assignment": COURSE + "/analytics/{sigmoid}",
    "similarity-assignment": COURSE + "/similarity/{sigmoid}",
    "similarity-pair": COURSE + "/similarity/{sigmoid}/{pair[0]}/{pair[1]}",
    "nbgrader-assignment": COURSE + "/nbgrader/assignments/reading-1",
    "nbgrader-nobody": COURSE + "/nbgrader/assignments/reading-1?q=xyzzy",
    "nbgrader-withdraw": COURSE + "/nbgrader/assignments/reading-1/withdraw",
    "nbgrader-take-out": COURSE + "/nbgrader/submissions/{handed_in}/remove",
    "user": "/office/users/{login}",
    "user-delete": "/office/users/{login}/delete",
    "people-found": COURSE + "/people?q=xyzzy",
}
#: a reader's own pages, which know of courses, too
OWN = {
    "catalogue": "/",
    "exercise-page": "/exercises/sigmoid",
    "my-submissions": "/submissions",
    "my-nbgrader": "/nbgrader",
    "account": "/account",
}
#: pages on which it makes a difference that a course is archived
OVER = (
    "courses", "overview", "people", "invitations", "assignment", "review-asked", "nbgrader", "nbgrader-assignment",
    "announcements", "settings",
)  # fmt: skip
ROSTER = "name,email,number\nIvo Neri,ivo@example.org,77\nNobody,not an address,78\n"


class Rounds:
    """Goes from page to page and gives each one's name. What is wrong on the way is noted by the teacher."""

    def __init__(self, teacher: Teacher, term: Term, login: str = "") -> None:
        self.teacher = teacher
        self.term = term
        self.login = login or term.login

    def empty(self) -> Iterator[str]:
        """Where nothing has happened yet."""
        self.log_in()
        yield from self.visit(ALWAYS)

    def full(self) -> Iterator[str]:
        """In the middle of a term; afterwards what forms lead to."""
        self.log_in()
        yield from self.visit(ALWAYS)
        yield from self.visit({name: path.format(**self.term.places) for name, path in ABOUT.items()})
        yield from self.refusals()
        yield from self.once()

    def allowed(self) -> Iterator[str]:
        """Whatever the reader may open."""
        self.log_in()
        reader = Reader.find(self.term, self.login)
        pages = {**OWN, **ALWAYS, **{name: path.format(**self.term.places) for name, path in ABOUT.items()}}
        yield from self.visit({name: path for name, path in pages.items() if reader.may("GET", path)})

    def attending(self) -> Iterator[str]:
        """What a student of the course sees of it."""
        self.log_in()
        yield from self.visit({"course": COURSE, "my-submissions": "/submissions", "my-nbgrader": "/nbgrader"})

    def over(self) -> Iterator[str]:
        """Pages of a course that is archived."""
        self.log_in()
        pages = {name: path.format(**self.term.places) for name, path in {**ALWAYS, **ABOUT}.items() if name in OVER}
        yield from self.visit(pages)

    def invited(self) -> Iterator[str]:
        """Links into the course: opened by a stranger, by an account, by who takes part, and when they work no more."""
        teacher, page = self.teacher, self.teacher.page
        link, last = self.term.invite(), self.term.invite(uses=1)
        page.goto(link)
        yield "stranger"
        teacher.accept(link, "Rui Paz", "rui")
        yield "stranger-joined"
        page.goto(link)
        yield "member"
        teacher.press("Log out")
        page.goto(last)
        teacher.follow("Log in to join with it")
        self.fill_log_in()
        yield "account"
        with self.refused():
            page.goto(self.term.invite(days=-1))
        yield "account-expired"
        page.goto(last)
        teacher.press("Join the course")
        yield "account-joined"
        teacher.press("Log out")
        for name, path in {"used-up": last, "expired": self.term.invite(days=-1)}.items():
            with self.refused():
                page.goto(path)
            yield name

    def log_in(self) -> None:
        """By the form."""
        self.teacher.page.goto("/log-in")
        self.fill_log_in()

    def fill_log_in(self) -> None:
        """The form, where it is open already."""
        page, say = self.teacher.page, self.teacher.say
        self.teacher.label("User name or e-mail address").fill(self.login)
        self.teacher.label("Password").fill(self.term.passwords[self.login])
        page.get_by_role("main").get_by_role("button", name=say("Log in")).click()
        page.get_by_role("button", name=say("Log out"), exact=True).wait_for()

    def visit(self, pages: dict[str, str]) -> Iterator[str]:
        """One after the other."""
        for name, path in pages.items():
            self.teacher.page.goto(path)
            yield name

    @contextmanager
    def refused(self) -> Iterator[None]:
        """The server refuses what happens here, and the browser says so: nothing else may be wrong."""
        before = len(self.teacher.wrong)
        yield
        noted = self.teacher.wrong[before:]
        self.teacher.wrong[before:] = [each for each in noted if " 4" not in each]
        assert noted

    def refusals(self) -> Iterator[str]:
        """Forms with something to mend."""
        teacher, page = self.teacher, self.teacher.page
        page.goto(f"{COURSE}/assignments/sigmoid/edit")
        teacher.label("Points").fill("many")
        page.locator("#closes_at").fill("2020-01-01T00:00")
        with self.refused():
            teacher.press("Save")
        yield "terms-wrong"
        page.goto(f"{COURSE}/assignments/sigmoid/extensions")
        teacher.label("Students").fill("nobody.at.all")
        with self.refused():
            teacher.press("Give it")
        yield "extension-wrong"
        page.goto(f"{COURSE}/regrades/new")
        teacher.label("Certain students").fill("nobody.at.all")
        page.locator("#which-students").check()
        teacher.label("Reason").fill("Who is it?")
        with self.refused():
            teacher.press("Start the regrade")
        yield "regrade-wrong"
        page.goto("/courses/new")
        teacher.label("Title").fill("Deep Learning")
        teacher.label("Code for addresses (optional)").fill("Not a code!")
        with self.refused():
            teacher.press("Make the course")
        yield "course-wrong"
        page.goto(f"{COURSE}/submissions/{self.term.places['reviewed']}")
        teacher.label("Line").fill("9999")
        teacher.label("Remark").fill("Where is this?")
        with self.refused():
            teacher.press("Add the remark")
        yield "remark-wrong"

    def once(self) -> Iterator[str]:
        """What forms lead to, and what is shown once."""
        teacher, page = self.teacher, self.teacher.page
        page.goto(f"{COURSE}/people/import")
        teacher.label("Or paste the table").fill(ROSTER)
        teacher.press("Look at what will happen")
        yield "import-preview"
        page.goto(f"{COURSE}/people/invitations")
        teacher.press("Make the link")
        yield "invitation-made"
        page.goto(f"{COURSE}/people/invitations")
        yield "invitations-made"
        page.goto(f"/office/users/{self.term.places['login']}")
        teacher.press("Make a link to a new password")
        yield "user-link"
        page.goto(f"{COURSE}/people/links")
        teacher.press("Make new links")
        yield "links-made"
        page.goto(f"{COURSE}/assignments/sigmoid/edit")
        teacher.press("Only show what this means")
        yield "terms-shown"
