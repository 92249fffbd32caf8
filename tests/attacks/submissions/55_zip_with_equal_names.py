# class: 55, names that are one file on some systems
# tries: give two files one name, up to case, so that the one that is checked is not the one that runs
# must get: 0 points
# upload: built
# control: custom: names_collide
import io
import zipfile


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vault.py", "x = 1\n")
        archive.writestr("VAULT.py", "print('GOTCHA')\n")
        archive.writestr("-rf.py", "print('GOTCHA')\n")
    return "vault.zip", packed.getvalue()
