"""The brake on guessing: what was tried too often of late is refused for a while. Knows the database, not Flask."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.models import Throttle

#: lengths of the table's columns
MAX_LOGIN, MAX_ADDRESS = 40, 60


class Kind(StrEnum):
    """What must not be tried often."""

    LOG_IN = "log_in"
    SIGN_UP = "sign_up"
    RESET = "reset"


@dataclass(frozen=True)
class Limit:
    """How often something may be tried."""

    window: timedelta
    #: for one login, from one address
    per_login: int
    #: for all logins, from one address: a classroom may share it
    per_address: int
    #: for one login, from all addresses: whoever guesses may have many
    anywhere: int


LIMITS = {
    Kind.LOG_IN: Limit(timedelta(minutes=15), 8, 100, 20),
    Kind.SIGN_UP: Limit(timedelta(hours=1), 20, 100, 100),
    Kind.RESET: Limit(timedelta(hours=1), 3, 30, 10),
}


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the first half, for one household has all of the second."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    mapped = known.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((known.packed[:8] + bytes(8), 64)))


def is_throttled(session: Session, kind: Kind, login: str, address: str, now: datetime) -> bool:
    """Whether this was tried too often to be tried again now."""
    limit = LIMITS[kind]
    recent = select(func.count()).select_from(Throttle).where(Throttle.kind == kind, Throttle.at > now - limit.window)
    same_login, same_address = Throttle.login == login[:MAX_LOGIN], Throttle.address == address[:MAX_ADDRESS]
    counts = (
        (recent.where(same_login, same_address), limit.per_login),
        (recent.where(same_address), limit.per_address),
        (recent.where(same_login), limit.anywhere),
    )
    return any((session.scalar(count) or 0) >= most for count, most in counts)


def note_try(session: Session, kind: Kind, login: str, address: str, now: datetime) -> Throttle:
    """Remember a try, and forget the old ones."""
    session.execute(delete(Throttle).where(Throttle.kind == kind, Throttle.at < now - LIMITS[kind].window))
    made = Throttle(kind=kind, login=login[:MAX_LOGIN], address=address[:MAX_ADDRESS], at=now)
    session.add(made)
    return made


def take_try(session: Session, kind: Kind, login: str, address: str, now: datetime) -> int | None:
    """Count a try before it is made and return its number; None: there were too many.

    Counted in one transaction that writes, so that tries at the same moment are no more than others.
    """
    if is_throttled(session, kind, login, address, now):
        return None
    made = note_try(session, kind, login, address, now)
    session.flush()
    return made.id


def forget_try(session: Session, number: int) -> None:
    """Count a try no longer: it was right."""
    session.execute(delete(Throttle).where(Throttle.id == number))
