"""Rosters: how a file is read, and what an import makes of it. Plain functions."""

import pytest

from server.course import roster
from server.course.columns import plain, read_role
from server.course.enrolment import Account, Fate, Known, Member, plan
from server.course.roster import Row, Wrong, decode, read_rows
from server.models import Role

S, A, I = Role.STUDENT, Role.ASSISTANT, Role.INSTRUCTOR  # noqa: E741

MOODLE = '''Nome;Sobrenome;Número de identificação;Endereço de email;Grupos
Ana;Souza Lima;2023001;ANA@uni.example;Turma A
"José ""Zé""";d'Ávila;2023002;ze@uni.example;
'''
MOODLE_ENGLISH = """First name,Last name,ID number,Email address,Groups,Roles
Ana,Souza Lima,2023001,ana@uni.example,"A, B",Student
Bo,Li,,bo@uni.example,,Non-editing teacher
"""
CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,Quiz 1 (123)
    Points Possible,,,,,10
"Lima, Ana",901,2023001,ana@uni.example,DL-01,7
"Student, Test",902,,,DL-01,
"""
GOOGLE = """Members for group dl@uni.example
Email address,Nickname,Group status,Group role
ana@uni.example,Ana Lima,subscribed,MEMBER
"""


def people(text):
    return [(row.name, row.email, row.login, row.number, row.section, row.role) for row in read_rows(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            MOODLE,
            [
                ("Ana Souza Lima", "ana@uni.example", "", "2023001", "Turma A", None),
                ('José "Zé" d\'Ávila', "ze@uni.example", "", "2023002", "", None),
            ],
        ),
        (
            MOODLE_ENGLISH,
            [
                ("Ana Souza Lima", "ana@uni.example", "", "2023001", "A, B", S),
                ("Bo Li", "bo@uni.example", "", "", "", A),
            ],
        ),
        (CANVAS, [("Ana Lima", "ana@uni.example", "", "2023001", "DL-01", None)]),
        (GOOGLE, [("Ana Lima", "ana@uni.example", "", "", "", None)]),
        ("RA\tNome do(a) aluno(a)\tTurma\n123\tAna\tT1\n", [("Ana", "", "", "123", "T1", None)]),
        ("Nº USP,Nome,Função\n7,Ana,Monitora\n", [("Ana", "", "", "7", "", A)]),
        ("sep=;\nlogin;name;role\nAna.L;Ana;professor\n", [("Ana", "", "ana.l", "", "", I)]),
        ("e-mail\n\nana@uni.example\n  \n", [("", "ana@uni.example", "", "", "", None)]),
        ("name,email,number\n'=Ana,ana@uni.example,'-7\n", [("=Ana", "ana@uni.example", "", "-7", "", None)]),
    ],
    ids=[
        "moodle",
        "moodle in english",
        "canvas",
        "google",
        "tabs",
        "usp",
        "excel's first line",
        "addresses",
        "apostrophes",
    ],
)
def test_tables_are_recognised(text, expected):
    assert people(text) == expected


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"],
)  # fmt: skip
def test_encodings_are_recognised(encoding):
    text = decode("Nome;E-mail\nJoão Conceição;j@uni.example\n".encode(encoding))

    assert people(text)[0][0] == "João Conceição"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"PK\x03\x04rest", roster.ZIPPED),
        (b"name,email\n\0\0", roster.NO_TEXT),
        (b"x" * (roster.MAX_BYTES + 1), roster.TOO_BIG),
    ],
)
def test_what_is_no_table_is_refused(content, problem):
    with pytest.raises(Wrong) as caught:
        decode(content)
    assert caught.value.note.text == problem


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", roster.NO_HEADINGS),
        ("Ana,ana@uni.example\nBia,bia@uni.example", roster.NO_HEADINGS),
        ("name,section\nAna,A", roster.NO_HEADINGS),
        ("\n" * 50 + "name,email\nAna,a@b.example", roster.NO_HEADINGS),
        ("name,email\n,\n", roster.NO_ROWS),
        ('name,email\n"Ana,ana@uni.example\n', roster.BROKEN),
        ("name,email\n" + "Ana,a@b.example\n" * (roster.MAX_ROWS + 1), roster.TOO_MANY),
        ("x" * (roster.MAX_BYTES + 1), roster.TOO_BIG),
        ("name,email\n" + "x" * 200_000 + ",a@b.example\n", roster.BROKEN),
    ],
    ids=["nothing", "no headings", "nobody", "headings too late", "no rows", "quotes", "rows", "bytes", "cell"],
)
def test_what_is_no_roster_is_refused(text, problem):
    with pytest.raises(Wrong) as caught:
        read_rows(text)
    assert caught.value.note.text == problem


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Ana,ana@uni,,,,", roster.BAD_EMAIL),
        ("Ana,ana at uni,,,,", roster.BAD_EMAIL),
        ("Ana,,a b,,,", roster.BAD_LOGIN),
        ("Ana,,é,,,", roster.BAD_LOGIN),
        ("Ana,,,,A,", roster.NOBODY_KNOWN),
        (f"{'x' * 81},ana@uni.example,,,,", roster.BAD_NAME),
        ("Ana\u202e,ana@uni.example,,,,", roster.BAD_NAME),
        (f"Ana,ana@uni.example,,{'1' * 41},,", roster.LONG_LABEL),
        (f"Ana,ana@uni.example,,,{'A' * 41},", roster.LONG_LABEL),
        ('Ana,ana@uni.example,,"2,02300E+11",,', roster.ROUNDED),
        ("Ana,ana@uni.example,,,,administrator", roster.NO_ROLE),
        ("Ana,ana@uni.example,,,,guest", roster.NO_ROLE),
    ],
)
def test_a_bad_row_says_what_is_wrong(row, problem):
    found = read_rows(f"name,email,login,number,section,role\nBia,bia@uni.example,,,,\n{row}\n")

    assert found[0].problem is None
    assert found[1].problem.text == problem
    assert found[1].line == 3


def test_lines_are_counted_as_an_editor_counts_them():
    text = 'name,email\n"Ana\nSouza",ana@uni.example\n\nBia,bia@uni.example\n'

    assert [(row.line, row.name) for row in read_rows(text)] == [(2, "Ana Souza"), (5, "Bia")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Nº USP", "no usp"), ("E-mail  institucional", "e mail institucional"), ("SEÇÃO", "secao"), ("()", "")],
)
def test_headings_are_made_plain(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Aluna", S),
        ("TA", A), ("Estudante, Monitor", A), ("Professor; Aluno", I), ("administrator", None), ("", None),
    ],
)  # fmt: skip
def test_roles_are_recognised(text, expected):
    assert read_role(text) == expected


ANA, BIA, DORA = Account(1, "ana", "Ana", "ana@uni.example"), Account(2, "bia", "Bia"), Account(3, "dora", "Dora")
KNOWN = Known(
    accounts=[ANA, BIA],
    members=[Member(DORA, I), Member(Account(4, "caio", "Caio", "caio@uni.example"), S, "77", "A")],
    logins=frozenset({"ana", "bia", "dora", "caio", "eva", "eva-2"}),
)


def fates(*rows, known=KNOWN, default=S):
    return plan([Row(line, **row) for line, row in enumerate(rows, 2)], known, default)


@pytest.mark.parametrize(
    ("row", "fate", "account"),
    [
        ({"name": "Fay", "email": "fay@uni.example"}, Fate.NEW, None),
        ({"email": "ana@uni.example"}, Fate.JOINS, ANA),
        ({"login": "ana"}, Fate.JOINS, ANA),
        ({"login": "bia", "email": "bia@uni.example"}, Fate.JOINS, BIA),
        ({"email": "ana@uni.example", "login": "ana"}, Fate.JOINS, ANA),
        ({"number": "77"}, Fate.UNCHANGED, KNOWN.members[1].account),
        ({"number": "77", "email": "new@uni.example"}, Fate.UNCHANGED, KNOWN.members[1].account),
        ({"login": "caio", "section": "B"}, Fate.CHANGED, KNOWN.members[1].account),
        ({"login": "dora"}, Fate.UNCHANGED, DORA),
    ],
)
def test_a_row_is_whom_it_names(row, fate, account):
    step = fates(row).steps[0]

    assert (step.fate, step.account, step.problem) == (fate, account, None)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"email": "nobody@uni.example"}, "The name is missing."),
        ({"email": "ana@uni.example", "login": "bia"}, "two different accounts"),
        ({"name": "Ana", "email": "other@uni.example", "login": "ana"}, "Somebody with another e-mail address"),
        ({"email": "ana@uni.example", "number": "77"}, "has the number"),
        ({"login": "dora", "role": S}, "the last instructor"),
    ],
)
def test_a_row_that_cannot_be_says_why(row, problem):
    step = fates(row).steps[0]

    assert step.fate is Fate.WRONG
    assert problem in step.problem.text


def test_the_same_person_twice_is_imported_once():
    rows = [
        {"name": "Fay", "email": "fay@uni.example", "number": "1"},
        {"name": "Fay", "email": "fay@uni.example"},
        {"name": "Gil", "email": "gil@uni.example", "number": "1"},
        {"email": "ana@uni.example"},
        {"login": "ana"},
    ]
    steps = fates(*rows).steps

    assert [step.fate for step in steps] == [Fate.NEW, Fate.WRONG, Fate.WRONG, Fate.JOINS, Fate.WRONG]
    assert [steps[place].problem.values["line"] for place in (1, 2, 4)] == [2, 2, 5]


def test_new_accounts_get_user_names_that_are_free():
    rows = [
        {"name": "Eva", "email": "eva@uni.example"},
        {"name": "Eva", "email": "eva@other.example"},
        {"name": "Gil", "login": "zoe"},
        {"name": "Zoe", "email": "zoe@uni.example"},
        {"name": "João Sá", "number": "2023001"},
        {"name": "João Sá", "number": "9"},
    ]

    assert [step.login for step in fates(*rows).steps] == ["eva-3", "eva-4", "zoe", "zoe-2", "2023001", "joao.sa"]


def test_roles_are_the_rows_or_the_default_and_members_keep_theirs():
    rows = [{"name": "Fay", "email": "f@uni.example"}, {"login": "ana", "role": I}, {"login": "caio"}]
    planned = fates(*rows, default=A)

    assert [step.role for step in planned.steps] == [A, I, S]
    assert planned.steps[2].fate is Fate.UNCHANGED


def test_the_last_instructor_may_go_once_there_is_another():
    planned = fates({"login": "ana", "role": I}, {"login": "caio", "role": I}, {"login": "dora", "role": A})

    assert [step.fate for step in planned.steps] == [Fate.JOINS, Fate.CHANGED, Fate.CHANGED]


def test_empty_cells_change_nothing_and_absent_people_stay():
    planned = fates({"login": "caio", "number": "", "section": ""})

    assert not planned.does_something
    assert [each.account for each in planned.absent] == [DORA]
