# class: 55, names that programs take for options
# tries: hand in files called like options, beside a right solution of two tests
# must get: 2 points
# upload: built
# control: custom: names_become_options
import io
import zipfile

NAMES = ("--version", "-rf", "-", "--", "-c.py", "--checkpoint-action=exec=sh gotcha.py", "-oProxyCommand=gotcha.py")


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vault.py", "def label(n):\n    return f'key-{n}'\n")
        for name in NAMES:
            archive.writestr(name, "print('GOTCHA')\n")
    return "vault.zip", packed.getvalue()
