"""Made-up people and companies. Whoever bears one of these names is not meant."""

from __future__ import annotations

from reportspec.lazy_dataclass import dataclass

FIRST_NAMES = {
    "it": (
        "Giulia",
        "Marco",
        "Chiara",
        "Luca",
        "Francesca",
        "Matteo",
        "Sara",
        "Davide",
        "Elisa",
        "Paolo",
        "Martina",
        "Niccolò",
        "Zoë",
        "Andrea",
    ),
    "de": (
        "Jürgen",
        "Anja",
        "Stefan",
        "Katrin",
        "Uwe",
        "Sabine",
        "Björn",
        "Heike",
        "Lukas",
        "Greta",
        "Moritz",
        "Ute",
    ),
    "fr": (
        "Amélie",
        "Benoît",
        "Chloé",
        "François",
        "Hélène",
        "Jérôme",
        "Léa",
        "Mathieu",
        "Noémie",
        "Pascal",
        "Solène",
        "Théo",
    ),
    "es": (
        "Álvaro",
        "Begoña",
        "Carlos",
        "Inés",
        "Javier",
        "Lucía",
        "María",
        "Nuño",
        "Raúl",
        "Sofía",
        "Thiago",
        "Ximena",
    ),
    "en": (
        "Alice",
        "Brian",
        "Charlotte",
        "Daniel",
        "Emily",
        "George",
        "Hannah",
        "Jack",
        "Olivia",
        "Peter",
        "Rachel",
        "Siobhán",
    ),
    "jp": (
        "Akira",
        "Haruka",
        "Kenji",
        "Mei",
        "Naoki",
        "Ren",
        "Sakura",
        "Takumi",
        "Yui",
        "Priya",
        "Wei",
        "Mina",
    ),
}
LAST_NAMES = {
    "it": (
        "Rossi",
        "D'Angelo",
        "Ferrari",
        "Esposito",
        "Colombo",
        "Ricci",
        "Marino",
        "Greco",
        "De Luca",
        "Conti",
        "Dell'Acqua",
        "Fontana",
        "Caruso",
        "Nicolò",
        "Serra",
    ),
    "de": (
        "Müller",
        "Schäfer",
        "Weiß",
        "Köhler",
        "Becker",
        "Schulz",
        "Hoffmann",
        "Krüger",
        "von der Heide",
        "Jäger",
        "Lindqvist",
        "Groß",
        "van Dijk",
    ),
    "fr": (
        "Lefèvre",
        "Dubois",
        "Moreau",
        "Girard",
        "Rousseau",
        "Bérard",
        "L'Hôpital",
        "Petit",
        "Garnier",
        "Chevalier",
        "Noël",
        "Faure",
    ),
    "es": (
        "García",
        "Muñoz",
        "Fernández",
        "Ibáñez",
        "Ortega",
        "Peña",
        "Vázquez",
        "Santos",
        "Oliveira",
        "Núñez",
        "Castro",
        "Echeverría",
    ),
    "en": (
        "O'Brien",
        "Smith",
        "Walker",
        "Hughes",
        "Turner",
        "Bennett",
        "Murphy",
        "Clarke",
        "MacLeod",
        "Ward-Jones",
        "Nguyen",
        "Patel",
        "Young",
    ),
    "jp": (
        "Tanaka",
        "Sato",
        "Yamada",
        "Kobayashi",
        "Itō",
        "Nakamura",
        "Watanabe",
        "Lim",
        "Chen",
        "Sharma",
        "Kimura",
        "Ōno",
    ),
}

# country, region, language of its names, legal form, share of the companies
COUNTRIES: tuple[tuple[str, str, str, str, int], ...] = (
    ("Italy", "EMEA", "it", "S.r.l.", 9),
    ("Italy", "EMEA", "it", "S.p.A.", 5),
    ("Germany", "EMEA", "de", "GmbH", 7),
    ("France", "EMEA", "fr", "SAS", 5),
    ("Spain", "EMEA", "es", "S.L.", 4),
    ("United Kingdom", "EMEA", "en", "Ltd", 4),
    ("Switzerland", "EMEA", "de", "AG", 3),
    ("Netherlands", "EMEA", "de", "B.V.", 2),
    ("United States", "Americas", "en", "Inc.", 6),
    ("Canada", "Americas", "en", "Corp.", 2),
    ("Brazil", "Americas", "es", "Ltda", 2),
    ("Mexico", "Americas", "es", "S.A. de C.V.", 1),
    ("Japan", "APAC", "jp", "K.K.", 3),
    ("Singapore", "APAC", "jp", "Pte Ltd", 2),
    ("Australia", "APAC", "en", "Pty Ltd", 2),
)

INDUSTRIES = (
    "Manufacturing",
    "Software",
    "Retail",
    "Logistics",
    "Healthcare",
    "Finance",
    "Energy",
    "Food & Beverage",
    "Construction",
    "Education",
)

_STEMS = (
    "Adria", "Albatros", "Alpina", "Ambra", "Aquila", "Arcadia", "Argo", "Aurora", "Avena",
    "Basalt", "Belforte", "Boreal", "Brennero", "Calima", "Candor", "Cedro", "Cobalt", "Corvus",
    "Delta", "Dorica", "Elba", "Ember", "Esperia", "Fenice", "Fjord", "Fulgor", "Galileo",
    "Garda", "Ginepro", "Halden", "Helios", "Iris", "Kestrel", "Lagune", "Lario", "Levante",
    "Lumen", "Lynx", "Maestral", "Marlin", "Meridian", "Mistral", "Monviso", "Nebula", "Nimbus",
    "Norda", "Oasi", "Onda", "Opal", "Orione", "Osprey", "Paladin", "Pegaso", "Pinnacle",
    "Polaris", "Quarzo", "Quercia", "Radian", "Riviera", "Rovere", "Saffron", "Sereno", "Sigma",
    "Silex", "Solaria", "Sorrel", "Stella", "Talos", "Tessera", "Tiber", "Topaz", "Tramonto",
    "Umbra", "Valdera", "Vector", "Velia", "Verdant", "Vesta", "Vulcan", "Willow", "Xenia",
    "Zefiro", "Zircon",
)  # fmt: skip
_TRADES = (
    "Automazione",
    "Analytics",
    "Biotech",
    "Ceramiche",
    "Components",
    "Consulting",
    "Design",
    "Electronics",
    "Energia",
    "Engineering",
    "Foods",
    "Freight",
    "Health",
    "Impianti",
    "Labs",
    "Legno",
    "Logistics",
    "Marine",
    "Materials",
    "Mechanik",
    "Media",
    "Networks",
    "Optics",
    "Packaging",
    "Pharma",
    "Plastics",
    "Retail",
    "Robotics",
    "Systems",
    "Textil",
    "Trading",
)


@dataclass(frozen=True, slots=True)
class Company:
    """A company that may write to us. `domain` ends in `.example`, which nobody can own."""

    name: str
    domain: str
    country: str
    region: str
    language: str
    industry: str


# Names that layouts and exports trip over: quotes, markup, other scripts, 60 characters, a sign
# that spreadsheets take for a formula.
_AWKWARD: tuple[tuple[str, str, int], ...] = (
    ("Müller Maschinenbau GmbH", "mueller-maschinenbau", 2),
    ("D'Angelo & Figli S.r.l.", "dangelo-figli", 0),
    ("株式会社サクラ電機", "sakura-denki", 12),
    ("山田製作所株式会社", "yamada-seisakusho", 12),
    ("Società Adriatica di Trasporti, Spedizioni e Logistica S.p.A", "adriatica-trasporti", 1),
    ("O'Brien <Freight> & Sons Ltd", "obrien-freight", 5),
    ("+Energia S.p.A.", "piu-energia", 1),
    ('Caffè "La Fenice" S.r.l.', "caffe-la-fenice", 0),
    ("Ærø Skibsværft B.V.", "aeroe-skibsvaerft", 7),
)


def companies(count: int) -> list[Company]:
    """The first `count` companies, all with different names and domains (at most 2,500)."""
    shares = [place for place, row in enumerate(COUNTRIES) for _ in range(row[4])]
    companies: list[Company] = []
    for number in range(count):
        if number < len(_AWKWARD):
            name, domain, place = _AWKWARD[number]
        else:
            # 83 stems and 31 trades have no common divisor: each pair comes once in 2,573.
            stem, trade = _STEMS[number % 83], _TRADES[number * 7 % 31]
            place = shares[number * 11 % len(shares)]
            name, domain = f"{stem} {trade} {COUNTRIES[place][3]}", f"{stem}-{trade}".lower()
        country, region, language, _, _ = COUNTRIES[place]
        industry = INDUSTRIES[number * 3 % len(INDUSTRIES)]
        companies.append(Company(name, f"{domain}.example", country, region, language, industry))
    return companies


_PLAIN = str.maketrans(
    {
        "à": "a", "á": "a", "â": "a", "ä": "ae", "é": "e", "è": "e", "ê": "e", "ë": "e",
        "í": "i", "î": "i", "ì": "i", "ñ": "n", "ó": "o", "ò": "o", "ô": "o", "ö": "oe",
        "ō": "o", "ú": "u", "ü": "ue", "ß": "ss", "'": "", " ": "",
    }
)  # fmt: skip


def mailbox(first: str, last: str) -> str:
    """The part before the @ that a company would give this person (plain letters)."""
    return f"{first}.{last}".lower().translate(_PLAIN)
