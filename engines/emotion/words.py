"""Words and turns that name an emotion, and those that tell English from its neighbours.

Plain data, read by engines.emotion.text.
Never scores a text: a valence lexicon (VADER) does that.
"""

from __future__ import annotations

CUES: dict[str, str] = {
    "joy": r"happ(?:y|ily|iness)|glad|delight\w*|joy\w*|lovely|wonderful|fantastic|awesome|great"
    r"|excited|thrilled|congrat\w*|yay|hooray|hurray|thank\w*|love[ds]?|laugh\w*|grin\w*|smil\w*"
    r"|looking forward|cheers|enjoy\w*|proud|fun|brilliant|perfect|celebrat\w*|haha\w*|lol",
    "anger": r"angry|anger\w*|furious|fury|rage|mad at|outrag\w*|hate[ds]?|how dare|had enough"
    r"|fed up|sick of|damn\w*|idiot\w*|stupid|shut up|get out|unacceptable|ridiculous|annoy\w*"
    r"|irritat\w*|stop (?:it|that|shouting)|lied|liars?|ruined|insult\w*|pissed|nonsense"
    r"|unfair|hell",
    "sadness": r"sad(?:ly|ness)?|unhappy|cr(?:y|ied|ying)|tears?|miss (?:him|her|you|them)"
    r"|lonel\w*|grie[fv]\w*|died|dead|death|funeral|mourn\w*|heart\s?br\w*"
    r"|depress\w*|sorry|regret\w*|goodbye|unfortunately|hopeless|lost|gone|hurts?|empty"
    r"|wish i had|disappoint\w*|miserable|alas",
    "fear": r"afraid|scar(?:ed|y)|terrif\w*|fear\w*|fright\w*|panic\w*|worr(?:y|ied|ying)|nervous"
    r"|anxious|anxiety|dread\w*|danger\w*|horror|threat\w*|help me|shak(?:es|ing)|trembl\w*"
    r"|what if",
    "disgust": r"disgust\w*|revolt\w*|repuls\w*|gross|vile|yuck\w*|eww+|ugh+|filthy|nasty|rotten"
    r"|mou?ld\w*|stinks?|smell\w*|puke\w*|vomit\w*|be sick|creepy|sicken\w*|slimy",
    "boredom": r"bor(?:ed|ing|edom)|dull|tedious|monotonous|whatever|same old|meh|yawn\w*"
    r"|nothing to do|sleepy|pointless|waste of time|blah",
    "surprise": r"wow|whoa|surpris\w*|unexpected\w*|astonish\w*|astound\w*|incredibl\w*"
    r"|unbelievable|believe (?:it|this)|no way|had no idea|did(?: not|n't) (?:see|expect)|omg"
    r"|suddenly|oh my|my goodness|gosh|really\?|what\?|seriously\?|wait,|guess what|out of nowhere",
}
"""Regular expressions, matched on whole words of lower-case text."""

ENGLISH = frozenset(
    "the a an and or but if is are was were be been am i you he she it we they me him her us them"
    " my your his its our their this that these those of to in on at for with from by about as not"
    " no do does did have has had will would can could should may might must what when where who"
    " why how so too very just all some any there here up out now then than i'm it's don't can't"
    " isn't didn't you're that's let yes oh please get got go going know think want"
    " like one good".split()
)
FOREIGN = frozenset(
    # German
    "der die das und ist nicht ich du er sie wir ihr ein eine einen mit auf den dem zu war sind"
    " auch es im von aber wie sehr mein mir mich kein noch schon wenn dass für hat haben habe"
    # French
    " le la les et est je tu il elle nous vous un une des du que qui ne pas dans pour avec sur suis"
    " c'est j'ai très mais mon ma ce cette"
    # Spanish, Portuguese, Italian
    " el los las y es yo que no muy por para con una lo se mi tu pero como está estoy o os as um"
    " uma não eu você muito com para il lo gli e di che non sono per molto mio ma ho"
    # Dutch, Swedish, Polish
    " de het een en ik jij niet zijn van dat met voor och är jag inte det som på nie się jest to na"
    " w z".split()
) - {"a", "i", "me", "to", "as", "no", "die", "on", "in", "an", "so", "was", "all"}
"""Function words of other languages of the Latin script. Words that English has too say nothing."""
