"""What the author of an exercise.toml reads when it cannot be used."""

import pytest

from grader.exercise import BrokenConfig, Catalogue, UnknownExercise


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "toy" / "exercise.toml"
    path.parent.mkdir()
    return path


def error_of(path):
    with pytest.raises(BrokenConfig) as caught:
        Catalogue(path.parent.parent, None).find(path.parent.name)
    return caught.value.text


KEYS = "module, chapter, prerequisites, forbid, in_place, limits, training"


@pytest.mark.parametrize(
    ("content", "english", "portuguese"),
    [
        ("", "the key module is missing", "falta a chave module"),
        (
            "module = 3",
            "module must be a text in quotes; found a whole number",
            "module deve ser um texto entre aspas; encontrado: um número inteiro",
        ),
        (
            'module = "x"\nforbid = "torch.nn"',
            "forbid must be a list in [ ]; found a text in quotes",
            "forbid deve ser uma lista entre [ ]; encontrado: um texto entre aspas",
        ),
        (
            'module = "x"\nforbid = [true]',
            "forbid[0] must be a text in quotes; found true or false",
            "forbid[0] deve ser um texto entre aspas; encontrado: true ou false",
        ),
        (
            'module = "x"\nforbidden = []',
            f"found the key forbidden, which means nothing; expected {KEYS}",
            f"encontrada a chave forbidden, que não significa nada; esperadas: {KEYS}",
        ),
        (
            'module = "x"\n[limits]\nsecond = 1',
            "found the key limits.second, which means nothing; expected seconds, load_seconds, total_seconds, "
            "memory_mb, output_kb, answer_mb",
            "encontrada a chave limits.second, que não significa nada; esperadas: seconds, load_seconds, "
            "total_seconds, memory_mb, output_kb, answer_mb",
        ),
        (
            'module = "x"\n[limits]\nseconds = "1"',
            "limits.seconds must be a number; found a text in quotes",
            "limits.seconds deve ser um número; encontrado: um texto entre aspas",
        ),
        (
            'chapter = "1"\nmodule = ',
            "this is not TOML: Invalid value (at end of document)",
            "isto não é TOML: Invalid value (at end of document)",
        ),
    ],
)
def test_what_is_wrong_is_said_in_both_languages(config, content, english, portuguese):
    config.write_text(content)
    assert error_of(config) == {
        "en": f"{config}: {english}. Mend the file; docs/authors.md lists its keys.",
        "pt-BR": f"{config}: {portuguese}. Corrija o arquivo; docs/authors.md lista as chaves.",
    }


def test_a_file_that_is_missing(config):
    assert error_of(config)["en"].startswith(f"{config}: the file is missing.")
    assert error_of(config)["pt-BR"].startswith(f"{config}: o arquivo não existe.")


def test_a_file_that_cannot_be_read(config):
    config.mkdir()
    assert error_of(config)["en"].startswith(f"{config}: the file cannot be read (Is a directory).")


def test_a_file_that_is_no_text(config):
    config.write_bytes(b'module = "\xff"')
    assert error_of(config)["en"].startswith(f"{config}: the file is not a text in UTF-8.")


def test_a_name_without_a_folder_is_no_exercise(config):
    config.write_text('module = "x"')
    with pytest.raises(UnknownExercise, match=r"There is no exercise 'softmax' in .*\. Found: toy\."):
        Catalogue(config.parent.parent, None).find("softmax")
