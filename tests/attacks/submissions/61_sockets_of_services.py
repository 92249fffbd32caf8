# class: 61, reaching a service of the host through its socket
# tries: connect to the sockets that container engines and databases listen on, and to one of the test's own
# must get: 0 points
# beside: a service that listens
# control: custom: reaches_the_service
import glob
import socket

PLACES = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/tmp/.s.PGSQL.5432")


def connect(address):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(0.5)
        client.connect(address)
        print("GOTCHA", address)


def label(n):
    for address in (*PLACES, *glob.glob("/tmp/gotcha-service*"), "\0gotcha-service"):
        try:
            connect(address)
        except OSError:
            continue
    return ""
