"""The settings tree: every option of the server, frozen, with its default and the reason for it.

Plain data, read by every thread; built once at the edge by `server.settings_load`.
Never reads a file, an environment variable or a flag itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import ClassVar, get_type_hints

from server.assistant.settings import AssistantSettings
from server.settings_disclosure import DisclosureSettings
from server.settings_section import Section, SettingsError, option
from server.voices.settings import VoiceSettings

SIZES: tuple[int, ...] = (256, 384, 512, 768, 1024)
"""Picture sizes a session may ask for, in pixels (square)."""
DEVICES = ("cpu", "cuda")
PRECISIONS = ("fp16", "int8", "fp8")
LIBRARIES = ("auto", "trt", "ort", "torch")
PROFILES = ("auto", "boxes", "face")
RENDERERS = ("auto", "diffusion", "motion-frame")


@dataclass(frozen=True)
class IceServer:
    """One STUN or TURN server, given to the page and used by the server's own peers."""

    urls: tuple[str, ...]
    """For example `stun:stun.example.org:3478` or `turn:turn.example.org:3478?transport=udp`."""
    username: str | None = None
    credential: str | None = None

    def __post_init__(self) -> None:
        """Raises SettingsError when a URL is not of a STUN or TURN scheme."""
        for url in self.urls:
            if not url.startswith(("stun:", "stuns:", "turn:", "turns:")):
                raise SettingsError(
                    f"rtc.ice_servers: got {url!r}, wanted stun:, stuns:, turn: or turns:"
                )


@dataclass(frozen=True)
class ServerSettings(Section):
    """Where the HTTP side listens and what it takes."""

    SECTION: ClassVar[str] = "server"

    host: str = option("127.0.0.1", "Address to listen on; loopback unless you open it.")
    port: int = option(8000, "TCP port to listen on; 0 takes any free one.", low=0, high=65535)
    workers: int = option(
        1,
        "Media processes, of about eight sessions each, and engine processes; 1: all in one "
        "process. docs/workers.md",
        low=0,
        high=64,
    )
    engines: int = option(
        0,
        "Engine processes, each for some of the sessions; 0: one for each of render.devices, on "
        "the processor as many as server.workers.",
        low=0,
        high=64,
    )
    cors_origins: tuple[str, ...] = option(
        (), "Origins of other sites whose pages may call the API; none by default."
    )
    max_body_bytes: int = option(
        65536, "Largest request body; a real offer is below 10 kB.", low=1024, high=16_777_216
    )
    tls_certificate: str | None = option(
        None, "PEM file; with a key the server speaks https, which microphones need off localhost."
    )
    tls_key: str | None = option(None, "PEM file with the certificate's key.")
    shutdown_timeout_s: float = option(
        5.0, "Longest wait for sessions to close after SIGTERM.", low=0.1, high=120
    )


@dataclass(frozen=True)
class SessionSettings(Section):
    """How many sessions, how large and how long."""

    SECTION: ClassVar[str] = "session"

    max_sessions: int | None = option(
        None, "Cap on sessions; empty: what cores and measured frame times give.", low=1
    )
    admission: str = option(
        "measured",
        "measured: no more sessions than this machine was measured to draw and encode on time; "
        "cap: max_sessions, whatever was measured, and pictures step down in quality and rate.",
        choices=("measured", "cap"),
    )
    size: int = option(512, "Picture size when the client does not choose.", choices=SIZES)
    own_backgrounds: bool = option(
        True, "Whether clients may give their session a picture as background."
    )
    offer_timeout_s: float = option(
        15.0, "A session that gets no offer in this time is closed.", low=1, high=600
    )
    max_duration_s: float | None = option(
        None, "Longest life of a session; empty: no limit.", low=1
    )
    close_timeout_s: float = option(
        3.0, "Longest wait for each part of a session to close.", low=0.1, high=60
    )


@dataclass(frozen=True)
class RtcSettings(Section):
    """Everything about peers: addresses, ports, timeouts, codecs."""

    SECTION: ClassVar[str] = "rtc"

    ice_servers: tuple[IceServer, ...] = option(
        (), "STUN and TURN servers; none by default: an unreachable one costs 5 s per answer."
    )
    bind_addresses: tuple[str, ...] = option(
        (), "Addresses for media; empty: every address of the host; 127.0.0.1 is allowed."
    )
    udp_ports: tuple[int, int] | None = option(
        None, "First and last UDP port for media, as 40000-40100; empty: any."
    )
    advertise_address: str | None = option(
        None, "Address told to clients in place of the bound one (behind NAT or in a container)."
    )
    connect_timeout_s: float = option(
        15.0, "A peer that has not connected in this time is closed.", low=1, high=120
    )
    consent_interval_s: float = option(
        1.0, "Time between ICE consent checks (aioice ships 5).", low=0.2, high=30
    )
    consent_failures: int = option(
        3, "Missed consent checks before a peer counts as gone (aioice ships 6).", low=1, high=30
    )
    mic_watchdog_s: float = option(
        10.0, "Mirror mode: close when no microphone packet came for this time.", low=1, high=600
    )
    video_bitrate: Mapping[int, int] = option(
        {256: 500_000, 384: 800_000, 512: 1_200_000, 768: 2_200_000, 1024: 3_400_000},
        "Video bit rate in bit/s for each size, as 256=500000,512=1200000; pinned, so that "
        "bandwidth estimates do not rebuild the encoder.",
    )
    h264: bool = option(True, "Offer H264 (fast preset) after VP8.")

    def __post_init__(self) -> None:
        """Raises SettingsError on a port range or a bit rate that cannot be."""
        super().__post_init__()
        if self.udp_ports is not None:
            first, last = self.udp_ports
            if not 1024 <= first <= last <= 65535:
                raise SettingsError(
                    f"rtc.udp_ports: got {first}-{last}, wanted FIRST-LAST within 1024 to 65535"
                )
        for size, rate in self.video_bitrate.items():
            if size not in SIZES or not 50_000 <= rate <= 20_000_000:
                raise SettingsError(
                    f"rtc.video_bitrate: got {size}={rate}, wanted SIZE=RATE with SIZE one of "
                    f"{', '.join(map(str, SIZES))} and RATE 50000 to 20000000 bit/s"
                )
        missing = [size for size in SIZES if size not in self.video_bitrate]
        if missing:
            raise SettingsError(f"rtc.video_bitrate: no rate for {missing}, wanted one per size")


@dataclass(frozen=True)
class MediaSettings(Section):
    """The media clock at the edge: delays and how much may wait."""

    SECTION: ClassVar[str] = "media"

    playout_delay_ms: int = option(
        140, "From a sample's arrival to its release with its picture.", low=40, high=2000
    )
    push_buffer_s: float = option(
        120.0, "Push mode: most speech that may wait to be spoken.", low=1, high=3600
    )
    stats_interval_s: float = option(
        0.5, "Time between stats events on the data channel.", low=0.1, high=60
    )


@dataclass(frozen=True)
class EngineSettings(Section):
    """The engine thread."""

    SECTION: ClassVar[str] = "engine"

    threads: int = option(1, "Threads of the motion model's runtime.", low=1, high=64)
    stop_timeout_s: float = option(
        3.0, "Longest wait for the engine thread to end.", low=0.1, high=60
    )
    codec_threads: int = option(
        2, "Threads of the pool that encodes and converts pictures.", low=1, high=64
    )


@dataclass(frozen=True)
class RenderSettings(Section):
    """Who draws the pictures; docs/renderer.md."""

    SECTION: ClassVar[str] = "render"

    renderer: str = option(
        "auto",
        "diffusion: mouth and eyes by nets, places for sessions counted at that cost; motion-frame:"
        " the warped portrait alone; auto: diffusion as far as the machine has time for it.",
        choices=RENDERERS,
    )
    steps: int | None = option(
        None, "Steps of the sampler; empty: what the nets were made for.", low=1, high=4
    )
    device: str = option(
        "cpu",
        "What runs the nets: cpu, or cuda: an NVIDIA card (docs/gpu.md).",
        choices=DEVICES,
    )
    devices: tuple[str, ...] = option(
        (),
        "Cards of the engine processes in turn, as CUDA_VISIBLE_DEVICES names them (0, 1, GPU-...);"
        " empty: the first one that is visible.",
    )
    profile: str = option(
        "auto",
        "boxes: mouth and eyes; face: the whole face (docs/wide.md), a card's work; auto: face on "
        "a card where its nets are installed.",
        choices=PROFILES,
    )
    batches: str = option(
        "auto",
        "Draw many sessions' pictures with one run of each net: on, off, or auto: on a card.",
        choices=("auto", "on", "off"),
    )
    backend: str = option(
        "auto",
        "Library that runs the nets there: trt (TensorRT plans), ort (ONNX Runtime), torch; auto: "
        "on a card TensorRT, or torch where no TensorRT for it is installed; on the cpu ort.",
        choices=LIBRARIES,
    )
    precision: str = option(
        "fp16",
        "Of the drawing nets' TensorRT plans: fp16, or int8, or fp8 (from compute capability 8.9).",
        choices=PRECISIONS,
    )
    weights: str | None = option(
        None,
        "Folder of a pack (`python -m export pack`) whose nets draw; empty: those installed.",
    )
    plans: str | None = option(
        None, "Folder of TensorRT plans; empty: synchrorama/plans in the user's cache folder."
    )


@dataclass(frozen=True)
class AvatarSettings(Section):
    """Which faces there are."""

    SECTION: ClassVar[str] = "avatars"

    folders: tuple[str, ...] = option((), "Folders with avatars besides the built-in ones.")
    default: str | None = option(
        None, "Avatar when the client does not choose; empty: the first by name."
    )
    user_folder: str | None = option(
        None,
        "Folder for avatars of users; empty: synchrorama/avatars in the user's data folder.",
    )
    uploads: str = option(
        "local",
        "Who may make and remove avatars by the API: local (when the server listens on loopback), "
        "always or never.",
        choices=("local", "always", "never"),
    )
    max_avatars: int = option(100, "Most avatars of users.", low=0, high=10_000)
    max_disk_mib: int = option(512, "Most MiB on disk for avatars of users.", low=1, high=1_000_000)
    upload_timeout_s: float = option(
        60.0,
        "A photo that has not arrived, or become an avatar, in this time is refused.",
        low=1,
        high=600,
    )


@dataclass(frozen=True)
class EmotionSettings(Section):
    """Published models, by name, that hear and read feelings; docs/emotion.md. None by default."""

    SECTION: ClassVar[str] = "emotion"

    text_model: str | None = option(
        None, "Sentiment or emotion classifier for words, in the lexicon's place (extra `hub`)."
    )
    speech_model: str | None = option(
        None, "Speech-emotion classifier beside the embedded one (extra `hub`)."
    )
    asr_model: str | None = option(
        None, "Whisper model that writes down what the microphone says (extra `asr`)."
    )
    asr_language: str | None = option(
        None, "Two letters of the language spoken; empty: told from each phrase."
    )


@dataclass(frozen=True)
class SceneSettings(Section):
    """Who describes the scene when a session starts; docs/scene.md."""

    SECTION: ClassVar[str] = "scene"

    llm_url: str | None = option(
        None,
        "Base URL of an OpenAI-compatible API, as http://127.0.0.1:11434/v1; empty: the template "
        "describes. Avatar attributes and the system prompt are sent there once per session.",
    )
    llm_model: str = option("default", "Name of the model to ask for.")
    llm_key_env: str | None = option(
        None, "Name of the environment variable that holds the API key; empty: no key."
    )
    timeout_s: float = option(
        8.0, "Longest wait for the description; then the template.", low=0.2, high=120
    )

    def __post_init__(self) -> None:
        """Raises SettingsError on a URL that is none of http or https."""
        super().__post_init__()
        if self.llm_url is None:
            return
        if not self.llm_url.startswith(("http://", "https://")):
            raise SettingsError(f"scene.llm_url: got {self.llm_url!r}, wanted http:// or https://")
        if "@" in self.llm_url:
            raise SettingsError("scene.llm_url holds a user name or key; see scene.llm_key_env")


@dataclass(frozen=True)
class DoorSettings(Section):
    """Standard ways in and out: WHIP, WHEP and SmallWebRTC; docs/doors.md."""

    SECTION: ClassVar[str] = "doors"

    viewers: int = option(
        8, "Most WHEP viewers of one session; the frames are drawn once for all.", low=0, high=64
    )
    token_env: str | None = option(
        None,
        "Name of the environment variable with the bearer token that /whip, /whep, /start and "
        "/api/offer ask for; empty: none.",
    )


@dataclass(frozen=True)
class LogSettings(Section):
    """What is written to standard error."""

    SECTION: ClassVar[str] = "log"

    format: str = option("text", "text (key=value) or json.", choices=("text", "json"))
    level: str = option(
        "info", "Least severe level written.", choices=("debug", "info", "warning", "error")
    )


@dataclass(frozen=True)
class Settings:
    """The whole tree; each part of the program gets its own section by constructor."""

    server: ServerSettings = field(default_factory=ServerSettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    rtc: RtcSettings = field(default_factory=RtcSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    render: RenderSettings = field(default_factory=RenderSettings)
    avatars: AvatarSettings = field(default_factory=AvatarSettings)
    disclosure: DisclosureSettings = field(default_factory=DisclosureSettings)
    emotion: EmotionSettings = field(default_factory=EmotionSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
    voices: VoiceSettings = field(default_factory=VoiceSettings)
    doors: DoorSettings = field(default_factory=DoorSettings)
    assistant: AssistantSettings = field(default_factory=AssistantSettings)
    log: LogSettings = field(default_factory=LogSettings)


SECTIONS: Mapping[str, type[Section]] = MappingProxyType(
    {kind.SECTION: kind for kind in get_type_hints(Settings).values()}
)
"""Section name -> class."""


def setting_keys() -> list[str]:
    """Every key as `section.name`, in the order of the tree."""
    return [f"{name}.{item.name}" for name, kind in SECTIONS.items() for item in fields(kind)]
