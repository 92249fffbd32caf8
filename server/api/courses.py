"""Courses: the list, a new one, changes, the copy for another term."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from server.access import Audience
from server.account.identity import clean_name
from server.api import paging, problem
from server.api.matching import ETAG, Matching, check_match, tagged
from server.api.meta import about
from server.api.operation import COURSES, JSON, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, language, me, now, parts, reader, role
from server.context import course as here
from server.course import copying, making, moment, naming
from server.course.clash import version_of
from server.course.copying import Copy
from server.course.membership import role_in
from server.course.naming import Form
from server.course.place import zone_of
from server.exercise.titles import title_of
from server.i18n import mark
from server.models import Course, Membership, Role

MADE = {"Location": mark("The address of what was made.")}

Title = Annotated[str, about("What it is called.", min_length=1, max_length=naming.MAX_TITLE)]
Term = Annotated[str, about("The term, as people say it: 2026/2.", max_length=naming.MAX_TERM)]
Zone = Annotated[str, about("The time zone of its dates, such as America/Sao_Paulo; empty: the portal's.")]
LateDays = Annotated[int, about("Late days of each student.", ge=0, le=naming.MAX_LATE_DAYS)]
Code = Annotated[
    str, about("The code in its address; empty: one is made of title and term.", max_length=naming.MAX_CODE)
]


class CourseEntry(msgspec.Struct, kw_only=True):
    """A course."""

    code: Annotated[str, about("The code in its address.")]
    title: Annotated[str, about("What it is called.")]
    term: Annotated[str, about("The term, as people say it.")]
    time_zone: Annotated[str, about("The time zone of its dates.")]
    late_days: Annotated[int, about("Late days of each student.")]
    archived_at: Annotated[datetime | None, about("Since when it is archived; null: it is on.")]
    role: Annotated[Role, about("What the caller is there.")]
    page: Annotated[str, about("Where people read it.")]


class CourseList(msgspec.Struct):
    """A page of courses, newest first."""

    courses: Annotated[list[CourseEntry], about("The courses of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class NewCourse(msgspec.Struct, forbid_unknown_fields=True):
    """A course that is to be made."""

    title: Title
    term: Term = ""
    code: Code = ""
    time_zone: Zone = ""
    late_days: LateDays = 0


class CourseChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be changed; what is missing stays as it is."""

    title: Title | UnsetType = UNSET
    term: Term | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    late_days: LateDays | UnsetType = UNSET
    archived: Annotated[bool, about("Whether it is over: students no longer see it.")] | UnsetType = UNSET


class NewCopy(msgspec.Struct, forbid_unknown_fields=True):
    """The copy that is to be made."""

    title: Title
    term: Term = ""
    code: Code = ""
    days: Annotated[int, about("By how many days all dates move.", ge=-3650, le=3650)] = 0
    staff: Annotated[bool, about("Whether assistants and instructors are taken along.")] = True


def describe(course: Course, its: Role) -> CourseEntry:
    """Tell what a course is; ``its``: the caller's role there."""
    return CourseEntry(
        code=course.code,
        title=course.title,
        term=course.term,
        time_zone=zone_of(course),
        late_days=course.late_days,
        archived_at=course.archived_at,
        role=its,
        page=url_for("courses.show", course=course.code),
    )


@route(
    Operation(
        "GET",
        "/courses",
        COURSES,
        mark("List your courses"),
        Audience.API_ACCOUNT,
        (Answer(mark("A page of courses."), CourseList, headers=LINK),),
        query=PageQuery,
    )
)
def list_courses(query: PageQuery) -> Response:
    """Send the courses in which the caller takes part; to administrators all."""
    keys = (Course.created_at.expression, Course.id.expression)
    wanted = _mine().order_by(*(key.desc() for key in keys))
    if query.after is not UNSET:
        last = reader().execute(_mine().where(Course.code == query.after)).first()
        if last is None:
            paging.refuse_cursor()
        wanted = paging.after(wanted, keys, (last[0].created_at, last[0].id), descending=True)
    found = reader().execute(wanted.limit(query.limit + 1)).all()
    shown, final = paging.split(found, query.limit)
    cursor = final[0].code if final else None
    is_everywhere = me().role is Role.ADMINISTRATOR
    entries = [describe(each, Role.ADMINISTRATOR if is_everywhere or its is None else its) for each, its in shown]
    return to_json(CourseList(entries, cursor), headers=links(cursor))


def _mine() -> Select[*tuple[Any, ...]]:
    """Courses with the caller's role in each; None: none but the administrator's."""
    part = (Membership.course_id == Course.id) & (Membership.user_id == me().id)
    found = select(Course, Membership.role).outerjoin(Membership, part)
    if me().role is Role.ADMINISTRATOR:
        return found
    is_seen = (Membership.role != Role.STUDENT) | Course.archived_at.is_(None)
    return found.where(Membership.id.is_not(None), is_seen)


@route(
    Operation(
        "POST",
        "/courses",
        COURSES,
        mark("Make a course"),
        Audience.API_CREATOR,
        (Answer(mark("The course. Its instructor is whoever made it."), CourseEntry, status=201, headers=MADE | ETAG),),
        bodies={JSON: NewCourse},
    )
)
def make_course(query: Query, body: NewCourse) -> Response:
    """Make a course."""
    form = _form(body.title, body.term, body.code, body.time_zone, body.late_days)
    try:
        with parts().database.write() as session:
            code = making.choose_code(session, form)
            if code:
                making.make(session, form, code, me().id, now())
    except IntegrityError:  # another one was quicker, on a database where both look first
        code = ""
    return _made(code)


def _form(title: str, term: str, code: str, zone: str, late_days: int) -> Form:
    form = Form(clean_name(title), clean_name(term), clean_name(code).lower(), clean_name(zone), str(late_days))
    if problems := naming.check(form):
        problem.refuse("invalid", errors={name: _(text) for name, text in problems.items()})
    return form


def _made(code: str) -> Response:
    if not code:
        problem.refuse("invalid", errors={"code": _(naming.CODE_TAKEN)})
    return _answer(code, 201, {"Location": url_for("api.show_course", course=code)})


def _answer(code: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A course as it is now: the request's own reader sees the database as it was before."""
    with parts().database.reader() as session:
        found = session.scalars(select(Course).where(Course.code == code)).one()
        entry = describe(found, role_in(session, me(), found) or Role.STUDENT)
        return to_json(entry, status, {**(headers or {}), **tagged(_version(found))})


def _version(course: Course) -> str:
    """What stands for all that can be changed of a course here."""
    return version_of([making.version(making.show(course)), course.archived_at is not None])


@route(
    Operation(
        "GET",
        "/courses/<course>",
        COURSES,
        mark("Read a course"),
        Audience.API_STAFF,
        (Answer(mark("The course."), CourseEntry, headers=ETAG),),
    )
)
def show_course(course: str, query: Query) -> Response:
    """Send one course."""
    return to_json(describe(here(), role()), headers=tagged(_version(here())))


@route(
    Operation(
        "PATCH",
        "/courses/<course>",
        COURSES,
        mark("Change or archive a course"),
        Audience.API_TEACHER,
        (Answer(mark("The course as it is now."), CourseEntry, headers=ETAG),),
        headers=Matching,
        bodies={JSON: CourseChange},
        problems=(412,),
    )
)
def change_course(course: str, query: Query, headers: Matching, body: CourseChange) -> Response:
    """Change a course."""
    with parts().database.write() as session:
        target = session.get_one(Course, here().id)
        check_match(_version(target))
        # What is not sent stays as it is in this transaction, whatever it was when the request came.
        form = _form(
            target.title if body.title is UNSET else body.title,
            target.term if body.term is UNSET else body.term,
            "",
            target.time_zone if body.time_zone is UNSET else body.time_zone,
            target.late_days if body.late_days is UNSET else body.late_days,
        )
        making.change(session, target, form, me().id, now())
        if body.archived is not UNSET:
            making.archive(session, target, body.archived, me().id, now())
    return _answer(course)


@route(
    Operation(
        "POST",
        "/courses/<course>/copies",
        COURSES,
        mark("Copy a course for another term"),
        Audience.API_TEACHER,
        (
            Answer(
                mark("The copy: the same assignments, as drafts, without students and submissions."),
                CourseEntry,
                status=201,
                headers=MADE | ETAG,
            ),
        ),
        bodies={JSON: NewCopy},
    )
)
def copy_course(course: str, query: Query, body: NewCopy) -> Response:
    """Copy a course."""
    form = _form(body.title, body.term, body.code, "", 0)
    try:
        with parts().database.write() as session:
            code = making.choose_code(session, form)
            if code:
                wanted = Copy(form.title, form.term, code, body.days, body.staff)
                source = session.get_one(Course, here().id)
                copying.copy(session, source, wanted, zone_of(source), me().id, now())
    except moment.Unmovable as error:
        problem.refuse("invalid", errors={"days": error.message(title_of(error.slug), language())})
    except IntegrityError:  # another one was quicker
        code = ""
    return _made(code)
