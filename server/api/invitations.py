"""A course's invitations: links by which people join it by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from flask import Response
from sqlalchemy import select

from server.access import Audience
from server.account.entry import link_to
from server.account.invitations import MAX_NOTE, make_invitation
from server.api import problem
from server.api.meta import about
from server.api.operation import DONE, JSON, PEOPLE, Answer, Operation, Query, route, to_json
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.course.invitation_pages import ARCHIVED, MAX_DAYS, MAX_STAFF_USES, MAX_USES, STAFF_USES_PROBLEM
from server.i18n import mark
from server.models import Invitation, Role
from server.office import log
from server.office.log import Action


class InvitationEntry(msgspec.Struct, kw_only=True):
    """An invitation. Its link cannot be read again."""

    id: Annotated[int, about("Its number.")]
    role: Annotated[Role, about("What it makes people in the course.")]
    note: Annotated[str, about("For whom it was made.")]
    uses_left: Annotated[int | None, about("How many people it still takes; null: any number.")]
    expires_at: Annotated[datetime, about("Until when it works.")]


class InvitationList(msgspec.Struct):
    """The invitations of a course, newest first."""

    invitations: Annotated[list[InvitationEntry], about("The invitations.")]


class NewInvitation(msgspec.Struct, forbid_unknown_fields=True):
    """An invitation that is to be made."""

    role: Annotated[Literal["student", "assistant", "instructor"], about("What it makes people in the course.")] = (
        "student"
    )
    days: Annotated[int, about("For how many days it works.", ge=1, le=MAX_DAYS)] = 14
    uses: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=MAX_USES)] | None,
        about("How many people it takes: for assistants and instructors 20 at most; null: any number of students."),
    ] = None
    note: Annotated[str, about("For whom it is made.", max_length=MAX_NOTE)] = ""


class MadeInvitation(msgspec.Struct):
    """An invitation that was made."""

    link: Annotated[str, about("The link to hand over. It is shown only now.")]


@route(
    Operation(
        "GET",
        "/courses/<course>/invitations",
        PEOPLE,
        mark("List a course's invitations"),
        Audience.API_TEACHER,
        (Answer(mark("The invitations."), InvitationList),),
    )
)
def list_invitations(course: str, query: Query) -> InvitationList:
    """Send the invitations."""
    mine = select(Invitation).where(Invitation.course_id == here().id).order_by(Invitation.id.desc())
    return InvitationList(
        [
            InvitationEntry(
                id=each.id, role=each.role, note=each.note, uses_left=each.uses_left, expires_at=each.expires_at
            )
            for each in reader().scalars(mine)
        ]
    )


@route(
    Operation(
        "POST",
        "/courses/<course>/invitations",
        PEOPLE,
        mark("Make an invitation"),
        Audience.API_TEACHER,
        (Answer(mark("The link."), MadeInvitation, status=201),),
        bodies={JSON: NewInvitation},
        problems=(409,),
    )
)
def invite(course: str, query: Query, body: NewInvitation) -> Response:
    """Make an invitation."""
    if here().archived_at:
        problem.refuse("conflict", _(ARCHIVED))
    role = Role(body.role)
    if role is not Role.STUDENT and (body.uses is None or body.uses > MAX_STAFF_USES):
        problem.refuse("invalid", errors={"uses": _(STAFF_USES_PROBLEM)})
    if not body.note.isprintable():
        problem.refuse("invalid", errors={"note": _("Write at most 120 characters.")})
    with parts().database.write() as session:
        token = make_invitation(session, role, body.days, now(), uses=body.uses, note=body.note, course_id=here().id)
        log.write(
            session, Action.INVITATION_MADE, me().id, now(), course_id=here().id, subject=body.note,
            role=role.value, uses=body.uses, days=body.days,
        )  # fmt: skip
    return to_json(MadeInvitation(link_to("account.accept", token=token)), 201)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/invitations/<invitation>",
        PEOPLE,
        mark("End an invitation"),
        Audience.API_TEACHER,
        (DONE,),
    )
)
def revoke_invitation(course: str, invitation: str, query: Query) -> None:
    """End an invitation; who has joined by it stays."""
    with parts().database.write() as session:
        found = session.get(Invitation, int(invitation))
        if found is None or found.course_id != here().id:
            problem.refuse("not_found")
        session.delete(found)
        log.write(session, Action.INVITATION_REVOKED, me().id, now(), course_id=here().id, subject=found.note)
