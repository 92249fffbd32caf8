# class: 63, sockets whose reach is the whole machine
# tries: read which sockets the host has, and who listens on them
# must get: 0 points
# beside: a service that listens
# control: custom: sees_the_service
from pathlib import Path


def listed():
    text = ""
    for name in ("unix", "tcp", "udp", "netlink"):
        for who in ("self", "thread-self", "1"):
            try:
                text += Path(f"/proc/{who}/net/{name}").read_text()
            except OSError:
                continue
    return text


def label(n):
    if "@gotcha-service" in listed():
        print("GOTCHA")
    return ""
