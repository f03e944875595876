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
    rb'(\{"seq":([1-9][0-9]*),"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)",'
    rb'"type":"([a-z.]{1,32})".*,"prev":"([A-Za-z0-9_-]{43})"),"hash":"([A-Za-z0-9_-]{43})"\}'
)


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
            record = json.loads(line)
        except ValueError:
            raise Fault("malformed")
        if any(isinstance(value, bool) or not isinstance(value, (str, int, float)) for value in record.values()):
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
            if "log" in record and record["log"] != anchor["log"]:
                raise Fault("anchor differs")
            if record["seq"] == anchor["seq"]:
                if record["hash"] != anchor["hash"] or self.epoch != anchor["epoch"]:
                    raise Fault("anchor differs")
                state["anchored"] = True

    def check(self, record, number, first):
        kind = record["type"]
        if record["seq"] == 1 and (kind != "open" or record["prev"] != FIRST_PREV or number != 1):
            raise Fault("malformed")
        if first != (record["seq"] == 1 or kind == "segment"):
            raise Fault("wrong segment")
        if "log" in record:
            if self.log is None:
                self.log = record["log"]
            if self.log != record["log"]:
                raise Fault("other log")
        if kind == "segment":
            if "log" not in record or record.get("segment") != number:
                raise Fault("wrong segment")
            self.check_epoch(record, self.epoch)
        elif kind == "open":
            if "log" not in record or record.get("version") != 1:
                raise Fault("malformed")
            if record.get("key") != self.key_id:
                raise Fault("other key")
            self.check_epoch(record, self.epoch + 1)
        elif kind == "checkpoint":
            self.check_checkpoint(record)
        elif kind == "prune":
            if self.pruned_start == (record.get("firstSeq"), record.get("firstPrev")):
                self.prune_seen = True

    def check_epoch(self, record, expected):
        if not isinstance(record.get("epoch"), int):
            raise Fault("malformed")
        if self.epoch == 0 and self.pruned_start is not None:
            expected = record["epoch"]
        if record["epoch"] != expected:
            raise Fault("wrong epoch")
        self.epoch = record["epoch"]

    def check_checkpoint(self, record):
        if record.get("key") != self.key_id:
            raise Fault("other key")
        if record.get("epoch") != self.epoch:
            raise Fault("wrong epoch")
        if not isinstance(record.get("log"), str) or not isinstance(record.get("sig"), str):
            raise Fault("malformed")
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
