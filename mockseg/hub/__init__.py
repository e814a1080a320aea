"""The whole machine without HTTP, and the one table of operations that every door offers."""
