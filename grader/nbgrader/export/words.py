"""What an exported notebook says besides the exercise's own words."""

from __future__ import annotations

from grader.report import Text

_WORDS: dict[str, Text] = {
    "setup": {
        "en": "Read-only. Loads gradiente_tests.py, which came with this notebook and needs torch and pytest.",
        "pt-BR": "Só leitura. Carrega gradiente_tests.py, que veio com este notebook e precisa de torch e pytest.",
    },
    "hidden_helpers": {
        "en": "Read-only. What the hidden tests share.",
        "pt-BR": "Só leitura. O que os testes ocultos têm em comum.",
    },
    "tests": {"en": "Tests", "pt-BR": "Testes"},
    "hidden": {"en": "Hidden test: {title}", "pt-BR": "Teste oculto: {title}"},
    "trains": {
        "en": "It trains {count} times, at most {seconds:g} s; nbgrader stops a cell after c.Execute.timeout (30 s).",
        "pt-BR": "Treina {count} vezes, no máximo {seconds:g} s; o nbgrader corta células em c.Execute.timeout (30 s).",
    },
    "write": {"en": "**Write this in the next cell:**", "pt-BR": "**Escreva isto na próxima célula:**"},
    "how": {
        "en": "## How this notebook works\n\n"
        "Where the statement speaks of a file, it means the cells below. Write your code in those that raise "
        "`NotImplementedError`, and keep the names and parameters. The tests "
        "stand at the end: run them as often as you like. A cell of tests that ends without an error gives all "
        "its points, one that ends with a number that many. Hidden tests run when your work is graded.\n\n"
        "Before you hand in, restart the kernel, run all cells, and press *Validate*.",
        "pt-BR": "## Como este notebook funciona\n\n"
        "Onde o enunciado fala de um arquivo, trata-se das células abaixo. Escreva seu código nas que lançam "
        "`NotImplementedError` e mantenha nomes e parâmetros. Os testes "
        "ficam no fim: rode-os quantas vezes quiser. Uma célula de testes que termina sem erro dá todos os "
        "seus pontos; uma que termina com um número dá essa quantidade. Testes ocultos rodam na correção.\n\n"
        "Antes de entregar, reinicie o kernel, rode todas as células e clique em *Validate*.",
    },
    "forbid": {
        "en": "What is forbidden stands in `exercise.toml`. Where Gradiente is installed, as where your work is "
        "graded, the tests look for it and give no points if you use it.",
        "pt-BR": "O que é proibido está em `exercise.toml`. Onde o Gradiente está instalado, como onde seu trabalho é "
        "corrigido, os testes procuram isso e não dão pontos a quem o usa.",
    },
    "left_out": {
        "en": "Only on the portal, and not a part of this notebook:",
        "pt-BR": "Só no portal, e não neste notebook:",
    },
    "gpu": {"en": "it trains on a GPU", "pt-BR": "treina em uma GPU"},
    "secret": {
        "en": "it reads data that students must not have",
        "pt-BR": "lê dados que o estudante não deve ter",
    },
    "worthless": {"en": "it is worth no points", "pt-BR": "não vale pontos"},
    "question": {
        "en": "## In your own words\n\n"
        "Explain why your solution is right: which idea makes it work where the obvious way fails, and how do you see "
        "that? Use a formula or a small example. Half a page is plenty. Write into the cell below.",
        "pt-BR": "## Com suas palavras\n\n"
        "Explique por que sua solução está certa: que ideia a faz funcionar onde o caminho óbvio falha, e como se vê "
        "isso? Use uma fórmula ou um exemplo pequeno. Meia página basta. Escreva na célula abaixo.",
    },
    "scheme": {
        "en": "- 1 point: names the idea that the solution rests on, and it is the one in the code above.\n"
        "- 1 point: says why it is right, with a formula or an example that fits.\n\n"
        "Points and scheme are yours to change.",
        "pt-BR": "- 1 ponto: diz em que ideia a solução se apoia, e é a do código acima.\n"
        "- 1 ponto: diz por que está certa, com uma fórmula ou um exemplo que serve.\n\n"
        "Mude os pontos e o critério como quiser.",
    },
    "answer": {"en": "*Your answer.*", "pt-BR": "*Sua resposta.*"},
}


def say(key: str, language: str) -> str:
    """A text of the notebook."""
    return _WORDS[key][language]


def count_points(points: float, language: str) -> str:
    """So many points, in words."""
    unit = ("point", "points") if language == "en" else ("ponto", "pontos")
    return f"{number(points, language)} {unit[points >= 2 or (language == 'en' and points != 1)]}"


def number(value: float, language: str) -> str:
    """A number, with Portuguese's decimal comma."""
    return f"{value:g}" if language == "en" else f"{value:g}".replace(".", ",")


def how_to(language: str, left_out: list[str], is_anything_forbidden: bool) -> str:
    """How the notebook works, and what of the exercise it does not have."""
    parts = [say("how", language)]
    parts += [say("forbid", language)] if is_anything_forbidden else []
    if left_out:
        parts.append("\n".join([say("left_out", language), "", *(f"- {line}" for line in left_out)]))
    return "\n\n".join(parts)


def why_left_out(title: str, reason: str, language: str) -> str:
    """A test that only the portal runs, and why."""
    return f"{title.rstrip('.')} ({say(reason, language)})"


def is_ours(text: str) -> bool:
    """Whether a text is one that an export has added to the exercise's own."""
    first = text.strip().partition("\n")[0]
    texts = [*_WORDS["how"].values(), *_WORDS["answer"].values()]
    headings = [f"## {title}" for title in _WORDS["tests"].values()]
    return first in headings or any(first == own.partition("\n")[0] for own in texts)
