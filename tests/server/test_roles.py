"""Every route, taken as everybody: each lets in whom its audience says, and nobody gets at what is another's.

A new route needs a line in ``CASES``. What it answers to whom is not written there: it follows from its audience.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.routing import Rule

from server.access import Audience, audience_of
from server.api.operation import Operation
from server.models import LogIn, Role
from tests.server.world import (
    ALLOWED,
    EVERYBODY,
    FORBIDDEN,
    MISSING,
    NO_TOKEN,
    OWNER,
    TO_LOG_IN,
    Case,
    Who,
    World,
    packed,
)

SLUG = {"slug": "softmax"}
MINE = Case({"id": "SUBMISSION"}, is_own=True)

#: arguments that name no thing of a course
PLAIN = ("what", "filename", "version")
#: solutions are compared with those of other courses in which the reader is staff, as administrators are everywhere
ACROSS = ("GET similarity.pair", "right")

ASSIGNMENT, LOGIN = {"id": "ASSIGNMENT"}, {"login": "LOGIN"}
#: an exercise that is assigned
GIVEN = {"slug": "SLUG"}
CELL = {"login": "LOGIN", "slug": "SLUG"}
MEMBER = {"member": "MEMBER"}
SOME_SUBMISSION = {"id": "SUBMISSION"}
REGRADE = {"regrade": "REGRADE"}
#: of nbgrader
HANDOUT, HANDED_IN = {"assignment": "HANDOUT"}, {"id": "HANDED IN"}
MY_HANDED_IN = Case(HANDED_IN, is_own=True)
ARCHIVE, FEEDBACK = (b64encode(packed(name)).decode() for name in ("p1.ipynb", "p1.html"))
#: somebody's account, as administrators see it
ACCOUNT = {"login": OWNER}

CASES = {
    "GET static": Case({"filename": "style.css"}),
    "GET health.alive": Case(),
    "GET health.ready": Case(),
    "GET health.metrics": Case(status=404),  # nobody has shown the token: see test_metrics.py
    "GET catalogue.index": Case(),
    "GET exercises.show": Case(SLUG),
    "GET exercises.download_folder": Case(SLUG),
    "GET exercises.download_notebook": Case(SLUG),
    "POST exercises.submit": Case(SLUG, {"code": "x = 1"}, 302),
    "GET submissions.index": Case(),
    "GET submissions.show": MINE,
    "POST submissions.ask": Case({"id": "SUBMISSION"}, {"text": ""}, 400, is_own=True),
    "GET submissions.state": MINE,
    "GET submissions.events": MINE,
    "GET submissions.file": MINE,
    "GET submissions.show_receipt": MINE,
    "GET submissions.save_receipt": MINE,
    "GET own_exchange.index": Case(),
    "GET own_exchange.file": MY_HANDED_IN,
    "GET own_exchange.feedback": MY_HANDED_IN,
    "GET own_exchange.save_receipt": MY_HANDED_IN,
    "GET receipts.check": Case(),
    "POST receipts.check": Case(form={"receipt": "no receipt"}, status=400),
    "GET leaderboard.show": Case(SLUG),
    "POST leaderboard.join": Case(form={"join": "no"}, status=302),
    "GET account.sign_up": Case(),
    "POST account.sign_up": Case(form={"login": "!"}, status=400),
    "GET account.accept": Case({"token": "INVITATION"}),
    "POST account.accept": Case({"token": "INVITATION"}, {"login": "!"}, 400),
    "GET account.log_in": Case(),
    "POST account.log_in": Case(form={"login": "nobody", "password": "wrong"}, status=400),
    "POST account.log_out": Case(is_log_out=True),
    "POST account.change_language": Case(form={"language": "en"}, status=302),
    "GET reset.ask": Case(),
    "POST reset.send": Case(form={"login": "nobody"}),
    "GET reset.choose": Case({"token": "RESET"}),
    "POST reset.choose": Case({"token": "RESET"}, {"password": "x"}, 400),
    "GET oidc.start": Case(status=404),  # no institution is set
    "GET oidc.finish": Case(status=404),
    "GET oidc.confirm": Case(status=302),
    "POST oidc.connect": Case(status=302),
    "GET profile.show": Case(),
    "GET profile.return_to": Case({"form": "email"}, status=302),
    "POST profile.change_profile": Case(form={"name": ""}, status=400),
    "POST profile.change_email": Case(form={"email_password": "wrong"}, status=400),
    "POST profile.change_password": Case(form={"current": "wrong"}, status=400),
    "POST profile.log_out_everywhere": Case(is_log_out=True),
    # Says the same whether there was one or not, and ends nobody else's: see test_nobody_ends_a_log_in_of_another.
    "POST profile.log_out_device": Case({"id": "DEVICE"}, status=302),
    "POST profile.make_token": Case(form={"token_name": "x", "scope": "read", "days": "7"}),
    "POST profile.revoke_token": Case({"id": "TOKEN"}, status=302, is_own=True),
    "POST office_people.export_own": Case(),
    # --- courses
    "GET courses.index": Case(),
    "GET courses.new": Case(),
    "POST courses.new": Case(form={"title": ""}, status=400),
    "GET courses.show": Case(),
    "GET courses.settings": Case(),
    "POST courses.settings": Case(form={"title": "Other"}, status=302),
    "POST courses.archive": Case(form={"archive": "yes"}, status=302),
    "GET courses.return_to": Case(status=302),
    "GET courses.copies.form": Case(),
    "POST courses.copies.form": Case(form={"title": "Again", "code": "again", "move": "no"}, status=302),
    "GET people.index": Case(),
    "GET people.add": Case(),
    "POST people.add": Case(form={"name": ""}, status=400),
    "GET people.change": Case(MEMBER),
    "POST people.change": Case(MEMBER, {"role": "student", "section": "B"}, 302),
    "GET people.remove": Case(MEMBER),
    "POST people.remove": Case(MEMBER, status=302),
    "GET people.export": Case(),
    "GET people.imports.show": Case(),
    "POST people.imports.preview": Case(form={"text": "name,e-mail\nZoe,zoe@example.org\n"}),
    "POST people.imports.confirm": Case(form={"text": "name,e-mail\nZoe,zoe@example.org\n"}),
    "GET people.imports.return_to": Case(status=302),
    "GET people.invitations.show": Case(),
    "POST people.invitations.make": Case(form={"role": "student", "days": "7"}),
    "POST people.invitations.revoke": Case({"id": "COURSE INVITATION"}, status=302),
    "GET people.links.show": Case(),
    "POST people.links.renew": Case(),
    "POST people.links.save": Case(form={"table": "x"}, status=400),
    "GET people.links.return_to": Case(status=302),
    "GET assignments.index": Case(),
    "GET assignments.choose": Case(),
    "POST assignments.add": Case(form={"exercise": "softmax"}, status=302),
    "GET assignments.show": Case(GIVEN),
    "GET assignments.edit": Case(GIVEN),
    "POST assignments.change": Case(GIVEN, {"points": "x"}, 400),
    "POST assignments.publish": Case(GIVEN, {"published": "no"}, 302),
    "GET assignments.ask_to_remove": Case(GIVEN),
    "POST assignments.remove": Case(GIVEN, status=302),
    "GET assignments.extensions.index": Case(GIVEN),
    "POST assignments.extensions.add": Case(GIVEN, status=400),
    "GET assignments.extensions.edit": Case(CELL),
    "POST assignments.extensions.change": Case(CELL, {"more_attempts": "x"}, 400),
    "POST assignments.extensions.remove": Case(CELL, status=302),
    "GET assignments.extensions.show_student": Case(),
    "POST assignments.extensions.shift": Case(status=400),
    "GET gradebook.show": Case(),
    "GET gradebook.show_student": Case(LOGIN),
    "GET gradebook.show_cell": Case(CELL),
    "POST gradebook.override": Case(CELL, {"points": "3", "reason": "oral"}, 302),
    "GET gradebook.export_csv": Case(),
    "GET gradebook.export_excel": Case(),
    "GET regrades.index": Case(),
    "GET regrades.show": Case(REGRADE),
    "GET regrades.confirm": Case({**REGRADE, "what": "all"}),
    "POST regrades.finish": Case({**REGRADE, "what": "all"}, status=302),
    "POST regrades.retry": Case(REGRADE, status=302),
    "POST regrades.retry_finals": Case({"assignment": "ASSIGNMENT"}, status=302),
    "GET regrades.new": Case(),
    "POST regrades.start": Case(form={"assignment": "ASSIGNMENT", "reason": ""}, status=400),
    "GET analytics.index": Case(),
    "GET analytics.show": Case(ASSIGNMENT),
    "GET similarity.index": Case(),
    "GET similarity.show": Case(ASSIGNMENT),
    "GET similarity.pair": Case({**ASSIGNMENT, "left": "SUBMISSION", "right": "OTHER"}),
    "GET reviews.index": Case(),
    "GET reviews.show": Case(SOME_SUBMISSION),
    "POST reviews.save": Case(SOME_SUBMISSION, {"action": "save", "comment": "Good."}, 302),
    "GET reviews.file": Case(SOME_SUBMISSION),
    "GET reviews.pack": Case(SOME_SUBMISSION),
    "GET reviews.show_rubric": Case({"assignment": "ASSIGNMENT"}),
    "POST reviews.change_rubric": Case({"assignment": "ASSIGNMENT"}, status=302),
    "GET exchange.index": Case(),
    "GET exchange.show": Case(HANDOUT),
    "GET exchange.release": Case({**HANDOUT, "version": 1}),
    "GET exchange.withdraw": Case(HANDOUT),
    "POST exchange.withdraw": Case(HANDOUT, {"version": "1"}, 302),
    "GET exchange.file": Case(HANDED_IN),
    "GET exchange.feedback": Case(HANDED_IN),
    "GET exchange.remove": Case(HANDED_IN),
    "POST exchange.remove": Case(HANDED_IN, status=302),
    "GET office_announcements.of_course": Case(),
    "POST office_announcements.announce_in_course": Case(form={"text": "Hello."}, status=302),
    "POST office_announcements.remove_from_course": Case({"id": "ANNOUNCEMENT"}, status=302),
    "GET office_log.of_course": Case(),
    # --- administration
    "GET office.show": Case(),
    "GET office_announcements.index": Case(),
    "POST office_announcements.announce": Case(form={"text": "Hello."}, status=302),
    "POST office_announcements.remove": Case({"id": "PORTAL ANNOUNCEMENT"}, status=302),
    "GET office_exercises.index": Case(),
    "GET office_exercises.show": Case(SLUG),
    "GET office_failures.index": Case(),
    "POST office_failures.retry": Case({"id": "FAILED"}, status=302),
    "POST office_failures.retry_all": Case({"id": "FAILED"}, status=302),
    "GET office_log.index": Case(),
    "GET office_queue.show": Case(),
    "GET office_retention.show": Case(),
    "POST office_retention.run": Case(status=302),
    "GET office_users.index": Case(),
    "GET office_users.show": Case(ACCOUNT),
    "POST office_users.log_out": Case({"login": "bia"}, status=302),
    "POST office_users.make_link": Case(ACCOUNT),
    "POST office_users.change_role": Case(ACCOUNT, {"role": "instructor"}, 302),
    "GET office_people.ask": Case(ACCOUNT),
    "POST office_people.erase": Case(ACCOUNT, {"login": "somebody else"}, 400),
    "POST office_people.export": Case(ACCOUNT),
    # --- the API
    "GET api.show_me": Case(),
    "GET api.openapi": Case(),
    "GET api.docs": Case(),
    "GET api.list_exercises": Case(),
    "GET api.show_exercise": Case(SLUG),
    "GET api.download_exercise": Case(SLUG),
    "POST api.submit": Case(SLUG, {"code": "x = 1"}, 201),
    "GET api.list_submissions": Case(),
    "GET api.show_submission": MINE,
    "GET api.list_events": MINE,
    "GET api.download_file": MINE,
    "GET api.list_courses": Case(),
    "POST api.make_course": Case(form={"title": "Other"}, status=201),
    "GET api.show_course": Case(),
    "PATCH api.change_course": Case(form={"archived": True}),
    "POST api.copy_course": Case(form={"title": "Again"}, status=201),
    "GET api.list_course_entries": Case(),
    "GET api.list_course_announcements": Case(),
    "POST api.announce_in_course": Case(form={"text": "Hello."}, status=201),
    "DELETE api.remove_course_announcement": Case({"announcement": "ANNOUNCEMENT"}, status=204),
    "GET api.list_members": Case(),
    "POST api.add_member": Case(form={"login": "hugo"}, status=201),
    "GET api.show_member": Case(LOGIN),
    "PATCH api.change_member": Case(LOGIN, {"section": "B"}),
    "DELETE api.remove_member": Case(LOGIN, status=204),
    "POST api.import_roster": Case(form={"text": "name,e-mail\nZoe,zoe@example.org\n"}),
    "GET api.export_roster": Case(),
    "GET api.list_unopened": Case(),
    "POST api.make_links": Case(),
    "GET api.list_invitations": Case(),
    "POST api.invite": Case(form={"role": "student"}, status=201),
    "DELETE api.revoke_invitation": Case({"invitation": "COURSE INVITATION"}, status=204),
    "GET api.list_assignments": Case(),
    "POST api.make_assignment": Case(form={"exercise": "attention"}, status=201),
    "GET api.show_assignment": Case(GIVEN),
    "PATCH api.change_assignment": Case(GIVEN, {"points": 5}),
    "DELETE api.remove_assignment": Case(GIVEN, status=204),
    "GET api.list_extensions": Case(GIVEN),
    "PUT api.set_extension": Case(CELL, status=422),  # nothing is given
    "DELETE api.remove_extension": Case(CELL, status=204),
    "GET api.list_results": Case(GIVEN),
    "GET api.show_rubric": Case(GIVEN),
    "PUT api.set_rubric": Case(GIVEN, {"items": [{"title": "Names", "points": 2}]}),
    "GET api.show_analytics": Case(GIVEN),
    "GET api.show_similarity": Case(GIVEN),
    "GET api.show_gradebook": Case(),
    "GET api.show_result": Case(CELL),
    "PUT api.set_result": Case(CELL, {"points": 3, "reason": "oral"}),
    "GET api.list_work": Case(),
    "GET api.show_work": Case(SOME_SUBMISSION),
    "GET api.download_work": Case(SOME_SUBMISSION),
    "GET api.show_review": Case(SOME_SUBMISSION),
    "PATCH api.change_review": Case(SOME_SUBMISSION, {"comment": "Good.", "published": True}),
    "POST api.make_remark": Case(SOME_SUBMISSION, {"line": 1, "text": "Why?"}, 201),
    "DELETE api.remove_remark": Case({**SOME_SUBMISSION, "remark": "REMARK"}, status=204),
    "GET api.list_requests": Case(),
    "POST api.answer_request": Case({"request": "REQUEST"}, {"granted": True, "text": "Right."}),
    "GET api.list_regrades": Case(),
    "POST api.start_regrade": Case(form={"exercise": "softmax", "reason": "x"}, status=409),  # there is one
    "GET api.show_regrade": Case(REGRADE),
    "GET api.show_difference": Case(REGRADE),
    "POST api.publish_regrade": Case(REGRADE, {"what": "all"}),
    "POST api.cancel_regrade": Case(REGRADE),
    "POST api.retry_regrade": Case(REGRADE),
    "GET api.list_finals": Case(),
    "POST api.retry_finals": Case(GIVEN),
    "GET api.list_releases": Case(),
    "POST api.release_assignment": Case(form={"name": "ps9", "content_base64": ARCHIVE}, status=201),
    "GET api.show_release": Case(HANDOUT),
    "GET api.fetch_assignment": Case(HANDOUT),
    "DELETE api.withdraw_assignment": Case(HANDOUT, status=204),
    "POST api.hand_in": Case(HANDOUT, {"content_base64": ARCHIVE}, 201),
    "GET api.list_own_exchange": Case(),
    "GET api.list_inbound": Case(),
    "GET api.collect": Case(HANDED_IN),
    "DELETE api.remove_from_exchange": Case(HANDED_IN, status=204),
    "PUT api.release_feedback": Case(HANDED_IN, {"content_base64": FEEDBACK}),
    "GET api.fetch_feedback": Case(HANDED_IN, is_own=True),
    "GET api.list_users": Case(),
    "GET api.show_user": Case(ACCOUNT),
    "PATCH api.change_user": Case(ACCOUNT, {"role": "instructor"}),
    "POST api.export_user": Case(ACCOUNT),
    "DELETE api.erase_user": Case({"login": "lia"}, status=409),  # oneself
    "GET api.show_old_data": Case(),
    "POST api.delete_old_data": Case(),
    "GET api.list_authored": Case(),
    "GET api.show_authored": Case(SLUG),
    "GET api.show_queue": Case(),
    "GET api.list_failures": Case(),
    "POST api.retry_failure": Case({"id": "FAILED"}),
    "GET api.list_entries": Case(),
    "GET api.list_announcements": Case(),
    "POST api.announce": Case(form={"text": "Hello."}, status=201),
    "DELETE api.remove_announcement": Case({"announcement": "PORTAL ANNOUNCEMENT"}, status=204),
}

#: what a token must be allowed for a route of the API
API_NEEDS = {
    Audience.API_ACCOUNT: "",
    Audience.API_READ: "read",
    Audience.API_SUBMIT: "submit",
    Audience.API_MEMBER: "read",
    Audience.API_MEMBER_SUBMIT: "submit",
    Audience.API_STAFF: "teach",
    Audience.API_TEACHER: "teach",
    Audience.API_CREATOR: "teach",
    Audience.API_ADMINISTRATOR: "administer",
}
STAFF = (Role.ASSISTANT, Role.INSTRUCTOR, Role.ADMINISTRATOR)
#: who is let in, by the part in the course
IN_COURSE = {
    Audience.MEMBER: tuple(Role),
    Audience.STAFF: STAFF,
    Audience.API_MEMBER: tuple(Role),
    Audience.API_MEMBER_SUBMIT: tuple(Role),
    Audience.API_STAFF: STAFF,
    Audience.TEACHER: STAFF[1:],
    Audience.API_TEACHER: STAFF[1:],
}
#: who is let in, by the role in the portal
IN_PORTAL = {
    Audience.CREATOR: STAFF[1:],
    Audience.API_CREATOR: STAFF[1:],
    Audience.ADMINISTRATOR: STAFF[2:],
    Audience.API_ADMINISTRATOR: STAFF[2:],
}


def routes(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """Every route with each of its methods: its name in ``CASES``, the method, the rule."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.endpoint}", method, rule


def expect(audience: Audience, who: Who, case: Case, method: str = "GET") -> str:
    """What somebody must get, by the audience that the route declares."""
    if case.is_log_out:
        return TO_LOG_IN
    found = _expect_at_the_door(audience, who, method)
    if found == ALLOWED and audience in IN_COURSE:
        found = MISSING if who.part is None else ALLOWED if who.part in IN_COURSE[audience] else FORBIDDEN
    if found == ALLOWED and audience in IN_PORTAL:
        found = ALLOWED if who.role in IN_PORTAL[audience] else FORBIDDEN
    is_checked = audience not in (Audience.ANYONE, Audience.API)
    return MISSING if found == ALLOWED and is_checked and case.is_own and who.login != OWNER else found


def _expect_at_the_door(audience: Audience, who: Who, method: str) -> str:
    """Before anybody looks at roles: who is known, and by what."""
    if audience is Audience.ANYONE:
        return ALLOWED
    if audience in API_NEEDS:
        return _expect_of_account(API_NEEDS[audience], who, method)
    if audience is Audience.API:
        return NO_TOKEN if who.is_bad else ALLOWED
    return ALLOWED if who.is_browser else TO_LOG_IN


def _expect_of_account(scope: str, who: Who, method: str) -> str:
    if who.is_bad or not who.login or (who.is_browser and method != "GET"):
        return NO_TOKEN
    return FORBIDDEN if who.scopes is not None and scope and scope not in who.scopes else ALLOWED


@pytest.fixture
def world(make_app):
    app = make_app(LEADERBOARD=True, STREAM_SECONDS=0.01, MAX_WAITING=1000, API_PER_MINUTE=100_000)
    return World(app)


def test_every_route_has_a_line_here_and_every_line_a_route(app):
    assert sorted(name for name, _method, _rule in routes(app)) == sorted(CASES)


@pytest.mark.parametrize("name", EVERYBODY)
def test_everybody_gets_what_the_audience_says_and_no_more(world, name):
    who = EVERYBODY[name]
    taken = [(key, method, rule, CASES[key]) for key, method, rule in routes(world.app)]
    expected = {
        key: expect(audience_of(world.app, rule.endpoint), who, case, method) for key, method, rule, case in taken
    }

    assert {key: world.take(who, method, rule, case) for key, method, rule, case in taken} == expected


@pytest.mark.parametrize("name", ["administrator", "instructor", "administrator's token"])
def test_things_of_another_course_are_not_in_this_one(world, name):
    """Each thing that a course's path names, with one of the other course: also for who may see both."""
    found = {}
    for key, method, rule in routes(world.app):
        case, who = CASES[key], EVERYBODY[name]
        if (
            "course" not in rule.arguments
            or expect(audience_of(world.app, rule.endpoint), who, case, method) != ALLOWED
        ):
            continue
        for argument in rule.arguments - {"course", *PLAIN}:
            if who.role is Role.ADMINISTRATOR and (key, argument) == ACROSS:
                continue
            thing = case.values[argument]
            assert thing in world.others, f"{key}: {argument} is no thing of a course"
            found[key, argument] = world.take(who, method, rule, case, **{argument: world.others[thing]})

    assert found
    assert found == dict.fromkeys(found, MISSING)


def test_the_expectations_tell_people_apart():
    """Guards the table itself: one that let everybody in would find nothing."""
    outcomes = {
        name: {
            audience: expect(audience, who, MINE if audience is Audience.STUDENT else Case()) for audience in Audience
        }
        for name, who in EVERYBODY.items()
    }
    every = {name: set(found.values()) for name, found in outcomes.items()}

    assert every["nobody"] == {ALLOWED, TO_LOG_IN, NO_TOKEN}
    assert every["owner"] == every["other student"] - {MISSING} == {ALLOWED, FORBIDDEN}
    assert every["expired token"] == {ALLOWED, TO_LOG_IN, NO_TOKEN}
    by_token = {Audience.API_MEMBER, Audience.API_MEMBER_SUBMIT}
    for name, allowed in {
        "owner": {Audience.MEMBER, *by_token},
        "assistant": {Audience.MEMBER, *by_token, Audience.STAFF, Audience.API_STAFF},
        "instructor": set(IN_COURSE),
        "instructor elsewhere": set(),
        "portal's assistant": set(),
        "portal's instructor": {Audience.CREATOR, Audience.API_CREATOR},
        "administrator": {*IN_COURSE, *IN_PORTAL},
        "instructor's token": {Audience.API_STAFF, Audience.API_TEACHER},
        "instructor's token, not to teach": by_token,
        "token of an instructor elsewhere": set(),
        "administrator's token to teach": {Audience.API_STAFF, Audience.API_TEACHER, Audience.API_CREATOR},
    }.items():
        found = {audience for audience in (*IN_COURSE, *IN_PORTAL) if outcomes[name][audience] == ALLOWED}
        assert found == allowed, name
    assert {outcomes["instructor elsewhere"][audience] for audience in IN_COURSE} == {MISSING}
    assert {outcomes["owner"][audience] for audience in IN_PORTAL} == {FORBIDDEN}


def test_routes_of_the_api_say_the_same_to_their_readers(app):
    for _name, _method, rule in routes(app):
        operation: Operation | None = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is not None:
            assert operation.audience is audience_of(app, rule.endpoint), rule


def test_nobody_ends_a_log_in_of_another(world):
    rule = next(rule for key, _method, rule in routes(world.app) if key == "POST profile.log_out_device")
    for who in (EVERYBODY["other student"], EVERYBODY["administrator"]):
        world.take(who, "POST", rule, CASES["POST profile.log_out_device"])
        with world.database.reader() as session:
            assert session.get(LogIn, world.things["DEVICE"]) is not None


def test_asking_for_a_pages_headers_does_nothing_but_what_asking_for_the_page_does(world):
    """Views take what is no GET for a sent form, and HEAD asks for no token: it must not reach them as it is."""
    who, found, expected = EVERYBODY["administrator"], {}, {}
    for key, method, rule in routes(world.app):
        if method == "GET" and "POST" in (rule.methods or ()):
            # What the form would send comes along: nothing may be done with it.
            case = replace(CASES[key], form=CASES[key.replace("GET", "POST")].form)
            found[key] = world.take(who, "HEAD", rule, case)
            expected[key] = world.take(who, "GET", rule, CASES[key])

    assert found
    assert found == expected


def test_methods_that_a_route_does_not_have_do_nothing(world):
    there_are: dict[str, set[str]] = {}
    for _key, method, rule in routes(world.app):
        there_are.setdefault(rule.rule, set()).add(method)
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        for key, _method, rule in routes(world.app):
            if method not in there_are[rule.rule]:
                assert world.take(EVERYBODY["owner"], method, rule, CASES[key]) == "405", (method, rule)
