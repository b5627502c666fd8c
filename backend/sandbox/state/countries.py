"""Countries: those that an account can be in, with their currency, and those that it cannot."""

_EURO = "AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK".split()
CURRENCY_OF = {
    "US": "usd",
    "GB": "gbp",
    "CA": "cad",
    "CH": "chf",
    "AU": "aud",
    "NZ": "nzd",
    "JP": "jpy",
    "SE": "sek",
    "NO": "nok",
    "DK": "dkk",
    "PL": "pln",
    "CZ": "czk",
    "HU": "huf",
    "RO": "ron",
    "BG": "bgn",
    "SG": "sgd",
    "HK": "hkd",
    "MX": "mxn",
    "BR": "brl",
    "AE": "aed",
    "GI": "gip",
    "IN": "inr",
    "LI": "chf",
    "MY": "myr",
    "TH": "thb",
    **dict.fromkeys(_EURO, "eur"),
}
# Nobody can have an account there, by the law of the United States.
EMBARGOED = frozenset({"CU", "IR", "KP", "SY"})
# Every other code of ISO 3166-1: Stripe knows these, the sandbox does not.
OTHER_COUNTRIES = frozenset(
    "AD AF AG AI AL AM AO AQ AR AS AW AX AZ BA BB BD BF BH BI BJ BL BM BN BO BQ BS BT BV BW BY BZ CC CD CF CG CI CK CL CM CN "
    "CO CR CV CW CX DJ DM DO DZ EC EG EH ER ET FJ FK FM FO GA GD GE GF GG GH GL GM GN GP GQ GS GT GU GW GY HM HN HT ID IL IM "
    "IO IQ IS JE JM JO KE KG KH KI KM KN KR KW KY KZ LA LB LC LK LR LS LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MU "
    "MV MW MZ NA NC NE NF NG NI NP NR NU OM PA PE PF PG PH PK PM PN PR PS PW PY QA RE RS RU RW SA SB SC SD SH SJ SL SM SN SO "
    "SR SS ST SV SX SZ TC TD TF TG TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW".split()
)
