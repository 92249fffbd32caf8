"""Checks of a student's source that need no parser: encoding, NUL bytes, whether there is any code."""

from __future__ import annotations

import codecs
import io
import tokenize

from grader.bundle import clean
from grader.errors import SubmissionError

#: What a coding cookie may name. Python also has codecs that compute for hours (punycode) or hide code
#: (unicode_escape); nobody's editor writes those.
_ENCODINGS = frozenset(
    "utf-8 utf-8-sig ascii iso8859-1 iso8859-15 cp1250 cp1251 cp1252 mac-roman gb2312 gbk big5 shift_jis euc_jp "
    "euc_kr koi8-r".split()
)

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_source(content: bytes, name: str) -> str:
    """Decode a Python file. Raises SubmissionError for what is not text, or not in the encoding that it claims."""
    if content.startswith(_UTF16):
        raise _badly_encoded(name, "UTF-16", "UTF-16")
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise SubmissionError(
            f"{clean(name, 60)} is not a text file: line {line} holds a NUL byte. Expected: Python source in UTF-8. "
            "Open it in your editor, save it as plain text and hand it in again.",
            f"{clean(name, 60)} não é um arquivo de texto: a linha {line} tem um byte NUL. Esperado: código Python em "
            "UTF-8. Abra-o no editor, salve como texto e entregue de novo.",
        )
    encoding = _encoding(content, name)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"0x{content[error.start]:02x}"
        english = f"byte {byte} on line {line}, which is not {encoding}"
        raise _badly_encoded(name, english, f"byte {byte} na linha {line}, que não é {encoding}") from None


def _encoding(content: bytes, name: str) -> str:
    # A line without end would be searched as a whole, and a cookie stands near the start.
    lines = io.BytesIO(content[:4096])
    try:
        encoding, _ = tokenize.detect_encoding(lines.readline)
    except SyntaxError:
        encoding = _claimed(content)
    try:
        known = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        known = ""
    if known in _ENCODINGS:
        return known
    shown = repr(clean(encoding, 40))
    raise _badly_encoded(name, f"encoding {shown} in its first lines", f"codificação {shown} nas primeiras linhas")


def _claimed(content: bytes) -> str:
    """The cookie that Python refused; UTF-8 where the refusal was about something else."""
    for line in content[:4096].splitlines()[:2]:
        text = line.decode("latin-1")
        _, found, rest = text.partition("coding")
        if text.lstrip().startswith("#") and found and rest[:1] in ":=":
            return rest[1:].split()[0] if rest[1:].split() else "?"
    return "utf-8"


def _badly_encoded(name: str, english: str, portuguese: str) -> SubmissionError:
    return SubmissionError(
        f"{clean(name, 60)} is not encoded as it should be. Found: {english}. Expected: UTF-8. Save it as UTF-8 in "
        "your editor and hand it in again.",
        f"{clean(name, 60)} não está codificado como deveria. Encontrado: {portuguese}. Esperado: UTF-8. Salve-o como "
        "UTF-8 no editor e entregue de novo.",
    )


def is_blank(text: str) -> bool:
    """Whether there is nothing but white space and comments."""
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.removeprefix("\ufeff").splitlines())
