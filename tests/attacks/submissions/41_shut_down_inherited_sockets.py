# class: 41, sockets of the grader's that were left open
# tries: shut down every socket that this process has been given, for all who hold them
# must get: 0 points
# control: custom: shuts_down_for_all
import os
import socket
import stat


def shut_down(descriptors):
    for number in descriptors:
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                socket.socket(fileno=os.dup(number)).shutdown(socket.SHUT_RDWR)
        except OSError:
            continue


def label(n):
    shut_down(range(3, 1024))
    return ""
