def inner():
    raise ValueError("at the end")
print("before")
inner()
