"""When two spellings are one address: the key by which e-mail addresses and handles are compared.

An identity key folds no more than the standards allow, since whoever it takes for another
gets the other's mail.  Searching folds generously, and decides nothing.
"""

import unicodedata


def address_key(address: str) -> str:
    """What two spellings of one e-mail address in normal form, or of one handle, have in common.

    Small letters for capital ones, letter by letter, and nothing else: no mail system in use
    tells Ann@ from ann@, but ß is not ss, ı not i, and ς not σ.  The domain of an address in
    normal form is the one that its IDNA form stands for, in small letters already.
    """
    return unicodedata.normalize("NFC", "".join(map(str.lower, address)))
