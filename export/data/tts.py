"""Synthetic speech with exact phone times (flite), for voices the video does not have.

Offline; runs flite as a process, one at a time.
Never downloads a voice: it uses the ones that come with Debian's flite.

Measured on this data: with synthetic speech mixed in, the net follows an unseen voice about as
well as loudness does, without it much worse; the real test clips lose nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.values import F32, SAMPLE_RATE_HZ
from export.data.phones import Phone, normal_phone
from export.data.sound import read_sound

VOICES: tuple[str, ...] = ("awb", "rms", "slt", "kal16")
WORDS: tuple[str, ...] = tuple(
    """
about above across after again almost always animal another answer apple august baby back bamboo
banana basket beautiful before believe below beside better between bicycle bird blue boat book
bottle bottom boy bread bridge bright bring brother brown bubble build bump busy butter button buy
camera captain careful change cheap cheese chicken child choose church city clear climb cloud
coffee cold color come common computer cook corner could country cousin crowd cup daughter deep
different dinner doctor door double down dream drive early earth easy eight eleven empty enjoy
enough evening every example eye face family famous far farm father feather february feel fever few
field fifty find finger finish fire first fish five floor flower food foot forest forget forty
found four free fresh friday friend from front full funny garden gentle girl give go good goodbye
grape great green group grow happy have hear heavy hello help high home honey hope hour house how
hundred husband important invite island jacket january job join judge juice july jump june just
keep kitchen know lamp large later laugh leaf learn leave lemon library light listen little long
look lovely lunch machine magic make many march market maybe measure meet member memory message
middle milk million minute mirror moment monday money month moon morning mother mountain mouse
mouth move movie much music must my name never new nice night noise nothing november number ocean
october office often oil old onion only open orange other over page paint paper parent park party
people pepper perfect person phone photo piano picture piece pilot planet play please pocket police
poor popular possible potato power price problem promise public pull purple push put question quick
quiet rabbit radio rain ready really red remember restaurant rice right river road room rough round
rubber sandwich saturday school sea september service seven shadow shape share ship shoe short
should shoulder show shower silver simple sister six sleep slow small smile smooth snow soap some
soon sound soup speak spoon spring square station stone story strange street strong summer sun
sunday supper sure sweet swim table take tall teacher telephone television thank them thick thin
thing think thirsty thirty three through thumb thursday ticket time today together tomato tomorrow
tooth top touch toward town treasure tree trouble true tuesday turn twelve twenty two umbrella
under understand use usual valley value vegetable very video village visit voice vowel wait walk
wall want warm wash watch water wave way weather wednesday week welcome well west what wheel when
where which whisper white who why wide wife wind window winter wish with woman wonderful wood word
work world write yellow yes yesterday you young zebra zero
""".split()
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """One synthetic sentence."""

    samples: F32
    """f32[N] at 16 kHz."""
    phones: list[Phone]


def make_text(rng: np.random.Generator) -> str:
    """Three to nine common words, now and then a comma (the voice pauses there)."""
    words = [str(word) for word in rng.choice(WORDS, rng.integers(3, 10))]
    if len(words) > 5 and rng.random() < 0.5:
        words[3] += ","
    return " ".join(words)


def parse_phones(line: str) -> list[Phone]:
    """`flite -psdur` output ("pau:0.164 hh:0.255 ..." with end times) to phones."""
    phones: list[Phone] = []
    start = 0.0
    for item in line.split():
        name, _, end = item.partition(":")
        phones.append((normal_phone(name), start, float(end)))
        start = float(end)
    return phones


def change_speed(utterance: Utterance, factor: float) -> Utterance:
    """Play `factor` times faster: pitch and formants rise too, like a shorter vocal tract."""
    count = int(len(utterance.samples) / factor)
    at = np.arange(count) * factor
    samples = np.interp(at, np.arange(len(utterance.samples)), utterance.samples)
    phones = [(name, start / factor, end / factor) for name, start, end in utterance.phones]
    return Utterance(samples.astype(np.float32), phones)


def speak(text: str, voice: str, stretch: float, pitch_hz: float, folder: Path) -> Utterance:
    """One sentence by flite. Raises FileNotFoundError without flite."""
    flite = shutil.which("flite")
    if flite is None:
        raise FileNotFoundError("flite is not installed; on Debian: apt install flite")
    wav = folder / "speech.wav"
    command = [flite, "-voice", voice, "--setf", f"duration_stretch={stretch:.3f}"]
    command += [
        "--setf",
        f"int_f0_target_mean={pitch_hz:.1f}",
        "-psdur",
        "-t",
        text,
        "-o",
        str(wav),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Utterance(read_sound(wav, SAMPLE_RATE_HZ), parse_phones(done.stdout))


def make_utterances(
    count: int, seed: int, on_done: Callable[[int], None] | None = None
) -> Sequence[Utterance]:
    """`count` sentences over all voices, with seeded pitch, pace and vocal tract length."""
    rng = np.random.default_rng(seed)
    made: list[Utterance] = []
    with tempfile.TemporaryDirectory() as name:
        for i in range(count):
            pitch = float(rng.uniform(90, 150) if i % 4 != 2 else rng.uniform(150, 230))
            stretch = float(rng.uniform(0.85, 1.3))
            raw = speak(make_text(rng), VOICES[i % 4], stretch, pitch, Path(name))
            made.append(change_speed(raw, float(rng.uniform(0.86, 1.2))))
            if on_done is not None:
                on_done(i + 1)
    return made
