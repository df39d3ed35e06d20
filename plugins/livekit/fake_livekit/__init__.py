"""Two ends of a room and a voice, for the tests: what a LiveKit server would be."""
