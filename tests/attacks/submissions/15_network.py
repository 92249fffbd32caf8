# class: 15, sending what was found over the network
# tries: reach a server of its own over loopback, and a name server over UDP
# must get: 0 points
# control: plain: says GOTCHA
import socket


def label(n):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
        print("GOTCHA")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.sendto(b"secret", ("127.0.0.1", 53))
        print("GOTCHA")
    return ""
