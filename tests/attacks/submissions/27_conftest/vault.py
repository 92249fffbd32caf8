# class: 27, a conftest.py in the submission
# tries: bring a hook that turns every report green
# must get: 0 points
# control: plain: green test_unlocks_a_secret test_labels_a_secret test_orders test_boxes_unlock
