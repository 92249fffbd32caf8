# class: 56, a loop without end
# tries: loop while the file is loaded
# must get: 0 points
# control: plain: hangs
while True:
    pass
