# class: 51, markup and terminal codes in the names of files
# tries: hand in files whose names act where they are shown, beside a right solution of two tests
# must get: 2 points
# upload: built
# control: custom: names_that_act
import io
import zipfile

NAMES = (
    "<script>document.title='gotcha'.py",
    "<img src=x onerror=alert(1)>.py",
    "=cmd|' calc'!A0.py",
    "\x1b]0;gotcha\x07.py",
    "\u202eyp.gotcha.py",
    "[gotcha](javascript:alert(1)).py",
    "a\r\nSet-Cookie: gotcha.py",
    '"; gotcha=".py',
)


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vault.py", "def label(n):\n    return f'key-{n}'\n")
        for name in NAMES:
            archive.writestr(name, "print('GOTCHA')\n")
    return "vault.zip", packed.getvalue()
