"""Recorded mutants."""

from grader.audit.equivalent import NAME, read_entries
from grader.audit.finding import Problem


def test_a_record_without_a_reason(tree):
    path = tree.private / NAME
    path.write_text('[[equivalent]]\nline = "x"\nbecomes = "y"\nreason = ""\n')
    _, problems = read_entries(path)
    assert problems == [Problem(path, 2, "an entry has no reason. Say why nobody can tell.")]


def test_a_broken_file_of_records(tree):
    path = tree.private / NAME
    path.write_text('[[equivalent]]\nline = "x"\n')
    [problem] = read_entries(path)[1]
    assert "missing required field `becomes`" in problem.text
    assert problem.text.endswith("each entry has where, line, becomes and reason.")
