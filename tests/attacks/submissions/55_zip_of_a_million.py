# class: 55, an archive of very many files
# tries: twenty thousand tiny files
# must get: 0 points
# upload: built
# control: custom: zip_of_many
import io
import zipfile


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("vault.py", "print('here')\n")
        for number in range(20_000):
            archive.writestr(f"{number}.txt", "")
    return "vault.zip", packed.getvalue()
