# class: 53, taking the host's memory
# tries: fill 600 MB
# must get: 0 points
# control: plain: says GOTCHA
def label(n):
    held = bytearray(b"x") * (600 << 20)
    print("GOTCHA", len(held))
    return ""
