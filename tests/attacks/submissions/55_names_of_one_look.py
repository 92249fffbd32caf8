# class: 55, names that differ for one reader and are one for another
# tries: hand in the exercise's file twice, under names that Unicode takes for the same
# must get: 2 points
# upload: built
# control: custom: names_are_one
import io
import zipfile

NAMES = (
    "ｖａｕｌｔ.py",
    "vault.py\u200b",
    "vau\u017ft.py",
    "ＶＡＵＬＴ.PY",
    "v\u0430ult.py",
    "cafe\u0301.py",
    "caf\u00e9.py",
)


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vault.py", "def label(n):\n    return f'key-{n}'\n")
        for name in NAMES:
            archive.writestr(name, "print('GOTCHA')\n")
    return "vault.zip", packed.getvalue()
