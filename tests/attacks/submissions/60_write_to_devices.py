# class: 60, writing into the host's devices
# tries: write into every device that it sees and that is not made to swallow everything
# must get: 0 points
# control: plain: says GOTCHA
import os


def label(n):
    for name in ("random", "urandom", "kmsg", "mem", "console", "tty"):
        try:
            device = os.open(f"/dev/{name}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            continue
        if name.endswith("random"):
            os.write(device, b"gotcha")
        print("GOTCHA", name)
        os.close(device)
    return ""
