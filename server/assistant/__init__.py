"""An assistant in the box: hears a visitor, answers by a language model, speaks with the face.

Runs on the event loop; nothing of it is made unless a session asks for the voice `assistant`.
Never ends a session for what a provider does.
"""
