"""A verifier of capability tokens that shares no line with ours: written from docs/tokens.md alone.

Reads a JSON object from standard input: "cases", a list of objects with "token", "issuers", "revoked", "audience", "holder",
"now" (milliseconds) and "required". Prints a JSON list with "ok" or a code for each.
"""

import base64
import hashlib
import json
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

MAX_LENGTH = 8192
MAX_LINKS = 4
MAX_LIFETIME = 86_400
SKEW_MS = 5_000
MAX_TIME = 253_402_300_799
CLAIMS = {"iss", "aud", "sub", "scope", "iat", "nbf", "exp", "jti", "cnf"}
OPTIONAL = {"once", "parent", "key"}


class Refused(Exception):
    pass


def malformed():
    return Refused("ERR_TOKEN_MALFORMED")


def decode(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise malformed()
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise malformed()
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise malformed()
    return data


def strict_object(data):
    if not re.fullmatch(rb"\{[\x20-\x5b\x5d-\x7e]*\}", data):
        raise malformed()

    def members(pairs):
        if len({name for name, _ in pairs}) != len(pairs):
            raise malformed()
        return dict(pairs)

    def integer(digits):
        if digits.startswith("-0"):
            raise malformed()
        return int(digits)

    def refuse(_):
        raise malformed()

    try:
        value = json.loads(data, object_pairs_hook=members, parse_int=integer, parse_float=refuse, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise malformed()
    # Only spaces can be different now.
    if json.dumps(value, separators=(",", ":")).encode() != data:
        raise malformed()
    return value


def is_hash(text):
    if not isinstance(text, str) or len(text) != 43:
        return False
    try:
        return len(decode(text)) == 32
    except Refused:
        return False


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_TIME


def check_claims(claims):
    names = set(claims)
    if not CLAIMS <= names or not names <= CLAIMS | OPTIONAL:
        raise malformed()
    for name in ("iss", "aud", "sub"):
        if not isinstance(claims[name], str) or not 1 <= len(claims[name]) <= 2048:
            raise malformed()
    if not isinstance(claims["scope"], str):
        raise malformed()
    scopes = claims["scope"].split(" ")
    if len(set(scopes)) != len(scopes) or len(scopes) > 64:
        raise malformed()
    if not all(re.fullmatch(r"[!#-\[\]-~]{1,255}", scope) for scope in scopes):
        raise malformed()
    if not isinstance(claims["jti"], str) or not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", claims["jti"]):
        raise malformed()
    if not isinstance(claims["cnf"], dict) or set(claims["cnf"]) != {"jkt"} or not is_hash(claims["cnf"]["jkt"]):
        raise malformed()
    if not all(is_number(claims[name]) for name in ("iat", "nbf", "exp")):
        raise malformed()
    if not claims["iat"] <= claims["nbf"] < claims["exp"]:
        raise malformed()
    if "once" in claims and claims["once"] is not True:
        raise malformed()
    if ("parent" in claims) != ("key" in claims):
        raise malformed()
    if "parent" in claims and not (isinstance(claims["parent"], str) and is_key(claims["key"])):
        raise malformed()


def is_key(key):
    if not isinstance(key, dict) or set(key) != {"crv", "kty", "x", "y"}:
        return False
    return key["crv"] == "P-256" and key["kty"] == "EC" and is_hash(key["x"]) and is_hash(key["y"])


def thumbprint(key):
    text = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def parse(token):
    parts = token.split(".")
    if len(parts) != 3:
        raise malformed()
    header, claims, signature = strict_object(decode(parts[0])), strict_object(decode(parts[1])), decode(parts[2])
    if len(signature) != 64 or set(header) != {"typ", "alg", "kid"}:
        raise malformed()
    if header["typ"] != "pinwire-cap+jwt" or header["alg"] != "ES256" or not is_hash(header["kid"]):
        raise malformed()
    check_claims(claims)
    signed = (parts[0] + "." + parts[1]).encode()
    return {"kid": header["kid"], "claims": claims, "signed": signed, "signature": signature}


def chain_of(token):
    if len(token) > MAX_LENGTH:
        raise malformed()
    chain = [parse(token)]
    while "parent" in chain[0]["claims"]:
        if len(chain) == MAX_LINKS:
            raise Refused("ERR_TOKEN_DELEGATION")
        chain.insert(0, parse(chain[0]["claims"]["parent"]))
    return chain


def check_signature(link, key):
    try:
        x, y = (int.from_bytes(decode(key[name]), "big") for name in ("x", "y"))
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        r, s = (int.from_bytes(half, "big") for half in (link["signature"][:32], link["signature"][32:]))
        public.verify(utils.encode_dss_signature(r, s), link["signed"], ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        raise Refused("ERR_TOKEN_SIGNATURE")


def grants(scopes, scope):
    service = scope.partition("/")
    return scope in scopes or (service[0] != "" and service[1] == "/" and service[0] + "/*" in scopes)


def check_child(child, parent):
    inner, outer = child["claims"], parent["claims"]
    scopes = outer["scope"].split(" ")
    if not (
        "key" in inner
        and "once" not in outer
        and inner["iss"] == outer["sub"]
        and child["kid"] == outer["cnf"]["jkt"] == thumbprint(inner["key"])
        and inner["aud"] == outer["aud"]
        and inner["nbf"] >= outer["nbf"]
        and inner["exp"] <= outer["exp"]
        and all(grants(scopes, scope) for scope in inner["scope"].split(" "))
    ):
        raise Refused("ERR_TOKEN_DELEGATION")
    check_signature(child, inner["key"])


def issuer_key(link, issuers):
    for issuer in issuers:
        if issuer["iss"] != link["claims"]["iss"]:
            continue
        for key in issuer["keys"]:
            if thumbprint(key) == link["kid"]:
                return key
    raise Refused("ERR_TOKEN_UNKNOWN_ISSUER")


def is_revoked(claims, revoked):
    return claims["jti"] in revoked["tokens"] or claims["iat"] <= revoked["subjects"].get(claims["sub"], -1)


def verify(case):
    chain = chain_of(case["token"])
    check_signature(chain[0], issuer_key(chain[0], case["issuers"]))
    for parent, child in zip(chain, chain[1:]):
        check_child(child, parent)
    if any(link["claims"]["exp"] - link["claims"]["iat"] > MAX_LIFETIME for link in chain):
        raise Refused("ERR_TOKEN_LIFETIME")
    claims = chain[-1]["claims"]
    if claims["aud"] != case["audience"]:
        raise Refused("ERR_TOKEN_AUDIENCE")
    if claims["sub"] != case["holder"]["id"] or claims["cnf"]["jkt"] != case["holder"]["thumbprint"]:
        raise Refused("ERR_TOKEN_HOLDER")
    if claims["nbf"] * 1000 > case["now"] + SKEW_MS:
        raise Refused("ERR_TOKEN_NOT_YET_VALID")
    if case["now"] >= claims["exp"] * 1000:
        raise Refused("ERR_TOKEN_EXPIRED")
    if any(is_revoked(link["claims"], case["revoked"]) for link in chain):
        raise Refused("ERR_TOKEN_REVOKED")
    if not all(grants(claims["scope"].split(" "), scope) for scope in case["required"]):
        raise Refused("ERR_TOKEN_SCOPE")


def verdict(case):
    try:
        verify(case)
        return "ok"
    except Refused as refusal:
        return str(refusal)


if __name__ == "__main__":
    print(json.dumps([verdict(case) for case in json.load(sys.stdin)["cases"]]))
