"""What each operation does: one function for each row of the table, by the row's name.

A handler takes what is asked first, and then, by name, the parts of the hub that it uses.
"""
