# class: 15, sending what was found as names that are looked up
# tries: have the C library ask for a name
# must get: 0 points
# control: plain: says GOTCHA
import socket


def label(n):
    print("GOTCHA", socket.getaddrinfo("localhost", 80))
    return ""
