# class: 55, names in the archive that lead out of it
# tries: write beside the folder and at absolute paths
# must get: 0 points
# upload: built
# control: custom: careless_unpacking
import io
import zipfile


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vault.py", "print('here')\n")
        for name in ("../gotcha-slip.py", "/tmp/gotcha-slip.py", "a/../../gotcha-slip.py", "..\\gotcha-slip.py"):
            archive.writestr(name, "print('GOTCHA')\n")
    return "vault.zip", packed.getvalue()
