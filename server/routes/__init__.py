"""The HTTP routes, one file for each thing they speak of.

Run on the event loop.
Never hold state: that is in server.services.
"""
