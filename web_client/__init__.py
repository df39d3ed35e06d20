"""The page: HTML, CSS and ES modules, here only so that they are installed with the server.

Imported by nobody; `server.static` serves the folder as it lies.
Never holds Python code.
"""
