"""Words of the scene grammar: traits, habits, roles and plain business, with what they mean.

Offline; plain data.
Never holds a sentence of the evaluation.
"""

# A row is a line, however long: words, then what they mean.
# ruff: noqa: E501

from __future__ import annotations

TRAITS: tuple[tuple[str, str], ...] = (
    ("energetic|lively|animated|dynamic|vivacious|exuberant|spirited|high-energy|zesty|vibrant|peppy|sparkling|boisterous|hyperactive", "energy+.35 tempo+.25 brows+.2 smile+.15"),
    ("enthusiastic|excited|thrilled|eager|fired up|passionate|ecstatic|elated|pumped up|exhilarated", "energy+.3 tempo+.2 smile+.25 brows+.2 @joy"),
    ("restless|fidgety|hectic|frantic|hurried|agitated|twitchy|jumpy|hasty|wired|impatient|harried", "tempo+.32 energy+.15 blink+.15"),
    ("slow|unhurried|leisurely|deliberate|ponderous|sluggish|measured|lethargic|languid", "tempo-.32 energy-.18"),
    ("calm|relaxed|serene|tranquil|peaceful|composed|placid|soothing|gentle|mellow|laid-back|easygoing|unruffled", "energy-.18 tempo-.2 gaze+.1 blink-.05"),
    ("motionless|frozen|rigid|stiff|wooden|immobile|statue-like|expressionless|stony|deadpan|impassive|poker-faced", "energy-.32 tempo-.1 brows-.22 smile-.15 blink-.1"),
    ("tired|exhausted|sleepy|weary|fatigued|worn out|drained|groggy|half asleep|jet-lagged|burnt out", "energy-.3 tempo-.28 blink+.18 brows-.15 smile-.1"),
    ("bored|uninterested|indifferent|apathetic|listless|jaded|disengaged|unmotivated|lazy|blase", "energy-.2 smile-.18 gaze-.22 nod-.22 brows-.15 @boredom"),
    ("cheerful|happy|joyful|jolly|merry|delighted|glad|jovial|sunny|radiant|upbeat|smiling|good-humoured|light-hearted|chirpy|gleeful|buoyant", "smile+.33 energy+.12 tempo+.1 brows+.1 gaze+.08 nod+.08 @joy"),
    ("funny|witty|playful|humorous|mischievous|silly|goofy|comical|joking", "smile+.25 energy+.15 brows+.2 tempo+.12 @joy"),
    ("friendly|warm|kind|welcoming|amiable|likeable|kind-hearted|hospitable|affectionate|cordial|sweet|good-natured|charming|supportive", "smile+.23 gaze+.12 nod+.15 @joy"),
    ("proud|triumphant|victorious|beaming|overjoyed", "smile+.28 gaze+.12 brows+.12 energy+.1 @joy"),
    ("serious|stern|strict|grave|solemn|austere|severe|humourless|no-nonsense|businesslike", "smile-.22 energy-.08 brows-.08 gaze+.12 nod-.08"),
    ("formal|dignified|stately|poised|distinguished|noble|elegant|refined", "energy-.15 tempo-.14 gaze+.1 brows-.1"),
    ("cold|distant|aloof|unfriendly|icy|frosty|haughty|detached|standoffish", "smile-.25 nod-.25 brows-.1 energy-.05"),
    ("sad|melancholy|grieving|mourning|heartbroken|gloomy|tearful|depressed|miserable|sorrowful|dejected|unhappy|despondent|lonely|downcast|bereaved|desolate", "energy-.24 smile-.18 tempo-.22 gaze-.18 brows-.05 nod-.1 @sadness"),
    ("angry|furious|enraged|irate|hostile|aggressive|outraged|fuming|livid|infuriated|wrathful|seething|mad", "smile-.32 gaze+.22 brows+.18 tempo+.12 energy+.1 nod-.27 blink-.1 @anger"),
    ("annoyed|irritated|grumpy|cranky|bad-tempered|surly|resentful|cross|sulky|exasperated", "smile-.27 gaze+.08 brows+.12 nod-.25 @anger"),
    ("afraid|scared|frightened|terrified|panicked|fearful|petrified|alarmed|horrified", "gaze-.15 blink+.25 tempo+.18 smile-.15 brows+.15 energy+.05 @fear"),
    ("nervous|anxious|worried|tense|uneasy|insecure|apprehensive|stressed|edgy|on edge", "gaze-.22 blink+.28 tempo+.18 smile-.08 @fear"),
    ("disgusted|revolted|repelled|nauseated|contemptuous|appalled|sickened|scornful|disdainful", "smile-.25 nod-.25 brows+.12 gaze-.1 @disgust"),
    ("surprised|astonished|amazed|stunned|shocked|astounded|flabbergasted|startled|dumbfounded|awestruck", "brows+.38 energy+.1 tempo+.08 gaze+.08 @surprise"),
    ("curious|inquisitive|intrigued|fascinated|questioning|expressive|interested", "brows+.15 gaze+.08 energy+.06 nod+.05"),
    ("sceptical|doubtful|suspicious|critical|unconvinced|cynical", "brows+.15 smile-.12 nod-.12"),
    ("shy|timid|bashful|coy|embarrassed|awkward|introverted|withdrawn|ashamed|self-conscious|guilty", "gaze-.33 energy-.15 blink+.15 smile-.03"),
    ("confident|assertive|bold|self-assured|commanding|fearless|determined|resolute|steady|sincere|trustworthy|honest", "gaze+.28 energy+.04 blink-.1"),
    ("attentive|understanding|empathetic|compassionate|caring|sympathetic|patient|considerate|thoughtful|receptive", "nod+.22 gaze+.17 smile+.08 energy-.08 tempo-.1"),
    ("evasive|shifty|distracted|absent-minded|dreamy|inattentive|unfocused", "gaze-.35 nod-.12"),
    ("intense|piercing|penetrating|hypnotic|watchful|vigilant", "gaze+.38 blink-.18 smile-.08"),
)  # fmt: skip
"""Adjectives and what each of a row says: shifts of dials from usual, a feeling."""

HABITS: tuple[tuple[str, str], ...] = (
    ("smiles|smiles a lot|smiles readily|grins broadly|has a big smile|beams with joy|keeps smiling|always has a smile", "smile+.38 @joy"),
    ("smiles faintly|smiles a little|has a hint of a smile", "smile+.15"),
    ("never smiles|does not smile|keeps a straight face|frowns|scowls|looks grim|refuses to smile", "smile-.3"),
    ("laughs easily|giggles|chuckles|is always laughing|tells jokes", "smile+.33 energy+.15 brows+.1 @joy"),
    ("keeps eye contact|looks straight at you|holds your gaze|looks you in the eye|never looks away|stares|fixes you with the eyes", "gaze+.38"),
    ("avoids eye contact|looks away|does not look at you|looks at the floor|cannot meet your eyes|glances around|looks everywhere but at you|gazes into the distance", "gaze-.38"),
    ("nods|nods a lot|nods along|keeps nodding|nods in agreement|agrees with everything|shows agreement", "nod+.4"),
    ("never nods|does not nod|shows no agreement|hardly nods|disagrees with everything", "nod-.38"),
    ("blinks a lot|blinks often|blinks nervously|keeps blinking|has fluttering eyelids", "blink+.38"),
    ("hardly blinks|never blinks|rarely blinks|stares without blinking|keeps the eyes wide open", "blink-.36"),
    ("raises the eyebrows|has expressive eyebrows|moves the brows a lot|lifts the brows at every word|arches an eyebrow|is wide-eyed", "brows+.38"),
    ("keeps the brows still|has a relaxed forehead|shows little expression|hardly moves the eyebrows", "brows-.36"),
    ("moves a lot|gestures|moves the head a lot|sways|bounces|is in constant motion|tosses the head|makes big gestures", "energy+.4"),
    ("hardly moves|keeps still|sits motionless|stays quite still|does not move the head|makes small movements|barely moves", "energy-.36"),
    ("talks fast|moves quickly|is in a hurry|rushes|rattles on|speaks at top speed|makes rapid movements", "tempo+.38 energy+.06"),
    ("talks slowly|moves slowly|takes time|never hurries|is in no hurry|pauses a lot|speaks at a slow pace", "tempo-.36 energy-.08"),
    ("listens closely|is a good listener|listens with care|pays attention", "nod+.3 gaze+.15"),
    ("cries|weeps|sighs|has tears in the eyes|sobs|misses an old friend|has lost everything", "energy-.2 smile-.2 tempo-.2 gaze-.18 @sadness"),
    ("shouts|yells|glares|snaps at people|argues|complains loudly|loses the temper|is sick of it all", "smile-.3 gaze+.2 brows+.15 tempo+.15 energy+.12 nod-.22 @anger"),
    ("trembles|shivers|is afraid of everything|expects the worst|fears the dark", "gaze-.15 blink+.25 tempo+.15 smile-.1 @fear"),
    ("yawns|can hardly stay awake|is half asleep|wants to go home", "energy-.28 tempo-.25 blink+.15 brows-.12 @boredom"),
    ("gasps|cannot believe it|is caught off guard|drops the jaw", "brows+.38 energy+.1 @surprise"),
    ("sneers|turns up the nose|grimaces|finds everything horrible", "smile-.22 nod-.22 brows+.1 @disgust"),
    ("jokes around|celebrates|loves life|dances with joy|cannot wait to begin|looks forward to every day", "smile+.3 energy+.25 tempo+.2 brows+.12 @joy"),
)  # fmt: skip
"""Third person singular; the imperative is made of it."""

ROLES = (
    "teacher|nurse|guide|salesman|receptionist|tutor|actor|host|doctor|lawyer|chef|friend|assistant|"
    "singer|poet|professor|coach|librarian|waiter|engineer|scientist|manager|grandfather|mother|"
    "child|student|soldier|captain|monk|king|princess|comedian|detective|gardener|robot|wizard|"
    "pirate|farmer|banker|journalist|presenter|consultant|young woman|old man|girl|boy|woman|man"
).split("|")
FORMS = (
    "you are a {trait} {role}",
    "you are {name}, a {trait} {role} who {habit}",
    "a {trait} {role} who {habit}",
    "{person} is {trait} and {trait}",
    "{person} {habit}",
    "{do}",
    "be {trait} and {trait}, like a {role}",
    "{person} {habit} and {habit}",
    "speak like a {trait} {role}: {trait}",
    "a {role}, {trait}, {trait}",
    "{person} seems {trait}; {they} {habit}",
    "{do} while you talk",
)
NAMES = "Anna|Ben|Clara|David|Elif|Farid|Greta|Hana|Ivan|Julia|Kofi|Lena|Mei|Nora|Omar|Paula|Quinn|Sam|Tom|Vera".split("|")  # fmt: skip
BUSINESS = (
    "You help people to choose a phone plan.|Answer in complete sentences.|You book appointments.|"
    "Keep your answers short.|You work for a travel agency.|Never mention competitors.|"
    "You explain how the washing machine works.|You know everything about trains.|"
    "Ask for the order number first.|You speak English and Spanish.|Today is Monday.|"
    "Use simple words.|You give directions in a museum.|You answer questions about insurance.|"
    "If you do not know, say so.|You teach mathematics to beginners.|You check spelling.|"
    "The office is open from eight to five.|Do not give medical advice.|You sell garden tools.|"
    "Summarise the text in three points.|You are a language model.|You write computer programs.|"
    "Explain the history of the castle.|You help with cooking recipes.|Repeat the address.|"
    "Offer two choices and wait for the answer.|You plan a trip to the mountains.|"
    "You collect feedback about the hotel.|You read the weather report."
).split("|")
"""Says nothing of manner."""
AGES = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy")
HAIR = ("long blond hair", "short brown hair", "a bald head", "a white beard", "red curls", "a dark ponytail")  # fmt: skip
CLOTHES = ("a blue suit", "a red dress", "a plain white shirt", "a wool sweater", "a black coat", "a flowered blouse")  # fmt: skip
PLACES = ("in a kitchen", "before a grey wall", "at a desk", "in a garden", "in a studio", "by a window")  # fmt: skip
MODIFIERS: tuple[tuple[str, float], ...] = (
    ("", 1.0),
    ("", 1.0),
    ("", 1.0),
    ("very ", 1.25),
    ("extremely ", 1.4),
    ("really ", 1.2),
    ("rather ", 0.75),
    ("slightly ", 0.5),
    ("a little ", 0.5),
    ("not ", -0.3),
    ("never ", -0.3),
)
