# class: 20, ending the process with success while it is imported
# tries: os._exit(0) before any test has run
# must get: 0 points
# control: plain: status 0
import os

os._exit(0)
