"""What students have tried, or could try, in the notebooks that they hand in to nbgrader."""

from __future__ import annotations

from dataclasses import dataclass

#: worth nothing by itself: every test says no
WRONG = "\n\ndef double(x):\n    return 0\n"


@dataclass(frozen=True)
class Cheat:
    """A notebook that is worth no point, whatever it does."""

    #: what stands in the cell of the solution
    code: str
    #: points that nbgrader's own pipeline gives for the cells "odd" and "words"; None: it gives up on the notebook
    stock: tuple[float, float] | None = (3, 2)


_DROP_ASSERTS = """\
import ast

class Agree(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()

get_ipython().ast_transformers.append(Agree())
"""

_DROP_LINES = """\
def agree(lines):
    return ["pass\\n"] if any("assert" in line for line in lines) else lines

get_ipython().input_transformers_post.append(agree)
"""

_READ_TESTS = """\
import ast

KNOWN = {}

def learn(info):
    for node in ast.walk(ast.parse(info.raw_cell)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Call):
            KNOWN[ast.literal_eval(node.left.args[0])] = ast.literal_eval(node.comparators[0])

get_ipython().events.register("pre_run_cell", learn)

def double(x):
    return KNOWN[x]
"""

_ALWAYS_EQUAL = """\
class Same:
    def __eq__(self, other):
        return True

    __hash__ = None

def double(x):
    return Same()
"""

_NEVER_FAIL = """\
from IPython.core.interactiveshell import ExecutionResult

shell = get_ipython()

async def agree(raw_cell, *args, **kwargs):
    found = ExecutionResult(None)
    found.execution_count = shell.execution_count
    return found

shell.run_cell_async = agree
"""

_FORGE_OUTPUT = """\
def publish(info):
    points = {"double(3)": "3", "abab": "2", "ready": "2"}
    for word, text in points.items():
        if word in info.raw_cell:
            kernel = get_ipython().kernel
            content = {"data": {"text/plain": text}, "metadata": {}, "execution_count": 1}
            kernel.session.send(kernel.iopub_socket, "execute_result", content, parent=kernel.get_parent())

get_ipython().events.register("pre_run_cell", publish)
"""

_READ_REFERENCE = """\
import json
from pathlib import Path

course = Path.cwd().parents[2]
for cell in json.loads((course / "source" / "ps1" / "p.ipynb").read_text())["cells"]:
    if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double":
        exec("".join(cell["source"]))
"""

_COPY_OTHERS = """\
import json
from pathlib import Path

for path in Path.cwd().parents[1].glob("ana/ps1/p.ipynb"):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "double":
            exec("".join(cell["source"]))
"""

_CHANGE_GRADEBOOK = """\
import sqlite3
from pathlib import Path

with sqlite3.connect(Path.cwd().parents[2] / "gradebook.db") as book:
    mine = (
        "SELECT submitted_notebook.id FROM submitted_notebook JOIN submitted_assignment "
        "ON submitted_notebook.assignment_id = submitted_assignment.id WHERE student_id = 'change_gradebook'"
    )
    book.execute(f"UPDATE grade SET manual_score = 3 WHERE notebook_id IN ({mine})")
"""

_LOUD = """\
from pathlib import Path

from IPython.display import HTML, SVG, Javascript, display

for place in (".", "..", "../..", "../../.."):
    for path in Path(place).glob("*"):
        if path.name in ("gradebook.db", "submission_secret.txt", "p.ipynb", "ana", "source"):
            print("found", path.name, path.is_dir() or len(path.read_bytes()))

display(HTML("<script>alert('html')</script><img src=x onerror=alert(1)>"))
display(Javascript("alert('script')"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>alert('svg')</script></svg>"))

def tell(info):
    print("heard", info.raw_cell)

get_ipython().events.register("pre_run_cell", tell)
print("flood " * 500_000)
"""

CHEATS = {
    "drop_asserts": Cheat(_DROP_ASSERTS + WRONG),
    "drop_lines": Cheat(_DROP_LINES + WRONG),
    "read_tests": Cheat(_READ_TESTS),
    "always_equal": Cheat(_ALWAYS_EQUAL),
    "never_fail": Cheat(_NEVER_FAIL + WRONG),
    "forge_output": Cheat(_FORGE_OUTPUT + WRONG),
    "read_reference": Cheat(_READ_REFERENCE),
    "copy_others": Cheat(_COPY_OTHERS),
    "change_gradebook": Cheat(_CHANGE_GRADEBOOK + WRONG, (3, 3)),
    "end_process": Cheat("import os\n\n\ndef double(x):\n    os._exit(0)", None),
    #: looks around, writes what browsers run, tells hidden tests, and fills the notebook
    "loud": Cheat(_LOUD + WRONG, (0, 0)),
}


def _marks(cell):
    return cell["metadata"].get("nbgrader", {})


def remark(cells):
    """Tests that say yes and are worth more, one more of them, and metadata of another kind and age."""
    for cell in cells:
        if _marks(cell).get("grade") and not _marks(cell)["solution"]:
            cell["source"] = "assert True"
            cell["metadata"]["nbgrader"] |= {"points": 99, "locked": False}
        if _marks(cell).get("grade_id") == "given":
            cell["metadata"]["nbgrader"]["schema_version"] = 1
    marks = {"schema_version": 3, "grade": True, "grade_id": "mine", "locked": False, "points": 50, "solution": False}
    own = {"cell_type": "code", "execution_count": None, "metadata": {"nbgrader": marks}, "outputs": [], "source": "1"}
    return [*cells, own, own | {"metadata": {"nbgrader": ["mine"]}}]


def retype(cells):
    """Tests that are text, or answers for a person to read, and outputs that say what they are worth."""
    for cell in cells:
        if _marks(cell).get("grade_id") == "odd":
            cell["cell_type"] = "markdown"
            del cell["outputs"], cell["execution_count"]
        if _marks(cell).get("grade_id") == "words":
            cell["metadata"]["nbgrader"]["solution"] = True
            data = {"data": {"text/plain": "2"}, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}
            cell["outputs"] = [data]
    return cells


def delete(cells):
    """No tests."""
    return [cell for cell in cells if _marks(cell).get("grade_id") not in ("odd", "words")]


def duplicate(cells):
    """Each test a second time, the second saying yes, all with the same id."""
    twins = [
        cell | {"source": "assert True", "id": "same"}
        for cell in cells
        if _marks(cell).get("grade_id") in ("odd", "words")
    ]
    return [*(cell | {"id": "same"} for cell in cells), *twins]


#: what may be done to the notebook around the answer
CHANGES = {each.__name__: each for each in (remark, retype, delete, duplicate)}
