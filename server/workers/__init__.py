"""Several media processes around one engine process: `synchrorama serve --workers N`.

docs/workers.md draws how they are joined.
Never used by the single process, which is the default.
"""
