"""What the columns of rosters are called, in exports of Moodle, Canvas and Google and as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from enum import Enum

from server.models import Role


class Column(Enum):
    """What a column of a roster tells."""

    NAME = "name"
    FIRST = "first name"
    LAST = "last name"
    EMAIL = "e-mail"
    LOGIN = "user name"
    NUMBER = "number"
    SECTION = "section"
    ROLE = "role"


#: how columns are called, without accents and signs; where a table has several of one kind, the first here is taken
NAMES = {
    Column.NAME: (
        "full name", "name", "nome completo", "nome", "student name", "student", "nome do aluno", "nome do a aluno a",
        "nome do estudante", "nome do discente", "aluno", "aluna", "estudante", "discente", "participant",
        "participante", "display name", "nickname",
    ),
    Column.FIRST: ("first name", "given name", "first", "primeiro nome", "nome proprio"),
    Column.LAST: ("last name", "surname", "family name", "last", "sobrenome", "ultimo nome", "apelido"),
    Column.EMAIL: (
        "e mail", "email", "e mail address", "email address", "mail", "endereco de e mail", "endereco de email",
        "e mail institucional", "email institucional", "institutional e mail", "institutional email", "student email",
        "e mail do aluno", "email do aluno", "correio eletronico",
    ),
    Column.LOGIN: (
        "user name", "username", "login", "sis login id", "login id", "nome de usuario", "identificacao de usuario",
        "usuario", "nome de utilizador", "user", "netid",
    ),
    Column.NUMBER: (
        "sis user id", "student number", "id number", "numero de identificacao", "numero de matricula", "matricula",
        "ra", "no usp", "n usp", "numero usp", "nusp", "registro academico", "registration number", "registration",
        "prontuario", "numero do aluno", "codigo do aluno", "student id", "number", "numero", "codigo", "id",
    ),
    Column.SECTION: (
        "section", "sections", "turma", "turmas", "group", "groups", "grupo", "grupos", "class", "classe", "secao",
    ),
    Column.ROLE: ("role", "roles", "papel", "papeis", "funcao", "funcoes", "perfil", "tipo"),
}  # fmt: skip

ROLE_NAMES = {
    Role.STUDENT: (
        "student", "learner", "aluno", "aluna", "estudante", "discente", "member", "membro",
    ),
    Role.ASSISTANT: (
        "assistant", "assistente", "ta", "teaching assistant", "non editing teacher", "monitor", "monitora",
        "monitoria", "tutor", "tutora", "moderador", "professor nao editor", "moderator", "manager", "gerente",
    ),
    Role.INSTRUCTOR: (
        "instructor", "teacher", "professor", "professora", "docente", "instrutor", "instrutora", "owner",
        "editing teacher", "proprietario",
    ),
}  # fmt: skip


def plain(text: str) -> str:
    """A heading as it is looked up: lower case, no accents, signs as spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", kept).split())


def find_columns(cells: Sequence[str]) -> Mapping[Column, int]:
    """Which column tells what; empty: this is not the line of headings."""
    headings = [plain(cell) for cell in cells]
    # The first of the names comes last, and stays.
    named = ((column, name) for column, names in NAMES.items() for name in reversed(names))
    found = {column: headings.index(name) for column, name in named if name in headings}
    if Column.LAST in found and Column.FIRST not in found and Column.NAME in found:
        # "Nome" beside "Sobrenome" is the first name.
        found[Column.FIRST] = found.pop(Column.NAME)
    # "ID" alone may stand in any table's title.
    is_heading = Column.EMAIL in found or Column.LOGIN in found or (Column.NUMBER in found and len(found) > 1)
    return found if is_heading else {}


def read_role(text: str) -> Role | None:
    """The role that a cell names; of several, the greatest. None: it names none that there is."""
    words = [plain(part) for part in re.split(r"[,;/|]", text)]
    found = [role for role, names in ROLE_NAMES.items() if any(word in names for word in words)]
    return found[-1] if found else None
