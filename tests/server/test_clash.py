"""Two people change the same thing at once: nothing is overwritten unseen, and nothing typed is lost."""

import re
from html import unescape

import pytest

from server.course.clash import version_of
from server.models import Assignment, Course, Extension, LogEntry, Membership, Role, RubricItem
from tests.server.classroom import DAY, Classroom
from tests.server.office import add_user, log_in, now, rows

TERMS = "/courses/dl/assignments/softmax/edit"
SETTINGS = "/courses/dl/settings"


@pytest.fixture
def room(portal):
    return Classroom(portal, due_at=now() + 7 * DAY, max_attempts=3)


@pytest.fixture
def dora(app, portal, room):
    add_user(portal, "dora")
    room.admit("dora", Role.INSTRUCTOR)
    return log_in(app, "dora")


@pytest.fixture
def gil(app, portal, room):
    add_user(portal, "gil")
    room.admit("gil", Role.INSTRUCTOR)
    return log_in(app, "gil")


def read_form(browser, path):
    """What a browser would send of a page's form: the one that carries a version."""
    return fields_of(browser.read(path))


def fields_of(page):
    form = next(part for part in page.split("<form")[1:] if 'name="version"' in part).partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        its = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if its.get("type") != "checkbox" or " checked" in tag:
            found[its["name"]] = unescape(its["value"])
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', form, re.DOTALL):
        found[name] = re.search(r'value="([^"]*)" selected', options)[1]
    del found["csrf_token"]
    return found


def saved_in(page):
    """What stands beside fields: what is saved there now."""
    return dict(re.findall(r'<p class="saved" id="([\w-]+)-saved">Saved now: <strong>([^<]*)</strong>', page))


def words_of(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_version_is_that_of_the_values():
    assert version_of({"a": 1, "b": None}) == version_of({"b": None, "a": 1})
    assert len({version_of(each) for each in ({"a": 1}, {"a": "1"}, {"a": None}, {"a": 1.5}, [], ["é"], ["e"])}) == 7


def test_the_later_one_is_told_what_the_first_one_saved_and_decides(dora, gil, portal):
    hers, his = read_form(dora, TERMS), read_form(gil, TERMS)
    assert dora.send(TERMS, **hers | {"points": "20", "counting": "last"}).status_code == 302
    typed = his | {"late_percent": "10", "uses_late_days": "yes"}
    answer = gil.send(TERMS, **typed)

    assert answer.status_code == 409
    said = words_of(answer.text)
    assert "Dora changed this on" in said
    assert "Nothing of yours is saved yet." in said
    saved = {"points": "20", "counting": "the last", "late_percent": "0", "uses_late_days": "no"}
    assert saved_in(answer.text) == saved
    assert 'aria-describedby="points-hint points-saved"' in answer.text
    [row] = rows(portal, Assignment)
    assert (row.points, row.late_percent) == (20, 0)
    again = fields_of(answer.text)
    assert {**again, "version": ""} == {**typed, "version": ""}

    assert gil.send(TERMS, **again | {"points": "20"}).status_code == 302
    [row] = rows(portal, Assignment)
    assert (row.points, row.late_percent, row.counting) == (20, 10, "best")


def test_what_is_told_is_in_the_readers_language(dora, gil):
    his = read_form(gil, TERMS)
    dora.send(TERMS, **read_form(dora, TERMS) | {"max_attempts": ""})
    gil.send("/language", language="pt-BR")

    answer = gil.send(TERMS, **his | {"points": "7,5"}).text
    assert "Nada do que você escreveu foi salvo ainda." in words_of(answer)
    assert re.search(r'id="max_attempts-saved">Salvo agora: <strong>vazio<', answer)


def test_a_second_click_finds_what_the_first_one_saved(dora, portal):
    form = read_form(dora, TERMS) | {"points": "20"}

    assert [dora.send(TERMS, **form).status_code for _ in range(2)] == [302, 302]
    assert len(rows(portal, LogEntry, action="assignment.changed")) == 1


def test_ones_own_other_window_is_called_so(dora):
    form = read_form(dora, TERMS)
    dora.send(TERMS, **form | {"points": "20"})

    assert "You changed this yourself in another window" in words_of(dora.send(TERMS, **form | {"points": "30"}).text)


@pytest.mark.parametrize("more", [{"points": "many"}, {"action": "preview"}])
def test_a_clash_is_told_already_with_a_mistake_and_a_preview(dora, gil, more, portal):
    his = read_form(gil, TERMS)
    dora.send(TERMS, **read_form(dora, TERMS) | {"max_attempts": "9"})
    answer = gil.send(TERMS, **his | more)

    assert "Dora changed this on" in words_of(answer.text)
    assert saved_in(answer.text)["max_attempts"] == "9"
    assert gil.send(TERMS, **fields_of(answer.text) | {"points": "11"}).status_code == 302
    assert rows(portal, Assignment)[0].max_attempts == 3  # he has seen hers, and sent his


def test_a_form_with_a_mistake_still_knows_what_it_was_made_from(dora, gil):
    answer = gil.send(TERMS, **read_form(gil, TERMS) | {"points": "many"})
    dora.send(TERMS, **read_form(dora, TERMS) | {"max_attempts": "9"})

    assert gil.send(TERMS, **fields_of(answer.text) | {"points": "5"}).status_code == 409


def test_settings_of_a_course(dora, gil, portal):
    his = read_form(gil, SETTINGS)
    dora.send(SETTINGS, **read_form(dora, SETTINGS) | {"title": "Deep <b>", "term": "2026/2"})
    answer = gil.send(SETTINGS, **his | {"late_days": "4"})

    assert answer.status_code == 409
    assert saved_in(answer.text) == {"title": "Deep &lt;b&gt;", "term": "2026/2", "late_days": "0"}
    assert gil.send(SETTINGS, **fields_of(answer.text)).status_code == 302
    [course] = rows(portal, Course)
    assert (course.title, course.late_days) == ("Deep Learning", 4)


def test_archiving_is_no_change_of_the_settings(dora, gil):
    his = read_form(gil, SETTINGS)
    dora.send("/courses/dl/archive", archive="yes")

    assert gil.send(SETTINGS, **his | {"late_days": "4"}).status_code == 302


def test_a_rubric_shows_what_was_changed_added_and_removed(dora, gil, portal, room):
    page = f"/courses/dl/submissions/rubric/{room.assignment}"
    with portal.database.write() as session:
        items = [RubricItem(assignment_id=room.assignment, position=n, title=t, points=1) for n, t in enumerate("ABC")]
        session.add_all(items)
    a, b, c = (each.id for each in items)
    his = read_form(gil, page)
    hers = his | {f"points-{a}": "2", f"remove-{b}": "yes", "title-new-1": "D", "points-new-1": "4", "place-new-1": "9"}
    dora.send(page, **hers)
    answer = gil.send(page, **his | {f"title-{b}": "B better", f"title-{c}": "C better"})

    assert answer.status_code == 409
    # C has moved up, as B is gone.
    assert saved_in(answer.text) == {f"points-{a}": "2", f"title-{c}": "C", f"place-{c}": "2"}
    assert answer.text.count(">removed meanwhile<") == answer.text.count(">added meanwhile<") == 1
    assert "becomes a new item when you save" in answer.text
    assert {each.title for each in rows(portal, RubricItem)} == {"A", "C", "D"}

    assert gil.send(page, **fields_of(answer.text)).status_code == 302
    found = sorted(rows(portal, RubricItem), key=lambda each: each.position)
    assert [(each.title, each.points) for each in found] == [("A", 1), ("B better", 1), ("C better", 1), ("D", 4)]
    assert [each.id for each in found][::2] == [a, c]


def test_a_rubrics_new_items_are_added_once(dora, portal, room):
    page = f"/courses/dl/submissions/rubric/{room.assignment}"
    form = read_form(dora, page) | {"title-new-1": "Style", "points-new-1": "1"}

    assert [dora.send(page, **form).status_code for _ in range(2)] == [302, 302]
    assert [each.title for each in rows(portal, RubricItem)] == ["Style"]


def test_an_extension_and_a_members_part(dora, gil, portal, room):
    add_user(portal, "ana")
    ana = room.admit("ana")
    with portal.database.write() as session:
        session.add(Extension(assignment_id=room.assignment, user_id=ana, more_attempts=1, created_at=now()))
    [member] = rows(portal, Membership, user_id=ana)
    changes = {
        "/courses/dl/assignments/softmax/extensions/ana": ({"more_attempts": "2"}, {"reason": "ill"}, "2"),
        f"/courses/dl/people/{member.id}": ({"role": "assistant"}, {"section": "B"}, "assistant"),
    }
    for path, (hers, his, saved) in changes.items():
        form = read_form(gil, path)
        assert dora.send(path, **read_form(dora, path) | hers).status_code == 302
        answer = gil.send(path, **form | his)
        assert answer.status_code == 409
        assert "Dora changed this on" in words_of(answer.text)
        assert saved_in(answer.text)[next(iter(hers))] == saved
        assert gil.send(path, **fields_of(answer.text)).status_code == 302
    assert (rows(portal, Extension)[0].reason, rows(portal, Membership, user_id=ana)[0].section) == ("ill", "B")


def test_who_is_not_known_any_more_is_not_named(dora, gil, portal, room):
    his = read_form(gil, TERMS)
    room.change(points=77)  # not by anybody whom the log knows
    said = words_of(gil.send(TERMS, **his | {"points": "5"}).text)

    assert "This was changed after you had opened the form." in said
    assert "77" in said
