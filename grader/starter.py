"""The files of a new exercise, by path below its two folders; SLUG stands for the slug in names and texts.

The exercise is about one line, and its tests show the habits: laws instead of stored numbers, inputs from ``rng``,
exact boundaries for errors, and texts in both languages.
"""

from __future__ import annotations

_README = """\
# Scale a tensor

Write `scale`, which multiplies every number of a tensor $x$ by a factor $c > 0$:

$$
y_i = c \\, x_i
$$

| $x$ | $c$ | $y$ |
|---|---|---|
| $(1, -2)$ | $3$ | $(3, -6)$ |

A factor that is not positive is a `ValueError`.

## Hints

- Arithmetic between a tensor and a number works number by number.

## Check yourself

Run `pytest` in this folder.
"""

_README_PT = """\
# Escale um tensor

Escreva `scale`, que multiplica cada número de um tensor $x$ por um fator $c > 0$:

$$
y_i = c \\, x_i
$$

| $x$ | $c$ | $y$ |
|---|---|---|
| $(1, -2)$ | $3$ | $(3, -6)$ |

Um fator que não é positivo é um `ValueError`.

## Dicas

- A aritmética entre um tensor e um número é feita número a número.

## Verifique você mesmo

Rode `pytest` nesta pasta.
"""

_HEAD = '''\
"""Scale a tensor."""

from __future__ import annotations

from torch import Tensor


def scale(x: Tensor, factor: float) -> Tensor:
'''

_STUB = f'''\
{_HEAD}\
    """Multiply every number of ``x`` (any shape) by ``factor`` into a new tensor of the same shape.

    Raises ValueError if ``factor`` is not positive.
    """
    raise NotImplementedError
'''

_REFERENCE = f'''\
{_HEAD}\
    """Multiply every number of ``x`` by ``factor``."""
    if factor <= 0:
        raise ValueError(f"the factor must be positive, not {{factor}}")
    return x * factor
'''

_TESTS = '''\
"""Public tests of ``SLUG``."""

import torch
from torch.testing import assert_close


def test_scales_the_example(student):
    """Gives the numbers of the statement's example.

    pt: Dá os números do exemplo do enunciado.
    hint: Each number is multiplied, not increased.
    dica: Cada número é multiplicado, não aumentado.
    """
    assert_close(student.scale(torch.tensor([1.0, -2.0]), 3.0), torch.tensor([3.0, -6.0]))


def test_scaling_twice_is_scaling_by_the_product(student, rng):
    """Scaling by two factors in turn is scaling by their product.

    pt: Escalar por dois fatores, um após o outro, é escalar pelo produto.
    """
    x = torch.randn(4, 3, generator=rng, dtype=torch.float64)
    assert_close(student.scale(student.scale(x, 2.0), 0.25), x / 2)
'''

_HIDDEN_TESTS = '''\
"""Hidden tests of ``SLUG``."""

import pytest
import torch
from torch.testing import assert_close


@pytest.mark.points(2)
def test_refuses_factors_that_are_not_positive(student):
    """A factor of zero or below is a ValueError, and the smallest positive one is not.

    pt: Um fator nulo ou negativo é um ValueError, e o menor positivo não é.
    hint: Check the factor before you compute anything.
    dica: Confira o fator antes de calcular qualquer coisa.
    """
    for factor in (0, -1, -0.5):
        with pytest.raises(ValueError):
            student.scale(torch.ones(2), factor)
    assert_close(student.scale(torch.ones(2), 0.5), torch.full((2,), 0.5))


def test_leaves_its_input_alone(student, rng):
    """Returns a new tensor; the one that came in stays as it was.

    pt: Devolve um tensor novo; o que entrou fica como estava.
    hint: Operators such as *= and methods such as mul_ change a tensor in place.
    dica: Operadores como *= e métodos como mul_ mudam o próprio tensor.
    """
    x = torch.randn(5, generator=rng)
    before = x.clone()
    assert_close(student.scale(x, 2.0), before + before)
    assert_close(x, before)
'''


def _solution(line: str, body: str, *, first: str = "") -> str:
    """One solution: ``line`` is its docstring, ``body`` the lines of the function."""
    head = _HEAD.replace("Scale a tensor.", line).replace(
        "from torch import Tensor", "import torch\nfrom torch import Tensor"
    )
    if "torch." not in body:
        head = head.replace("import torch\n", "")
    indented = "\n".join(f"    {row}" if row else "" for row in body.splitlines())
    return f"{first}{head}{indented}\n"


_CHECK = 'if factor <= 0:\n    raise ValueError("the factor must be positive")\n'

#: The public folder.
PUBLIC = {
    "README.md": _README,
    "README.pt-BR.md": _README_PT,
    "SLUG.py": _STUB,
    "test_SLUG.py": _TESTS,
    "exercise.toml": 'module = "starters"\n',
}

#: The private folder.
PRIVATE = {
    "SLUG.py": _REFERENCE,
    "test_SLUG_hidden.py": _HIDDEN_TESTS,
    "right/loop.py": _solution(
        "Number by number, with a Python loop.",
        f"{_CHECK}return torch.stack([number * factor for number in x.flatten()]).reshape(x.shape)",
    ),
    "right/division.py": _solution("Division by the inverse.", f"{_CHECK}return x / (1 / factor)"),
    "wrong/adds.py": _solution(
        "The factor is added.",
        f"{_CHECK}return x + factor",
        first="# caught by: test_scales_the_example, test_scaling_twice_is_scaling_by_the_product\n",
    ),
    "wrong/in_place.py": _solution(
        "The input is scaled in place.",
        f"{_CHECK}return x.mul_(factor)",
        first="# caught by: test_leaves_its_input_alone\n",
    ),
    "wrong/no_check.py": _solution(
        "Any factor is taken.",
        "return x * factor",
        first="# caught by: test_refuses_factors_that_are_not_positive\n",
    ),
    "wrong/takes_zero.py": _solution(
        "The boundary is not checked.",
        f"{_CHECK.replace('<=', '<')}return x * factor",
        first="# caught by: test_refuses_factors_that_are_not_positive\n",
    ),
}
