"""Who takes part in a course: the list, one more, changes, removal."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.access import Audience
from server.account.identity import clean_name
from server.api import paging, problem
from server.api.courses import MADE
from server.api.meta import about
from server.api.operation import DONE, JSON, PEOPLE, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.course import link_pages, members
from server.course.enrolment import LAST_TEACHER, Fate
from server.course.joining import carry_out, plan_import
from server.course.link_pages import Links
from server.course.members import Filter, Part
from server.course.naming import MAX_LATE_DAYS
from server.course.people import TAKES_PART
from server.course.roster import MAX_LABEL, Note, check
from server.i18n import mark
from server.models import Membership, Role, User


class CourseRole(StrEnum):
    """What somebody can be in a course."""

    STUDENT = "student"
    ASSISTANT = "assistant"
    INSTRUCTOR = "instructor"


Number = Annotated[str, about("The institution's number for them.", max_length=MAX_LABEL)]
Section = Annotated[str, about("Class or group within the course.", max_length=MAX_LABEL)]
OwnLateDays = Annotated[
    Annotated[int, msgspec.Meta(ge=0, le=MAX_LATE_DAYS)] | None,
    about("Late days instead of the course's; null: the course's."),
]


class Member(msgspec.Struct, kw_only=True):
    """Somebody's part in a course."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name that pages show.")]
    email: Annotated[str | None, about("The e-mail address; null: none is known.")]
    role: Annotated[Role, about("What they are in the course.")]
    number: Annotated[str, about("The institution's number for them.")]
    section: Annotated[str, about("Class or group within the course.")]
    late_days: Annotated[int | None, about("Late days instead of the course's; null: the course's.")]
    joined_at: Annotated[datetime, about("Since when they take part.")]


class MemberList(msgspec.Struct):
    """A page of members, by name."""

    members: Annotated[list[Member], about("The members of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class Link(msgspec.Struct):
    """A link by which somebody chooses a first password. It is told this once."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name that pages show.")]
    link: Annotated[str, about("Where they choose a password. Hand it over to nobody else.")]


class NewMemberAnswer(Member, kw_only=True):
    """Who takes part now."""

    is_new: Annotated[bool, about("Whether an account was made.")]
    link: Annotated[
        str | None, about("Where they choose a password, to hand over; null: they have one, or a letter has it.")
    ]


class MemberQuery(PageQuery):
    """Which members."""

    q: Annotated[str, about("Parts of name, user name, e-mail address or number.", max_length=members.MAX_QUERY)] = ""
    role: Annotated[CourseRole, about("Only those who are this.")] | UnsetType = UNSET
    section: Annotated[str, about("Only those in this section.", max_length=MAX_LABEL)] | UnsetType = UNSET


class NewMember(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to take part: by e-mail address or user name. Who has no account gets one, and needs a name."""

    email: Annotated[str, about("The e-mail address.", max_length=254)] = ""
    login: Annotated[str, about("The user name.", max_length=40)] = ""
    name: Annotated[str, about("The name, of somebody who has no account.", max_length=80)] = ""
    role: Annotated[CourseRole, about("What they are in the course.")] = CourseRole.STUDENT
    number: Number = ""
    section: Section = ""


class MemberChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be changed; what is missing stays as it is."""

    role: Annotated[CourseRole, about("What they are in the course.")] | UnsetType = UNSET
    number: Number | UnsetType = UNSET
    section: Section | UnsetType = UNSET
    late_days: OwnLateDays | UnsetType = UNSET


def describe(member: Membership) -> Member:
    """Tell what somebody is in a course."""
    return Member(
        login=member.user.login,
        name=member.user.name,
        email=member.user.email,
        role=member.role,
        number=member.number,
        section=member.section,
        late_days=member.late_days,
        joined_at=member.created_at,
    )


def find(session: Session, login: str, least: Role | None = None) -> Membership:
    """Somebody's part in the course of the path; who has none, or another one than is asked for, is not there."""
    mine = select(Membership).join(Membership.user).where(Membership.course_id == here().id, User.login == login)
    found = session.scalar(mine)
    if found is None or (least is not None and found.role is not least):
        problem.refuse("not_found")
    return found


def refuse(problems: dict[str, Note]) -> None:
    """End the request where something is wrong."""
    if problems:
        problem.refuse("invalid", errors={name: tell(note) for name, note in problems.items()})


def tell(note: Note) -> str:
    """A note in the caller's language."""
    return _(note.text) % note.values if note.values else _(note.text)


@route(
    Operation(
        "GET",
        "/courses/<course>/members",
        PEOPLE,
        mark("List who takes part"),
        Audience.API_STAFF,
        (Answer(mark("A page of members."), MemberList, headers=LINK),),
        query=MemberQuery,
    )
)
def list_members(course: str, query: MemberQuery) -> Response:
    """Send the members of a course."""
    role = None if query.role is UNSET else Role(query.role)
    wanted = members.find(here().id, Filter(query.q, role, None if query.section is UNSET else query.section))
    if query.after is not UNSET:
        last = reader().scalar(
            select(Membership).join(Membership.user).where(
                Membership.course_id == here().id, User.login == query.after
            )
        )  # fmt: skip
        if last is None:
            paging.refuse_cursor()
        wanted = wanted.where(paging.after_name(last.user))
    shown, final = paging.split(reader().scalars(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = final.user.login if final else None
    return to_json(MemberList([describe(each) for each in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "POST",
        "/courses/<course>/members",
        PEOPLE,
        mark("Let somebody take part"),
        Audience.API_TEACHER,
        (Answer(mark("Who takes part now."), NewMemberAnswer, status=201, headers=MADE),),
        bodies={JSON: NewMember},
        problems=(409,),
    )
)
def add_member(course: str, query: Query, body: NewMember) -> Response:
    """Put one person into the course; who has no account gets one."""
    told: dict[str, Any] = {name: clean_name(getattr(body, name)) for name in body.__struct_fields__ if name != "role"}
    row = check(0, **told, role="")
    with parts().database.write() as session:
        step = (planned := plan_import(session, here().id, [row], Role(body.role))).steps[0]
        if step.problem:
            refuse({"$": step.problem})
        if step.fate not in (Fate.NEW, Fate.JOINS):
            name = step.account.name if step.account else row.name
            problem.refuse("conflict", _(TAKES_PART) % {"name": name})
        made = carry_out(session, here(), planned, me().id, now())
        welcomes = link_pages.make(session, made)
    link_pages.send(welcomes)
    with parts().database.reader() as session:
        member = describe(find(session, step.account.login if step.account else step.login))
    link = welcomes.shown[0].link if welcomes.shown else None
    entry = NewMemberAnswer(**msgspec.structs.asdict(member), is_new=bool(made), link=link)
    return to_json(entry, 201, {"Location": url_for("api.show_member", course=course, login=member.login)})


def tell_links(welcomes: Links) -> list[Link]:
    """Links that are to be handed over."""
    return [Link(each.login, each.name, each.link) for each in welcomes.shown]


@route(
    Operation(
        "GET",
        "/courses/<course>/members/<login>",
        PEOPLE,
        mark("Read what somebody is in a course"),
        Audience.API_STAFF,
        (Answer(mark("Their part."), Member),),
    )
)
def show_member(course: str, login: str, query: Query) -> Member:
    """Send one member."""
    return describe(find(reader(), login))


@route(
    Operation(
        "PATCH",
        "/courses/<course>/members/<login>",
        PEOPLE,
        mark("Change what somebody is in a course"),
        Audience.API_TEACHER,
        (Answer(mark("Their part as it is now."), Member),),
        bodies={JSON: MemberChange},
    )
)
def change_member(course: str, login: str, query: Query, body: MemberChange) -> Member:
    """Change a member."""
    with parts().database.write() as session:
        target = find(session, login)
        wanted = Part(
            target.role if body.role is UNSET else Role(body.role),
            target.number if body.number is UNSET else clean_name(body.number),
            target.section if body.section is UNSET else clean_name(body.section),
            target.late_days if body.late_days is UNSET else body.late_days,
        )
        refuse(members.check(session, target, wanted))
        members.change(session, target, wanted, me().id, now())
        session.flush()
        return describe(target)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/members/<login>",
        PEOPLE,
        mark("Take somebody out of a course"),
        Audience.API_TEACHER,
        (DONE,),
        problems=(409,),
    )
)
def remove_member(course: str, login: str, query: Query) -> None:
    """Remove a member; what they handed in stays."""
    with parts().database.write() as session:
        target = find(session, login)
        if members.is_last_teacher(session, target):
            problem.refuse("conflict", _(LAST_TEACHER))
        members.remove(session, target, me().id, now())
