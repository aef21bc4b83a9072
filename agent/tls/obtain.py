"""Getting a pair from an ACME authority.

Owns the pair's key, one order, and the check of what comes back; the conversation itself runs in
a child (`acme`), ended at its time. A failed order changes nothing but the note of it. Refuses to
put a pair in place, and to choose what serves instead.
"""

from __future__ import annotations

import ipaddress
import sys

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from agent.errors import MachineError
from agent.host import files
from agent.manifest.acme import Acme
from agent.tls import asking, reading
from agent.tls.moment import is_trusted, trust
from agent.tls.names import not_covered
from agent.tls.order import Order, Outcome
from agent.tls.placing import Issued, Origin
from agent.tls.wanted import Wanted

# Seconds the child gets beyond the order's: for each proof it takes back, and to end.
_CLEARING, _GRACE = 20.0, 30.0
_CHAIN = 10  # certificates; real chains have three
_CAP = 1 << 18  # characters

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def obtain(wanted: Wanted, *, vouched: bool) -> Issued:
    """Order a certificate; the pair, nowhere written yet. `vouched`: the clock is right.

    Raises CaretakerError and FileFailure.
    """
    acme = asking.authority_for(wanted)
    names = asking.names_asked(wanted)
    _refuse_early(wanted, acme, names, vouched=vouched)
    files.ensure_folder(wanted.layout.acme, mode=0o700)
    # Before the order: one that is killed each time counts, too.
    note = asking.note_attempt(wanted, acme)
    key = _make_key(acme.key)
    outcome = _ordered(wanted, _order(wanted, acme, _request(key, names)), acme)
    if not outcome.trouble:
        try:
            origin = Origin(by="acme", authority=acme.directory)
            issued = _checked(outcome.chain, key, names, origin)
        except ValueError as error:
            outcome = Outcome(trouble="authority", problem=str(error))
        else:
            asking.note_success(wanted, acme, outcome.account)
            return issued
    asking.note_problem(wanted, note, outcome.problem, stay_away=outcome.stay_away)
    raise _error(wanted, names, outcome)


def _refuse_early(wanted: Wanted, acme: Acme, names: list[str], *, vouched: bool) -> None:
    """What needs no authority to be told, and must not count against us there."""
    if not vouched and not is_trusted(trust(wanted.moment)):
        raise MachineError(
            "authority-failed",
            f"no certificate for {wanted.name} is asked for: this machine's clock is wrong",
            hint="timedatectl",
        )
    wrong = [name for name in names if not asking.can_be_asked(name, acme.challenge)]
    if wrong or not names:
        what = f"{', '.join(wrong)} can't be shown by {acme.challenge}" if names else "no names"
        raise MachineError(
            "authority-failed",
            f"no certificate for {wanted.name} is asked for: {what}",
            hint=f"caretaker manifest explain certificates.{wanted.name}.names",
        )


def _make_key(kind: str) -> Key:
    if kind.startswith("rsa-"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa-")))
    return ec.generate_private_key(ec.SECP384R1() if kind == "ecdsa-p384" else ec.SECP256R1())


def _request(key: Key, names: list[str]) -> str:
    """A request to be signed, PEM. Without a common name, which holds no more than 64 letters."""
    general: list[x509.GeneralName] = []
    for name in names:
        try:
            general.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            general.append(x509.DNSName(name))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName(general), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _order(wanted: Wanted, acme: Acme, request: str) -> Order:
    return Order(
        directory=acme.directory,
        names=asking.names_asked(wanted),
        csr=request,
        account=str(wanted.layout.acme),
        terms=asking.is_true(wanted, acme.terms),
        email=acme.email,
        kid=acme.kid,
        hmac=acme.hmac,
        profile=acme.profile,
        ca=acme.ca,
        challenge=acme.challenge,
        address=acme.address,
        port=acme.port,
        webroot=acme.webroot,
        hook=acme.hook,
        environment=acme.environment,
        user=acme.user or ("" if wanted.layout.embedded else wanted.layout.app),
        hook_seconds=float(acme.hook_timeout),
        spread=float(acme.spread),
        seconds=float(acme.timeout),
    )


def _ordered(wanted: Wanted, order: Order, acme: Acme) -> Outcome:
    done = wanted.host.run(
        [sys.executable, "-I", "-m", "agent.tls.acme"],
        stdin=msgspec.json.encode(order),
        timeout=acme.timeout + len(wanted.declared) * _CLEARING + _GRACE,
    )
    if done.timed_out:
        return Outcome(trouble="authority", problem=f"no end after {done.seconds:.0f} s")
    try:
        return msgspec.json.decode(done.stdout, type=Outcome)
    except msgspec.DecodeError:
        # Its traceback could hold the order, and with it secrets: only the last line is shown.
        return Outcome(trouble="internal", problem=f"the order broke off: {done.reason}")


def _checked(text: str, key: Key, names: list[str], origin: Origin) -> Issued:
    """The pair, if that is what was asked for. ValueError with what it is not."""
    if len(text) > _CAP:
        raise ValueError("the chain is longer than any real one")
    try:
        leaf, *above = reading.certificates_in(text.encode())
    except reading.UNPARSED as error:
        raise ValueError("what came is no chain of certificates") from error
    if not reading.belong_together(key, leaf):
        raise ValueError("the certificate is for another key than ours")
    missing = not_covered(names, reading.names_in(leaf))
    if missing:
        raise ValueError(f"the certificate is not valid for {', '.join(missing)}")
    links = zip([leaf, *above], above, strict=False)
    if len(above) >= _CHAIN or not all(reading.signed_by(one, next_) for one, next_ in links):
        raise ValueError("its chain does not hold together")
    return Issued(
        serial=reading.serial_of(leaf),
        key=reading.pem_of_key(key),
        certificate=reading.pem_of(leaf),
        chain=reading.pem_of(leaf, *above),
        ca=reading.pem_of(*(above or [leaf])),
        origin=origin,
    )


def _error(wanted: Wanted, names: list[str], outcome: Outcome) -> MachineError:
    renew = f"caretaker tls renew {wanted.name}"
    hints = {
        "proof": f"{renew}  # once {names[0]} leads here, from everywhere",
        "account": f"caretaker manifest explain certificates.{wanted.name}.acme",
        "port": "ss -lntp  # who has the port",
    }
    return MachineError(
        "authority-failed",
        f"no certificate for {wanted.name} from the authority: {outcome.problem}",
        hint=hints.get(outcome.trouble, f"{renew}  # asks again"),
    )
