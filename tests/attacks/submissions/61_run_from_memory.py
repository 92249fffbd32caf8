# class: 61, starting other programs
# tries: write a program into a file that exists in memory alone, and run it
# must get: 0 points
# control: plain: says GOTCHA
import os
import platform
import struct

CRY = b"GOTCHA\n\0"
#: write(1, CRY, 7); exit(0), and the number of the machine
CODE, MACHINE = {
    "x86_64": (
        bytes.fromhex("b801000000 bf01000000 488d3511000000 ba07000000 0f05 b83c000000 31ff 0f05 90".replace(" ", "")),
        62,
    ),
    "aarch64": (
        struct.pack(
            "<8I", 0xD2800020, 0x100000E1, 0xD28000E2, 0xD2800808, 0xD4000001, 0xD2800000, 0xD2800BA8, 0xD4000001
        ),
        183,
    ),
}.get(platform.machine(), (b"", 0))
BASE, HEADERS = 0x400000, 120


def program():
    size = HEADERS + len(CODE) + len(CRY)
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    elf = ident + struct.pack("<HHIQQQIHHHHHH", 2, MACHINE, 1, BASE + HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return elf + struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 4096) + CODE + CRY


def label(n):
    try:
        file = os.memfd_create("gotcha")
        os.write(file, program())
    except OSError:
        return ""
    child = os.fork()
    if child == 0:
        try:
            os.execve(file, ["gotcha"], {})
        finally:
            os._exit(1)
    os.waitpid(child, 0)
    return ""
