# class: 55, an archive that grows
# tries: 300 kB that unpack to 300 MB
# must get: 0 points
# upload: built
# control: custom: zip_grows
import io
import zipfile


def upload():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vault.py", "print('here')\n")
        for number in range(3):
            archive.writestr(f"data{number}.txt", bytes(100 << 20))
    return "vault.zip", packed.getvalue()
