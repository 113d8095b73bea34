"""What the URL of a MySQL or MariaDB says of TLS, under the names that MySQL's own programs, SQLAlchemy
and PyMySQL have for it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from reportspec.lazy_dataclass import dataclass

_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_MODES = ("DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
_FILES = ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key")
_FLAGS = ("ssl", "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity", "ssl_check_hostname")
OPTIONS = ("ssl_mode", *_FILES, *_FLAGS, "ssl_key_password", "ssl_cipher")


class TlsError(Exception):
    """An option that is not understood: it is refused, so that nothing is sent in the open that was
    to be encrypted."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How a connection is encrypted. Without a context it is as the server likes it (`off`: never)."""

    context: ssl.SSLContext | None = None
    off: bool = False


def tls_of(options: Mapping[str, str]) -> Tls:
    """What the options of a URL that begin with `ssl` ask for. With `ssl_ca` the certificate is checked,
    with `ssl_verify_identity` (or `ssl_mode=VERIFY_IDENTITY`) the host's name as well; `ssl=true` asks
    for encryption only. Raises TlsError."""
    options_of_url = {name.lower().replace("-", "_"): text for name, text in options.items()}
    for name in options_of_url:
        if name not in OPTIONS:
            raise TlsError(f"`{name}` is no option of TLS; there are {', '.join(OPTIONS)}")
    flags = {name: _flag(name, options_of_url[name]) for name in _FLAGS if name in options_of_url}
    mode = options_of_url.get("ssl_mode", "").upper().replace("-", "_")
    if mode and mode not in _MODES:
        raise TlsError(f"`ssl_mode` is one of {', '.join(_MODES)}")
    # A certificate that is to be checked, or a name of a host, is more than mere encryption.
    named = flags.get("ssl_verify_identity", False) or flags.get("ssl_check_hostname", False)
    named = named or mode == "VERIFY_IDENTITY"
    authority = "ssl_ca" in options_of_url or "ssl_capath" in options_of_url
    checked = named or mode == "VERIFY_CA" or flags.get("ssl_verify_cert", authority)
    wanted = checked or flags.get("ssl", False) or mode == "REQUIRED"
    wanted = wanted or any(name in options_of_url for name in (*_FILES, "ssl_cipher"))
    if mode == "DISABLED" or flags.get("ssl_disabled", False) or flags.get("ssl") is False:
        if wanted:
            raise TlsError("some options of TLS ask for encryption, and others for none")
        return Tls(off=True)
    return Tls(_context(options_of_url, checked, named)) if wanted else Tls()


def _flag(name: str, text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise TlsError(f"`{name}` is `true` or `false`")


def _context(given: Mapping[str, str], checked: bool, named: bool) -> ssl.SSLContext:
    for name in _FILES:
        if name in given and not Path(given[name]).exists():
            raise TlsError(f"there is no file `{given[name]}` (`{name}`)")
    try:
        context = ssl.create_default_context(cafile=given.get("ssl_ca"), capath=given.get("ssl_capath"))
        # Certificates that the servers make for themselves lack what the strictest reading asks.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = named
        context.verify_mode = ssl.CERT_REQUIRED if checked else ssl.CERT_NONE
        if "ssl_cert" in given:
            context.load_cert_chain(given["ssl_cert"], given.get("ssl_key"), given.get("ssl_key_password"))
        if "ssl_cipher" in given:
            context.set_ciphers(given["ssl_cipher"])
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsError(f"the certificates cannot be used: {error}") from None
    return context
