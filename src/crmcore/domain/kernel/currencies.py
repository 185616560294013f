"""Currencies: the codes of ISO 4217, in use and retired, and how many digits follow the point.

Retired ones (list three of the standard) are known because instants of the past are taken.
Codes and digits are only ever added: what an order of last year was counted in does not change.
Not listed are metals, testing codes and units of account that nobody pays with.
"""

from typing import Any, Final

from crmcore.domain.kernel.errors import InvalidValueError

USUAL_DIGITS: Final = 2

_IN_USE: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY"
        " COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF"
        " IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR"
        " MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG"
        " SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES"
        " WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# The standard lists retired codes without digits: these are those that each had in it, and the
# usual two where it gave none.
_RETIRED: Final = {
    0: "ADP BEC BEF BEL BYB BYR ESA ESB ESP GRD ITL LUC LUF LUL MGF PTE TPE TRL",
    2: (
        "AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BGJ BGK BGL BGN BOP BRB BRC BRE BRN BRR BUK CHC"
        " CNX CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK EQE FIM FRF GEK GHC GHP GNE GNS GQE GWE GWP HRD HRK IEP"
        " ILP ILR ISJ LAJ LSM LTL LTT LVL LVR MAF MLF MRO MTL MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ RHD"
        " ROK ROL RUR SDD SDP SIT SKK SLL SRG STD SUR TJR TMM UAK UGS UGW USS UYN UYP VEB VEF VNC XEU YUD YUM"
        " YUN ZAL ZMK ZRN ZRZ ZWC ZWD ZWL ZWN ZWR"
    ),
    3: "YDD",
}
_DIGITS: Final = {
    code: digits
    for listed in (_IN_USE, _RETIRED)
    for digits, codes in listed.items()
    for code in codes.split()
}


def require_currency(currency: Any) -> str:
    """The code as it is; refuses with ``InvalidValueError`` one that ISO 4217 never had."""
    if not isinstance(currency, str) or currency not in _DIGITS:
        raise InvalidValueError("currency", currency, "an ISO 4217 code such as EUR")
    return currency


def minor_digits(currency: str) -> int:
    """The digits after the point that *currency* is paid in: 2 for EUR, 0 for JPY, 3 for KWD.

    What was recorded is not judged again: a code that is not known has the usual two.
    """
    return _DIGITS.get(currency, USUAL_DIGITS)
