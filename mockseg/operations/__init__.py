"""What can be asked of a running mockseg: parameters, results, and the one table of operations."""
