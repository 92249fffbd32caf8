"""What staff says about the demo's submissions, and students who ask for a regrade."""

from __future__ import annotations

import io
import random
import re
import tokenize
from collections import defaultdict
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.demo.plan import DAY, HOUR
from server.models import Assignment, LineComment, RegradeRequest, Review, RubricItem, RubricMark, Submission, User
from server.store import Store

RUBRIC = (
    ("Names that say what they hold", 2.0),
    ("Explains why the formula is stable", 3.0),
    ("Code that is not used", -1.0),
)
COMMENTS = (
    "Well structured and easy to read. See my question beside the code.",
    "The report shows which test to look at first; my question beside the code is about the same thing.",
    "Muito bom de ler! Só falta dizer em um comentário por que a fórmula é estável. Veja também a pergunta no código.",
)
#: what code may have in it, its words and signs one space apart, and what there is to ask about it
QUESTIONS = (
    (r"where \(.* exp \(.*,", "Autograd follows both branches of where. Is the slope finite in each of them?"),
    (r"clamp \(", "What becomes of the gradient of an x beyond this limit?"),
    (r"abs \(", "Which slope does autograd take for abs at 0?"),
    (r"exp \(", "Qual é o maior número de que exp é calculada aqui? Vale um comentário."),
    (r"return", "How did you convince yourself that this holds for x = ±1000?"),
)
REQUESTS = (
    "The test for large inputs says that I overflow, but on my computer I get no warning. Could you look again?",
    "Acho que o teste oculto 3 não corresponde ao enunciado. Podem verificar?",
)

#: reviews that are published, reviews in all, and together with students who ask for a regrade
PUBLISHED, REVIEWED, LOOKED_AT = 7, 9, 12


def review(
    session: Session,
    store: Store,
    assignment: Assignment,
    by: User,
    students: list[User],
    chance: random.Random,
    now: datetime,
) -> None:
    """Reviews of some submissions, published or not, and students who ask for a regrade."""
    items = [
        RubricItem(assignment_id=assignment.id, position=number, title=title, points=points)
        for number, (title, points) in enumerate(RUBRIC)
    ]
    session.add_all(items)
    session.flush()
    found = select(Submission).where(Submission.assignment_id == assignment.id).order_by(Submission.attempt)
    last = {each.user_id: each for each in session.scalars(found)}
    chosen = [last[student.id] for student in students if student.id in last][:LOOKED_AT]
    for number, submission in enumerate(chosen[:REVIEWED]):
        about, at = {"submission_id": submission.id, "by_id": by.id}, now - chance.random() * 10 * DAY
        published_at = at if number < PUBLISHED else None
        comment = COMMENTS[number % len(COMMENTS)]
        session.add(Review(comment=comment, published_at=published_at, updated_at=at, **about))
        applying = [item for item in items if chance.random() < 0.5]
        session.add_all(RubricMark(item_id=item.id, **about) for item in applying)
        if question := find_question(store.get(submission.blob).decode()):
            session.add(LineComment(line=question[0], text=question[1], created_at=at, **about))
    for number, submission in enumerate(chosen[REVIEWED:]):
        text, at = REQUESTS[number % len(REQUESTS)], now - (1 + number) * 7 * HOUR
        session.add(RegradeRequest(submission_id=submission.id, text=text, created_at=at))


def find_question(source: str) -> tuple[int, str] | None:
    """A line of code and what there is to ask about it; None where there is nothing, or what cannot be read."""
    try:
        lines = code_lines(source)
    except (SyntaxError, tokenize.TokenError):
        return None
    for pattern, question in QUESTIONS:
        for line, code in lines.items():
            if re.search(pattern, code):
                return line, question
    return None


def code_lines(source: str) -> dict[int, str]:
    """Names, numbers and signs of each line that has some, without comments and texts."""
    lines: defaultdict[int, list[str]] = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP):
            lines[token.start[0]].append(token.string)
    return {number: " ".join(words) for number, words in lines.items()}
