"""How release names are made: `<adjective>-<noun>-<4 digits>`."""

import secrets
from typing import Final

CANDIDATES: Final = 6
"""Names that a CreateDeployment brings; the first that nobody ever had is taken."""

ADJECTIVES: Final = (
    "amber", "ancient", "blazing", "boreal", "bright", "calm", "celestial", "cosmic", "crimson", "crystal",
    "dark", "distant", "drifting", "dusty", "eccentric", "electric", "elliptic", "faint", "fervent", "frozen",
    "galactic", "geodetic", "gilded", "glowing", "golden", "gravitational", "hidden", "icy", "infrared",
    "ionized", "irregular", "lunar", "magnetic", "massive", "meteoric", "molten", "nebular", "nimble",
    "nocturnal", "northern", "orbital", "parallel", "patient", "polar", "primal", "quantum", "quiet", "radiant",
    "relative", "remote", "retrograde", "ringed", "roaming", "rotating", "scarlet", "serene", "shining",
    "sidereal", "silent", "silver", "solar", "southern", "spectral", "spiral", "stellar", "sublime", "swift",
    "tidal", "tilted", "twilight", "twin", "ultraviolet", "vast", "velvet", "violet", "wandering", "waning",
    "waxing",
)  # fmt: skip

NOUNS: Final = (
    "aphelion", "apogee", "asteroid", "astrolabe", "atmosphere", "aurora", "axis", "beacon", "binary", "blazar",
    "bolide", "capsule", "cluster", "comet", "constellation", "corona", "cosmos", "crater", "crescent", "dawn",
    "disk", "dust", "eclipse", "ecliptic", "ellipse", "equinox", "filament", "flare", "galaxy", "gravity", "halo",
    "heliosphere", "horizon", "ion", "lander", "lens", "lightyear", "magnetar", "meridian", "meteor", "module",
    "moon", "nadir", "nebula", "neutrino", "node", "nova", "occultation", "orbit", "parallax", "parsec",
    "perigee", "perihelion", "phase", "photon", "planet", "plasma", "probe", "pulsar", "quasar", "radiation",
    "redshift", "ring", "rover", "satellite", "sextant", "shuttle", "singularity", "solstice", "spectrum", "star",
    "sunspot", "supernova", "telescope", "transit", "umbra", "vacuum", "voyage", "zenith",
)  # fmt: skip


def new_release_name() -> str:
    """Return a random release name; about sixty million are possible, so a collision is rare but must be met."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(NOUNS)}-{secrets.randbelow(10_000):04d}"


def new_release_names() -> tuple[str, ...]:
    """Return the candidates that one CreateDeployment carries."""
    return tuple(new_release_name() for _ in range(CANDIDATES))
