"""A notebook becomes one Python file: its definitions, without IPython's commands, and every line traceable."""

import json
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.definitions import definitions_only
from grader.errors import SubmissionError
from grader.notebook import find_cell, read_notebook


def code(source, **metadata):
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": 1}


def notebook(*cells, **fields):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | fields).encode()


def read(*cells):
    return read_notebook(notebook(*cells), "work.ipynb")


def body(source):
    """The lines of a single cell as they come out."""
    return "\n".join(read(code(source)).source.split("\n")[3:-1])


def refusal(content):
    with pytest.raises(SubmissionError) as caught:
        read_notebook(content, "work.ipynb")
    assert caught.value.text["en"] != caught.value.text["pt-BR"]
    return caught.value.text["en"]


def test_joins_the_code_cells_in_order():
    text = {"cell_type": "markdown", "source": "# Title"}
    found = read(
        code("import torch"), text, code(["def f(x):\n", "    return x"]), {"cell_type": "raw", "source": "no"}
    )
    assert found.source == (
        "# -*- coding: utf-8 -*-\n\n# %% cell 1\nimport torch\n# %% cell 2\ndef f(x):\n    return x\n"
    )
    assert (found.cells, found.left_out) == (((4, 1), (6, 2)), ())


def test_a_line_is_traced_to_its_cell():
    found = read(code("import torch"), code("def f(x):\n    return x"))
    assert [find_cell(found.cells, line) for line in (3, 4, 6, 7)] == [None, (1, 1), (2, 1), (2, 2)]
    lines = found.source.split("\n")
    assert lines[7 - 1] == "    return x"


def test_reads_the_older_format():
    cells = [{"cell_type": "code", "input": ["x = 1\n", "y = 2"], "language": "python", "prompt_number": 1}]
    found = read_notebook(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode(), "old.ipynb")
    assert found.source.endswith("x = 1\ny = 2\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install x\nx = 1", "pass\nx = 1"),
        ("!pip install x \\\n  y\nx = 1", "pass\n\nx = 1"),
        ("?print\nprint?\nprint??\nx = 1", "pass\npass\npass\nx = 1"),
        ("files = !ls\nt = %timeit f()\nx = 1", "pass\npass\nx = 1"),
        ("if True:\n    %time f()\nx = 1", "if True:\n    pass\nx = 1"),
        ("get_ipython().run_line_magic('time', '')\nx = 1", "get_ipython().run_line_magic('time', '')\nx = 1"),
        ("%%time\nx = 1", "\nx = 1"),
        ("\n%%time\n%cd /\nx = 1", "\n\npass\nx = 1"),
    ],
)
def test_ipythons_commands_are_taken_out(source, expected):
    assert body(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "x = (a\n% b)",
        "x = a \\\n% b",
        'text = """\n%matplotlib\n!ls\n"""',
        "text = '''it's\n!ls'''",
        "x = 'it''s (' # (\ny = 1",
        'x = "\\"" + "("\ny = [1,\n!2]',
        "x = a != b\ny = a % b",
    ],
)
def test_code_that_looks_like_a_command_stays(source):
    assert body(source) == source


def test_a_string_that_never_ends_does_not_hide_the_next_line():
    assert body("x = 'oops\n!ls") == "x = 'oops\npass"


def test_says_what_was_taken_out_and_where():
    found = read(
        code("x = 1"),
        code("%matplotlib inline"),
        code("%%bash\nrm -rf /\nls"),
        code("assert f(1) == 2", nbgrader={"grade": True, "locked": True, "solution": False}),
        code("def g(): ...", nbgrader={"grade": True, "locked": False, "solution": True}),
        code("!echo \x1b[2J\u202e" + "x" * 300),
    )
    assert found.left_out[:3] == ("cell 2: %matplotlib inline", "cell 3: %%bash", "cell 4: assert f(1) == 2")
    assert found.left_out[3].startswith("cell 6: !echo [2Jxxx")
    assert found.left_out[3].endswith("x…")
    assert "rm -rf" not in found.source
    assert "assert" not in found.source
    assert "def g()" in found.source


def test_a_coding_cookie_in_a_cell_means_nothing():
    assert read(code("# -*- coding: latin-1 -*-\nx = 'ç'")).source.startswith("# -*- coding: utf-8 -*-\n")


def test_line_ends_of_every_kind_are_one():
    assert body("x = 1\r\ny = 2\rz = '\f\u2028'") == "x = 1\ny = 2\nz = '\f\u2028'"


def test_numbers_that_json_does_not_know_are_harmless_in_outputs():
    text = '{"cells": [{"cell_type": "code", "source": "x = \\"NaN\\"", "outputs": [NaN, -Infinity, {"a": Infinity}]}]}'
    assert 'x = "NaN"' in read_notebook(text.encode(), "a.ipynb").source


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "its text is not JSON"),
        (b"import torch", "its text is not JSON"),
        (notebook(code("x = 1"))[:-9], "its text is not JSON"),
        (b'{"cells": [{"cell_type": "code", "metadata": ' + b"[" * 500_000, "nested too deeply"),
        (b'{"metadata": ' + b'{"a":' * 500_000, "nested too deeply"),
        (b"[]", "is JSON, but not a notebook"),
        (b'{"cells": {}}', "is JSON, but not a notebook (Expected `array`, got `object` - at `$.cells`)"),
        (b'{"cells": [{"cell_type": "code", "source": 3}]}', "is JSON, but not a notebook"),
        (b"{}", "has no code: 0 cells"),
        (notebook({"cell_type": "markdown", "source": "x"}), "has no code: 1 cells"),
        (notebook(code("# later"), code(" ")), "has no code: 2 cells"),
        (notebook(code("x = '\0'")), "signs that are not text"),
        (notebook(code("x = 1\n" * 200_000)), "work.ipynb is too big: more than 1 MB"),
        (b'{"a": "NaN' + b'\\"' * 400_000, "its text is not JSON"),
    ],
)
def test_says_what_is_wrong_with_a_notebook(content, reason):
    assert reason in refusal(content)


def test_a_big_picture_in_an_output_is_no_code():
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 3_000_000}}
    assert read({**code("x = 1"), "outputs": [picture]}).source.endswith("x = 1\n")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
SOURCE = st.text(alphabet="x=1%!?\n\\\"'()# \r\0\ud800ç", max_size=30)
CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", 3])},
    optional={"source": SOURCE | st.lists(SOURCE, max_size=3) | JSON, "metadata": JSON, "input": SOURCE},
)


@settings(max_examples=100, deadline=None)
@given(st.fixed_dictionaries({"cells": st.lists(CELL, max_size=4)}) | JSON)
def test_any_document_is_read_or_refused(document):
    assert is_read_or_refused(json.dumps(document).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_bytes_are_read_or_refused(noise, place):
    whole = notebook(code("x = 1\n%time x"))
    assert is_read_or_refused(whole[:place] + noise + whole[place + 3 :])


def is_read_or_refused(content) -> bool:
    """Whether each cell is where the reader says that it is; where nothing is read, it must be said why."""
    try:
        found = read_notebook(content, "any.ipynb")
    except SubmissionError as error:
        return bool(error.text["en"] and error.text["pt-BR"])
    lines = found.source.split("\n")
    are_traced = all(lines[first - 2] == f"# %% cell {number}" for first, number in found.cells)
    return are_traced and bool(found.source.encode())


# --- definitions_only


def keep(source, *names):
    """What stays, without empty lines, and what was left out."""
    text, left_out = definitions_only(textwrap.dedent(source).strip("\n"), names)
    return [line for line in text.split("\n") if line not in ("", "pass")], left_out


def test_keeps_definitions_and_leaves_experiments_out():
    kept, left_out = keep(
        """
        import torch
        import matplotlib.pyplot as plt
        LEARNING_RATE = 0.1
        def train(x): return x
        class Net(torch.nn.Module): size = 3
        print("hello")
        model = train(torch.zeros(3))
        plt.plot(model)
        for epoch in range(1000): train(model)
        assert train(1) == 1
        """
    )
    assert kept == [
        "import torch",
        "import matplotlib.pyplot as plt",
        "LEARNING_RATE = 0.1",
        "def train(x): return x",
        "class Net(torch.nn.Module): size = 3",
    ]
    assert left_out == [
        'line 6: print("hello")',
        "line 7: model = train(torch.zeros(3))",
        "line 8: plt.plot(model)",
        "line 9: for epoch in range(1000): train(model)",
        "line 10: assert train(1) == 1",
    ]


def test_keeps_what_a_function_needs_in_turn():
    source = """
    import torch
    base = load()
    table = make(base)
    table.append(3)
    table[0] = 1
    other = load()
    def f(x): return table[x]
    """
    kept, left_out = keep(source)
    assert left_out == ["line 6: other = load()"]
    assert len(kept) == 6


@pytest.mark.parametrize(
    "line",
    [
        "relu = lambda x: max(x, 0)",
        "A = B = [1, 2]",
        "size: int = 3",
        "try:\n    import torch\nexcept ImportError:\n    torch = None",
        "if True:\n    def f(): ...",
        "@decorator\ndef f(): ...",
        '"""A text."""',
        "from math import *\nhalf = pi / 2",
    ],
)
def test_keeps(line):
    assert keep(line) == (line.split("\n"), [])


def test_a_constant_that_rests_on_an_experiment_goes_with_it():
    assert keep("data = load()\nsize = data[0]\nhalf = size / 2") == (
        [],
        ["line 1: data = load()", "line 2: size = data[0]", "line 3: half = size / 2"],
    )


def test_a_local_name_is_no_reason_to_keep_an_experiment():
    kept, left_out = keep("x = load()\ndef f(x): return x\ndef g():\n    x = 1\n    return x")
    assert left_out == ["line 1: x = load()"]
    assert kept[0] == "def f(x): return x"


def test_keeps_what_a_header_needs():
    kept, left_out = keep("size = measure()\ndef f(x=size): return x")
    assert (len(kept), left_out) == (2, [])


def test_keeps_names_that_are_asked_for():
    assert keep("model = build()\nother = build()", "model") == (["model = build()"], ["line 2: other = build()"])


def test_lines_stay_where_they_are():
    source = "print(\n  1,\n); x = 1; show('ção'); y = 2; plot(\n)\ndef f():\n    return x + y\n"
    text, left_out = definitions_only(source)
    assert text == "\n\npass; x = 1; pass; y = 2; \npass\ndef f():\n    return x + y\n"
    assert len(left_out) == 3
    assert len(text.split("\n")) == len(source.split("\n"))


def test_names_the_cell():
    source = read(code("def f(): ..."), code("x = 1\nf()")).source
    text, left_out = definitions_only(source)
    assert left_out == ["cell 2: f()"]
    assert text.split("\n") == [*source.split("\n")[:-2], "pass", ""]


def test_a_future_import_of_any_cell_goes_to_the_top():
    source = read(code("import torch"), code("from __future__ import annotations\ndef f(x: X): ...")).source
    text, left_out = definitions_only(source)
    exec(compile(text.replace("import torch", "import math"), "notebook", "exec"), {})
    assert left_out == []
    assert text.split("\n")[1] == "from __future__ import annotations"


@pytest.mark.parametrize("source", ["def f(:\n", "x = 1\ny = = 3", "(" * 5000, "\0"])
def test_source_that_cannot_be_read_comes_back(source):
    assert definitions_only(source) == (source, [])
