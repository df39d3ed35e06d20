"""A client of SynchroRaMa Live for Python: give speech, receive a face.

Runs on the caller's event loop.
Never needs the server's own packages.
"""

from synchrorama_client.errors import (
    AvatarError,
    ConnectionLost,
    Refused,
    SegmentOver,
    SessionClosed,
    TimedOut,
    Unreachable,
)
from synchrorama_client.events import (
    Buffered,
    Closed,
    Event,
    Finished,
    Hello,
    Mark,
    Started,
    Trouble,
    Unknown,
)
from synchrorama_client.inbox import Inbox
from synchrorama_client.media_items import SOUND_HZ, Item, Picture, Sound
from synchrorama_client.segment import Segment
from synchrorama_client.server import Avatar, Capabilities, Server
from synchrorama_client.session import Session
from synchrorama_client.speech import Speech
from synchrorama_client.timeouts import Retry, Timeouts

__version__ = "0.1.0"

__all__ = [
    "SOUND_HZ",
    "Avatar",
    "AvatarError",
    "Buffered",
    "Capabilities",
    "Closed",
    "ConnectionLost",
    "Event",
    "Finished",
    "Hello",
    "Inbox",
    "Item",
    "Mark",
    "Picture",
    "Refused",
    "Retry",
    "Segment",
    "SegmentOver",
    "Server",
    "Session",
    "SessionClosed",
    "Sound",
    "Speech",
    "Started",
    "TimedOut",
    "Timeouts",
    "Trouble",
    "Unknown",
    "Unreachable",
]
