"""A verifier of audit logs, written from docs/audit-format.md alone.

Reads lines of {"directory", "anchor", "key"} and answers each with a line of {"ok", "reason", "segment", "seq", …}.
"""

import base64
import hashlib
import json
import os
import re
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

FIRST_PREV = "A" * 43
MAX_LINE = 16_384
LINE = re.compile(
    rb'(\{"seq":([1-9][0-9]{0,15}),"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)",'
    rb'"type":"([a-z.]{1,32})".*,"prev":"([A-Za-z0-9_-]{43})"),"hash":"([A-Za-z0-9_-]{43})"\}'
)


NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9]{0,31}")
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")
DECIMALS = re.compile(r"-?(0|[1-9][0-9]{0,11})\.[0-9]{0,2}[1-9]")
LARGEST = 2**53 - 1
FORMS = {
    "open": {"version": 1, "log": 22, "epoch": "count", "key": 43},
    "segment": {"log": 22, "epoch": "count", "segment": "count"},
    "checkpoint": {"log": 22, "epoch": "count", "key": 43, "sig": 86},
    "prune": {"segment": "count", "firstSeq": "count", "firstPrev": 43},
}


def read_integer(token):
    if INTEGER.fullmatch(token) is None or abs(int(token)) > LARGEST:
        raise ValueError(token)
    return int(token)


def read_decimals(token):
    if DECIMALS.fullmatch(token) is None:
        raise ValueError(token)
    return float(token)


def refuse(token):
    raise ValueError(token)


def read_object(pairs):
    record = dict(pairs)
    if len(record) != len(pairs) or not all(NAME.fullmatch(name) for name in record):
        raise ValueError("names")
    return record


def read_record(line):
    """One record, if it is written in the one way in which it can be written."""
    record = json.loads(
        line,
        parse_int=read_integer,
        parse_float=read_decimals,
        parse_constant=refuse,
        object_pairs_hook=read_object,
    )
    if any(isinstance(value, bool) or not isinstance(value, (str, int, float)) for value in record.values()):
        raise ValueError("values")
    if json.dumps(record, separators=(",", ":")).encode() != line:
        raise ValueError("spelling")
    for name, form in FORMS.get(record["type"], {}).items():
        value = record.get(name)
        if form == "count":
            fits = isinstance(value, int) and value > 0
        elif name == "version":
            fits = isinstance(value, int) and value == form
        else:
            fits = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{%d}" % form, value) is not None
        if not fits:
            raise ValueError(name)
    return record


class Fault(Exception):
    pass


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Verifier:
    def __init__(self, public_key):
        assert isinstance(public_key, Ed25519PublicKey)
        self.public_key = public_key
        spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.key_id = b64url(hashlib.sha256(spki).digest())
        self.seq = 1
        self.prev = FIRST_PREV
        self.started = False
        self.pruned_start = None
        self.prune_seen = False
        self.log = None
        self.epoch = 0
        self.last_checkpoint = 0
        self.records = 0
        self.segment = 0

    def segment_file(self, number, data, anchor, state):
        self.segment = number
        if data == b"":
            raise Fault("malformed")
        lines = data.split(b"\n")
        rest = lines.pop()
        for index, line in enumerate(lines):
            self.line(line, number, index == 0, anchor, state)
        if rest != b"":
            raise Fault("too long" if len(rest) > MAX_LINE else "torn")

    def line(self, line, number, first, anchor, state):
        if len(line) > MAX_LINE:
            raise Fault("too long")
        if any(byte < 0x20 or byte > 0x7E for byte in line):
            raise Fault("not ASCII")
        match = LINE.fullmatch(line)
        if match is None or b64url(hashlib.sha256(match[1]).digest()) != match[6].decode():
            raise Fault("malformed")
        try:
            record = read_record(line)
        except ValueError:
            raise Fault("malformed")
        if record["seq"] == 1 and (record["type"] != "open" or record["prev"] != FIRST_PREV or number != 1):
            raise Fault("malformed")
        if not self.started:
            self.started = True
            if number != 1:
                self.seq, self.prev = record["seq"], record["prev"]
                self.pruned_start = (self.seq, self.prev)
        if record["seq"] != self.seq:
            raise Fault("out of order")
        if record["prev"] != self.prev:
            raise Fault("chain broken")
        self.check(record, number, first)
        self.seq, self.prev = record["seq"] + 1, record["hash"]
        self.records += 1
        if anchor is not None:
            if self.log is not None and self.log != anchor["log"]:
                raise Fault("anchor differs")
            if record["seq"] == anchor["seq"]:
                if record["hash"] != anchor["hash"] or self.epoch != anchor["epoch"]:
                    raise Fault("anchor differs")
                state["anchored"] = True

    def check(self, record, number, first):
        kind = record["type"]
        if first != (record["seq"] == 1 or kind == "segment"):
            raise Fault("wrong segment")
        if kind == "segment" and record["segment"] != number:
            raise Fault("wrong segment")
        if kind == "prune" and self.pruned_start == (record["firstSeq"], record["firstPrev"]):
            self.prune_seen = True
        if kind not in ("open", "segment", "checkpoint"):
            return
        if self.log is None:
            self.log = record["log"]
        if self.log != record["log"]:
            raise Fault("other log")
        if kind != "segment" and record["key"] != self.key_id:
            raise Fault("other key")
        if kind == "segment":
            self.check_epoch(record, self.epoch)
        elif kind == "open":
            self.check_epoch(record, self.epoch + 1)
        else:
            self.check_checkpoint(record)

    def check_epoch(self, record, expected):
        if self.epoch == 0 and self.pruned_start is not None:
            expected = record["epoch"]
        if record["epoch"] != expected:
            raise Fault("wrong epoch")
        self.epoch = record["epoch"]

    def check_checkpoint(self, record):
        if record["epoch"] != self.epoch:
            raise Fault("wrong epoch")
        parts = ["pinwire-audit-checkpoint/1", record["log"], record["epoch"], record["seq"], record["prev"], record["time"]]
        try:
            signature = from_b64url(record["sig"])
            if b64url(signature) != record["sig"]:
                raise Fault("bad signature")
            self.public_key.verify(signature, "".join(f"{part}\n" for part in parts).encode())
        except (InvalidSignature, ValueError):
            raise Fault("bad signature")
        self.last_checkpoint = record["seq"]
        if self.prune_seen:
            self.pruned_start = None


def verify(directory, anchor_path, key_path):
    anchor = None
    if anchor_path:
        with open(anchor_path) as file:
            anchor = json.load(file)
    if key_path:
        with open(key_path, "rb") as file:
            public_key = load_pem_private_key(file.read(), None).public_key()
    else:
        public_key = load_der_public_key(base64.b64decode(anchor["publicKey"]))
    verifier = Verifier(public_key)
    state = {"anchored": anchor is None}
    names = sorted(name for name in os.listdir(directory) if re.fullmatch(r"audit-[0-9]{8}\.jsonl", name))
    names = [name for name in names if name != "audit-00000000.jsonl"]
    try:
        for name in names:
            number = int(name[6:14])
            if verifier.segment != 0 and number != verifier.segment + 1:
                raise Fault("missing segment")
            with open(os.path.join(directory, name), "rb") as file:
                verifier.segment_file(number, file.read(), anchor, state)
        if verifier.records == 0 or verifier.pruned_start is not None:
            raise Fault("missing beginning")
        if not state["anchored"]:
            raise Fault("missing end")
    except Fault as fault:
        return {"ok": False, "reason": str(fault), "segment": verifier.segment, "seq": verifier.seq}
    return {"ok": True, "records": verifier.records, "unsigned": verifier.seq - 1 - verifier.last_checkpoint}


for request in sys.stdin:
    task = json.loads(request)
    print(json.dumps(verify(task["directory"], task.get("anchor"), task.get("key"))), flush=True)
