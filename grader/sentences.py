"""What students read about verdicts, in every language. One place, so that both languages stay complete."""

from __future__ import annotations

from grader.report import LANGUAGES, Text

_SENTENCES: dict[str, tuple[str, str]] = {
    "failed": (
        "The result is not as required.",
        "O resultado não é o pedido.",
    ),
    "wrong_kind": (
        "The test could not use what your code returned ({error}).",
        "O teste não conseguiu usar o que seu código devolveu ({error}).",
    ),
    "not_written": (
        "Not written yet: the function still raises NotImplementedError.",
        "Ainda não escrito: a função ainda lança NotImplementedError.",
    ),
    "raised": (
        "Your code raised {kind}: {message}",
        "Seu código lançou {kind}: {message}",
    ),
    "missing": (
        "Your file does not define {name}. Keep the names of the stub.",
        "Seu arquivo não define {name}. Mantenha os nomes do arquivo inicial.",
    ),
    "no_load": (
        "Your file could not be loaded. {kind}: {message}",
        "Não foi possível carregar seu arquivo. {kind}: {message}",
    ),
    "not_loaded": (
        "Not run: your file could not be loaded.",
        "Não executado: não foi possível carregar seu arquivo.",
    ),
    "slow_call": (
        "A call was stopped after {seconds:g} s. Is there an endless loop?",
        "Uma chamada foi interrompida depois de {seconds:g} s. Há um laço sem fim?",
    ),
    "slow_run": (
        "The training was stopped after {seconds:g} s, all the time that it has.",
        "O treinamento foi interrompido depois de {seconds:g} s, todo o tempo que ele tem.",
    ),
    "slow_test": (
        "The test was stopped: with {seconds:g} s per call it took too long to look at what your code returned.",
        "O teste foi interrompido: com {seconds:g} s por chamada, examinar o que seu código devolveu demorou demais.",
    ),
    "slow_load": (
        "Loading your file was stopped after {seconds:g} s. Does it run something outside of functions?",
        "O carregamento do arquivo foi interrompido depois de {seconds:g} s. Ele executa algo fora de funções?",
    ),
    "slow_total": (
        "Not run: your submission has used up the {seconds:g} s for all tests.",
        "Não executado: sua entrega já gastou os {seconds:g} s para todos os testes.",
    ),
    "memory": (
        "Your code needed more than the {megabytes} MB of memory that it may use.",
        "Seu código precisou de mais que os {megabytes} MB de memória permitidos.",
    ),
    "gpu_memory": (
        "Your code needed more than the {megabytes} MB of the GPU's memory that it may use.",
        "Seu código precisou de mais que os {megabytes} MB de memória da GPU permitidos.",
    ),
    "awaits_gpu": (
        "Not run yet: it asks for a GPU. Without one it costs nothing.",
        "Ainda não executado: pede uma GPU. Sem uma, não custa nada.",
    ),
    "big_answer": (
        "Your code returned too large an answer: {reason}.",
        "Seu código devolveu uma resposta grande demais: {reason}.",
    ),
    "big_answers": (
        "What your code returned in this test is too large for the test to look at.",
        "O que seu código devolveu neste teste é grande demais para o teste examinar.",
    ),
    "big_output": (
        "Your code printed more than {kilobytes} kB. Remove the print calls.",
        "Seu código imprimiu mais de {kilobytes} kB. Remova as chamadas de print.",
    ),
    "exited": (
        "Your code ended the Python process (status {status}). Remove calls such as exit() or os._exit().",
        "Seu código encerrou o processo do Python (status {status}). Remova chamadas como exit() ou os._exit().",
    ),
    "killed": (
        "The process with your code died: {signal}.",
        "O processo com seu código morreu: {signal}.",
    ),
    "refused_call": (
        "Your code made a system call by the numbers of another architecture (32 bits), which the sandbox refuses.",
        "Seu código fez uma chamada de sistema com os números de outra arquitetura (32 bits), que o sandbox recusa.",
    ),
    "broken_answer": (
        "What came back from your code is not a value that the grader can read.",
        "O que veio do seu código não é um valor que o corretor consiga ler.",
    ),
    "lost": (
        "Your code crashed earlier in this test, and its objects are gone.",
        "Seu código quebrou antes neste teste, e os objetos dele se perderam.",
    ),
    "needs": (
        "Skipped: first make “{title}” pass.",
        "Pulado: antes faça “{title}” passar.",
    ),
    "environment": (
        "Not run here, and it costs nothing: {reason}",
        "Não executado aqui, e não custa nada: {reason}",
    ),
    "grader_error": (
        "The test itself failed. It costs you nothing, and the course staff has been told.",
        "O próprio teste falhou. Isso não custa nada para você, e a equipe do curso foi avisada.",
    ),
    "forbidden_title": (
        "Uses none of the forbidden functions.",
        "Não usa nenhuma das funções proibidas.",
    ),
    "forbidden": (
        "Line {line} uses {name}, which this exercise forbids. Write it yourself.",
        "A linha {line} usa {name}, que este exercício proíbe. Escreva você.",
    ),
    "forbidden_cell": (
        "Line {line} of cell {cell} uses {name}, which this exercise forbids. Write it yourself.",
        "A linha {line} da célula {cell} usa {name}, que este exercício proíbe. Escreva você.",
    ),
    "forbidden_call": (
        "Your code called {name}, which this exercise forbids. Write it yourself.",
        "Seu código chamou {name}, que este exercício proíbe. Escreva você.",
    ),
    "after_forbidden": (
        "Not run: the submission uses a forbidden function.",
        "Não executado: a entrega usa uma função proibida.",
    ),
    "no_examiner": (
        "The grader itself failed ({reason}). Your attempt is not lost; it is graded again.",
        "O próprio corretor falhou ({reason}). Sua tentativa não se perdeu; ela será corrigida de novo.",
    ),
    "bad_exercise": (
        "This exercise has a fault, and the course staff has been told. Your attempt does not count.",
        "Este exercício tem um defeito, e a equipe do curso foi avisada. Sua tentativa não conta.",
    ),
}


def say(key: str, **values: object) -> Text:
    """One sentence in every language. A value that is itself a text is put in by language."""
    texts = {}
    for language, sentence in zip(LANGUAGES, _SENTENCES[key], strict=True):
        chosen = {name: value[language] if isinstance(value, dict) else value for name, value in values.items()}
        texts[language] = sentence.format(**chosen)
    return texts
