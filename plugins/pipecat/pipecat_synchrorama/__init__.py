"""A face for Pipecat's voice agents: a service that is placed after text to speech.

Runs on the pipeline's event loop.
Never plays anything by itself: sound and pictures go on down the pipeline.
"""

from pipecat_synchrorama.video import SynchroramaVideoService

__version__ = "0.1.0"
__all__ = ["SynchroramaVideoService"]
