"""What the demo chain sells, in words: nouns, colours and collections in three languages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ware:
    """A kind of article: its names, weight in grams, price in cents and how it is varied."""

    code: str
    en: str
    it: str
    es: str
    weight_g: int
    price_minor: int
    sizes: tuple[str, ...] = ("",)
    fragile: bool = False


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour, named as a noun so that no language must decline it."""

    code: str
    en: str
    it: str
    es: str


COLLECTIONS = ("Aria", "Brezza", "Corallo")
COLOURS = (
    Colour("WHT", "white", "bianco", "blanco"),
    Colour("BLU", "blue", "blu", "azul"),
    Colour("GRN", "green", "verde", "verde"),
    Colour("SND", "sand", "sabbia", "arena"),
    Colour("BLK", "black", "nero", "negro"),
    Colour("RED", "red", "rosso", "rojo"),
)

LETTERS = ("S", "M", "L")
ONE_SIZE = ("S/M", "L/XL", "XXL")
SHOES = ("38", "40", "42")

FASHION = (
    Ware("TSH", "T-shirt", "T-shirt", "Camiseta", 160, 1990, LETTERS),
    Ware("SHI", "Linen shirt", "Camicia di lino", "Camisa de lino", 220, 4990, LETTERS),
    Ware("TRO", "Trousers", "Pantaloni", "Pantalones", 420, 5990, LETTERS),
    Ware("JEA", "Jeans", "Jeans", "Vaqueros", 610, 6990, LETTERS),
    Ware("DRE", "Dress", "Abito", "Vestido", 340, 7990, LETTERS),
    Ware("SKI", "Skirt", "Gonna", "Falda", 260, 4490, LETTERS),
    Ware("JAC", "Jacket", "Giacca", "Chaqueta", 780, 9990, LETTERS),
    Ware("COA", "Coat", "Cappotto", "Abrigo", 1400, 15900, LETTERS),
    Ware("SWE", "Wool sweater", "Maglione di lana", "Jersey de lana", 480, 6490, LETTERS),
    Ware("CAR", "Cardigan", "Cardigan", "Cárdigan", 430, 5990, LETTERS),
    Ware("SHO", "Shorts", "Pantaloncini", "Pantalones cortos", 240, 3490, LETTERS),
    Ware("POL", "Polo shirt", "Polo", "Polo", 230, 3990, LETTERS),
    Ware("BLA", "Blazer", "Blazer", "Americana", 690, 11900, LETTERS),
    Ware("PYJ", "Pyjamas", "Pigiama", "Pijama", 380, 3990, LETTERS),
    Ware("HAT", "Sun hat", "Cappello da sole", "Sombrero", 110, 2490, ONE_SIZE),
    Ware("BEL", "Leather belt", "Cintura di pelle", "Cinturón de piel", 190, 3290, ONE_SIZE),
    Ware("GLO", "Gloves", "Guanti", "Guantes", 90, 2990, ONE_SIZE),
    Ware("SNE", "Sneakers", "Sneakers", "Zapatillas", 820, 7990, SHOES),
    Ware("SAN", "Sandals", "Sandali", "Sandalias", 510, 5990, SHOES),
    Ware("BOO", "Ankle boots", "Stivaletti", "Botines", 1150, 11900, SHOES),
)
"""20 kinds, each with three sizes."""

HOME = (
    Ware("TWL", "Bath towel", "Asciugamano", "Toalla de baño", 480, 1690),
    Ware("SHE", "Sheet set", "Set di lenzuola", "Juego de sábanas", 1350, 5990),
    Ware("PIL", "Pillow", "Cuscino per dormire", "Almohada", 900, 2490),
    Ware("BLK", "Blanket", "Coperta", "Manta", 1250, 4490),
    Ware("CUS", "Cushion", "Cuscino d'arredo", "Cojín", 520, 1990),
    Ware("RUG", "Rug", "Tappeto", "Alfombra", 4800, 8990),
    Ware("CUR", "Curtain", "Tenda", "Cortina", 1600, 3990),
    Ware("TAB", "Tablecloth", "Tovaglia", "Mantel", 620, 2990),
    Ware("NAP", "Napkin set", "Set di tovaglioli", "Juego de servilletas", 260, 1490),
    Ware("APR", "Apron", "Grembiule", "Delantal", 240, 1790),
    Ware("BAS", "Basket", "Cesto", "Cesta", 700, 2290),
    Ware("BOX", "Storage box", "Scatola", "Caja", 540, 1290),
    Ware("TRA", "Tray", "Vassoio", "Bandeja", 880, 2490),
    Ware("BRD", "Cutting board", "Tagliere", "Tabla de cortar", 950, 1990),
    Ware("FRA", "Picture frame", "Cornice", "Marco", 610, 1590),
    Ware("VAS", "Vase", "Vaso", "Jarrón", 1100, 2790, fragile=True),
    Ware("LAM", "Table lamp", "Lampada da tavolo", "Lámpara de mesa", 1900, 5490, fragile=True),
    Ware("CAN", "Candle", "Candela", "Vela", 330, 1290, fragile=True),
    Ware("MUG", "Mug", "Tazza", "Taza", 360, 890, fragile=True),
    Ware("PLA", "Plate", "Piatto", "Plato", 540, 990, fragile=True),
    Ware("BOW", "Bowl", "Ciotola", "Cuenco", 470, 990, fragile=True),
    Ware("GLA", "Glass", "Bicchiere", "Vaso de vidrio", 290, 690, fragile=True),
    Ware("CAF", "Carafe", "Caraffa", "Jarra", 760, 1890, fragile=True),
    Ware("TEA", "Teapot", "Teiera", "Tetera", 820, 2990, fragile=True),
    Ware("MIR", "Mirror", "Specchio", "Espejo", 3900, 6990, fragile=True),
)
"""25 kinds without sizes."""


@dataclass(frozen=True, slots=True)
class KitPlan:
    """A set that is sold as one article: units of each home ware, all of one colour."""

    code: str
    en: str
    it: str
    es: str
    parts: tuple[tuple[str, int], ...]


KITS = (
    KitPlan("BATH", "Bath set", "Set bagno", "Conjunto de baño", (("TWL", 4), ("BAS", 1))),
    KitPlan("BREAK", "Breakfast set", "Set colazione", "Conjunto de desayuno",
            (("MUG", 2), ("PLA", 2), ("BOW", 2))),
    KitPlan("DINNER", "Dinner set", "Set cena", "Conjunto de cena",
            (("PLA", 6), ("GLA", 6), ("TAB", 1))),
    KitPlan("TEATIME", "Tea set", "Set da tè", "Conjunto de té", (("TEA", 1), ("MUG", 4))),
    KitPlan("SLEEP", "Good night set", "Set buonanotte", "Conjunto de noche",
            (("SHE", 1), ("PIL", 2), ("BLK", 1))),
)  # fmt: skip
