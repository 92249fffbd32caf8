# class: 63, sockets whose reach is the whole machine
# tries: open a vsock and a netlink socket
# must get: 0 points
# control: plain: says GOTCHA
import socket


def label(n):
    for family, kind in ((socket.AF_NETLINK, socket.SOCK_RAW), (40, socket.SOCK_STREAM), (17, socket.SOCK_RAW)):
        try:
            socket.socket(family, kind).close()
            print("GOTCHA", family)
        except OSError:
            continue
    return ""
