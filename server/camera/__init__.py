"""`synchrorama camera`: a microphone to a face on a virtual camera, its voice in step beside it."""
