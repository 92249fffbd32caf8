# class: 10 and 55, a link in the archive that leads to the solution
# tries: have the grader read the target of a link as if it were the student's file
# must get: 0 points
# upload: built
# control: custom: careless_unpacking
import io
import stat
import zipfile


def upload(target="../solutions/vault/vault.py"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("vault.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, target)
        archive.writestr("notes.txt", "GOTCHA\n")
    return "vault.zip", packed.getvalue()
