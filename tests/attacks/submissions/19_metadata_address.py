# class: 19, asking the cloud for the machine's own credentials
# tries: connect to the address where clouds answer whoever runs on their machines
# must get: 0 points
# control: custom: asks_an_address
import socket


def ask(address):
    with socket.socket() as sock:
        sock.settimeout(0.5)
        sock.connect(address)
        print("GOTCHA", address)


def label(n):
    for address in (("169.254.169.254", 80), ("100.100.100.200", 80), ("127.0.0.1", 22), ("127.0.0.1", 5432)):
        try:
            ask(address)
        except OSError:
            continue
    return ""
