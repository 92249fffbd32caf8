# class: 28, a configuration of pytest in the submission
# tries: have pytest collect the tests and run none of them
# must get: 0 points
# control: plain: status 0
