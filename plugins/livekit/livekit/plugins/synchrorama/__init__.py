"""A face for LiveKit agents, drawn by a SynchroRaMa Live server.

Runs on the agent's or the worker's event loop.
Never opens a room by import.
"""

from .avatar import AvatarSession
from .generator import SynchroramaVideoGenerator
from .room_worker import RoomWorker, WorkerJob

__version__ = "0.1.0"
__all__ = ["AvatarSession", "RoomWorker", "SynchroramaVideoGenerator", "WorkerJob"]
