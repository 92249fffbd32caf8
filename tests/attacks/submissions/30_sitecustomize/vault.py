# class: 30, files that Python runs at its start
# tries: bring sitecustomize.py and usercustomize.py
# must get: 0 points
# control: cold: says GOTCHA
