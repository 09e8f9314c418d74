print("influenced")
