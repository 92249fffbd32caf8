print("GOTCHA")
