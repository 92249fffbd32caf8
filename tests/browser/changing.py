"""An exercise changes in the middle of a term: a hidden test asks for less than before, and there is one more."""

from __future__ import annotations

from pathlib import Path

#: what a test asks for, and what it asks for afterwards
SOFTER = {
    "slope(x.double()).float(), rtol=1e-4, atol=0)": "slope(x.double()).float(), rtol=1e-4, atol=1e-2)",
    "slope(x.double()), rtol=1e-10, atol=0)": "slope(x.double()), rtol=1e-10, atol=1e-2)",
}
NEW_TEST = '''

def test_reaches_as_far_as_float64(student):
    """sigmoid is not cut off where float64 goes on.

    pt: sigmoid não é cortada onde o float64 continua.
    """
    x = torch.tensor([-700.0], dtype=torch.float64)
    assert_close(student.sigmoid(x), torch.sigmoid(x), rtol=1e-6, atol=0)
'''


def change_sigmoid(solutions: Path) -> None:
    """Whose derivative cancels gains by it, and who cuts x off loses."""
    path = solutions / "sigmoid" / "test_sigmoid_hidden.py"
    text = path.read_text(encoding="utf-8")
    for before, after in SOFTER.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text + NEW_TEST, encoding="utf-8")
