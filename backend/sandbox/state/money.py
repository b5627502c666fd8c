"""Amounts in words, and the currencies this sandbox knows. Integers of the minor unit everywhere."""

ZERO_DECIMAL = frozenset(
    {
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    }
)
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
# What an amount has to be a multiple of. ISK and UGX have no minor unit, and are written with two digits all the same.
STEP = {"isk": 100, "ugx": 100, **dict.fromkeys(THREE_DECIMAL, 10)}
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
# Stripe's documented minimum charges; other currencies are held to the value in US cents.
MINIMUM = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50, "aud": 50, "cad": 50, "nzd": 50}
KNOWN = (
    frozenset(
        "aed all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf cny cop crc cve "
        "czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd "
        "kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php "
        "pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs "
        "wst xcd yer zar zmw".split()
    )
    | ZERO_DECIMAL
    | THREE_DECIMAL
)
AMOUNT_MAX = 99_999_999


def text(amount: int, currency: str) -> str:
    """`$11.00`, as Stripe's messages write an amount."""
    symbol = SYMBOLS.get(currency)
    return f"{symbol}{_number(amount, currency)}" if symbol else f"{_number(amount, currency)} {currency}"


def spelled(amount: int, currency: str) -> str:
    """`11.00 USD`, as the sandbox's pages write an amount."""
    return f"{_number(amount, currency)} {currency.upper()}"


def _number(amount: int, currency: str) -> str:
    digits = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    whole, part = divmod(abs(amount), 10**digits)
    return f"{'-' if amount < 0 else ''}{whole:,}" + (f".{part:0{digits}d}" if digits else "")
