"""Motion to picture: the portrait warped to a motion."""
