"""The manual: its pages as Markdown, beside this file, and their headings."""
