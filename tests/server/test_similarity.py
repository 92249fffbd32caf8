"""The pages of similarity: which solutions are compared, and who sees whose."""

import random
import re
from itertools import count

import pytest

from server.context import now
from server.models import Membership, Role, Submission, User
from tests.server.classroom import Classroom
from tests.server.conftest import Browser

_numbers = count()


def made_up(seed, name="x"):
    """A solution of its own."""
    dice = random.Random(seed)
    lines = [
        f"    {name} = {name}.call{dice.randrange(10**6)}({name}.call{dice.randrange(10**6)}())" for _ in range(12)
    ]
    return "\n".join([f"def f({name}):", *lines, f"    return {name}", ""])


@pytest.fixture
def room(portal):
    return Classroom(portal, code="dl")


@pytest.fixture
def staff(app, room):
    browser = Browser(app.test_client())
    browser.sign_up("dora")
    room.admit("dora", Role.ASSISTANT)
    return browser


@pytest.fixture
def hand_in(portal, room):
    """Makes a student who has handed this in."""

    def put(name, source, place=None, user=None, file_name="softmax.py"):
        place, number = place or room, next(_numbers)
        content = source if isinstance(source, bytes) else source.encode()
        with portal.database.write() as session:
            if user is None:
                account = User(login=f"student{number}", name=name, created_at=now())
                session.add(account)
                session.flush()
                user = account.id
                session.add(Membership(course_id=place.course, user_id=user, role=Role.STUDENT, created_at=now()))
            row = Submission(
                user_id=user, slug="softmax", assignment_id=place.assignment, attempt=number, form_key=str(number),
                blob=portal.store.put(content), file_name=file_name, size=len(content), created_at=now(),
            )  # fmt: skip
            session.add(row)
            session.flush()
            return row.id, user

    return put


def read(browser, room, least=60):
    return browser.read(f"/courses/dl/similarity/{room.assignment}?from={least}")


def pairs(text):
    """Names and scores of the pairs that are listed."""
    rows = re.findall(r'<th scope="row">(.*?)</th>\s*<td class="align-right">(.*?)</td>', text, re.DOTALL)
    return [tuple(" ".join(re.sub("<[^>]+>", " ", each).split()) for each in row) for row in rows]


def test_copies_are_listed_and_others_are_not(staff, room, hand_in):
    hand_in("Ana", made_up("one"))
    hand_in("Bia", made_up("one", "other_name"))
    hand_in("Caio", made_up("two"))
    text = read(staff, room)

    assert pairs(text) == [("Ana · Bia", "equal but for names 100%")]
    assert "Similarity is a reason to look, not a verdict." in text
    assert "Softmax" in staff.read("/courses/dl/similarity")


def test_the_threshold_is_chosen(staff, room, hand_in):
    shared = made_up("shared").split("\n")
    hand_in("Ana", "\n".join([*shared[:9], "    return x"]))
    hand_in("Bia", "\n".join([*shared[:6], *made_up("own").split("\n")[6:]]))

    assert len(pairs(read(staff, room, 40))) == 1
    assert pairs(read(staff, room, 90)) == []
    assert '<option value="60" selected' in read(staff, room, 7)


def test_only_the_latest_solution_of_a_student_is_compared(staff, room, hand_in):
    _, ana = hand_in("Ana", made_up("one"))
    hand_in("Bia", made_up("one"))
    assert len(pairs(read(staff, room))) == 1

    hand_in("Ana", made_up("better"), user=ana)
    assert pairs(read(staff, room)) == []


def test_what_the_stub_has_is_no_similarity(staff, room, hand_in, catalogue):
    stub = catalogue.find("softmax").stub
    stub.write_text(made_up("given"))
    hand_in("Ana", made_up("given") + made_up("one"))
    hand_in("Bia", made_up("given") + made_up("two"))

    assert pairs(read(staff, room, 30)) == []


def test_groups_are_shown(staff, room, hand_in):
    for name in ("Ana", "Bia", "Caio"):
        hand_in(name, made_up("one"))
    text = read(staff, room)

    assert "3 students" in text
    assert "Ana, Bia, Caio" in text


def test_earlier_terms_are_compared_where_the_reader_is_staff(staff, room, hand_in, portal):
    earlier, foreign = Classroom(portal, code="dl-old"), Classroom(portal, code="foreign")
    hand_in("Ana", made_up("one"))
    _, repeater = hand_in("Old Bia", made_up("one"), earlier)
    hand_in("Own Copy", made_up("one"), foreign)
    assert pairs(read(staff, room)) == []

    earlier.admit("dora", Role.INSTRUCTOR)
    text = read(staff, room)
    assert pairs(text) == [("Ana · Old Bia dl-old", "equal but for names 100%")]
    assert "Own Copy" not in text

    # Of their own earlier work, students may make use.
    with portal.database.write() as session:
        session.add(Membership(course_id=room.course, user_id=repeater, role=Role.STUDENT, created_at=now()))
    hand_in("Old Bia", made_up("one"), user=repeater)
    assert ("Ana · Old Bia", "equal but for names 100%") in pairs(read(staff, room))
    assert not [names for names, _ in pairs(read(staff, room)) if names.count("Old Bia") == 2]


def test_two_solutions_are_shown_side_by_side(staff, room, hand_in):
    ana, _ = hand_in("Ana", made_up("one"))
    bia, _ = hand_in("Bia", "# <script>alert(1)</script>\n" + made_up("one", "y"))
    text = staff.read(f"/courses/dl/similarity/{room.assignment}/{ana}/{bia}")

    assert "<script>alert" not in text
    assert len(re.findall(r'id="left-\d+" class="line alike"', text)) == 13  # all but the first, which the stub has
    assert 'id="right-1" class="line"' in text
    assert 'href="#right-3">lines 3–15</a>' in text
    assert text.count("100% is shared") == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [("softmax.py", b"\xff\xfe no text \0"), ("softmax.zip", b"no archive"), ("softmax.py", b"x = 1\n" * 40_000)],
)
def test_what_cannot_be_read_is_counted(staff, room, hand_in, name, content):
    hand_in("Ana", content, file_name=name)

    assert "1 cannot be read or is too long" in read(staff, room)


def test_broken_and_short_solutions_do_no_harm(staff, room, hand_in):
    hand_in("Ana", "def f(:\n  return ((((")
    hand_in("Bia", made_up("one") + "\n'''no end (")
    hand_in("Caio", made_up("one"))
    text = read(staff, room)

    assert "1 is too short to be compared" in text
    assert [names for names, _ in pairs(text)] == ["Bia · Caio"]


def test_submissions_of_elsewhere_are_not_there(staff, room, hand_in, portal):
    elsewhere = Classroom(portal, code="elsewhere")
    ana, _ = hand_in("Ana", made_up("one"))
    foreign, _ = hand_in("Bia", made_up("one"), elsewhere)
    base = f"/courses/dl/similarity/{room.assignment}"

    for path in (f"{base}/{ana}/{foreign}", f"{base}/{foreign}/{ana}", f"{base}/{ana}/{ana}", f"{base}/{ana}/none"):
        assert staff.get(path).status_code == 404, path
    assert staff.get(f"/courses/dl/similarity/{elsewhere.assignment}").status_code == 404


@pytest.mark.parametrize("path", ["", "/{id}", "/{id}/a/b"])
def test_students_and_strangers_see_nothing(path, app, room, student, other):
    room.admit("ana")
    address = "/courses/dl/similarity" + path.format(id=room.assignment)

    assert student.get(address).status_code == 403
    assert other.get(address).status_code == 404
