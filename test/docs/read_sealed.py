"""Opens what is sealed in a store, written from docs/format-sealed.md alone. Needs Debian's python3-cryptography."""

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "format"))
from read_pack import need, sha256  # noqa: E402

BLOCKS, ADDED, HEADER = (16_384, 65_536), 28, 64
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def derive(secret, salt, purpose, length):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), length, salt, purpose.encode()).derive(secret)


class FileKeys:
    def __init__(self, secret, salt, purpose):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        both = derive(secret, salt, "waymark/%s/1" % purpose, 64)
        self.cipher, self.nonces = AESGCM(both[:32]), both[32:]

    def open(self, place, sealed):
        """None if it is not what was sealed at this place."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) < ADDED:
            return None
        nonce = sealed[:12]
        try:
            plain = self.cipher.decrypt(nonce, sealed[12:], place)
        except InvalidTag:
            return None
        made = hmac.digest(self.nonces, struct.pack("<I", len(place)) + place + plain, "sha256")
        need(made[:12] == nonce, "a nonce that does not come from what is sealed")
        return plain


class Keys:
    """The keys of a store, opened with the secret of a master key."""

    def __init__(self, store, store_id, secret):
        self.store_id = store_id
        ring = newest_ring(os.path.join(store, "keys"))
        need(ring["form"] == 2 and ring["storeId"] == store_id, "a ring of another store")
        self.accepts_plain = ring["acceptsPlain"]
        ring_secret, proof_key, proof = unlock(ring, store_id, secret)
        check_mac(ring, ring_secret)
        place = "ring %d of %s" % (ring["generation"], store_id)
        text = FileKeys(ring_secret, bytes_of(ring["salt"]), "ring").open(place.encode(), bytes_of(ring["secrets"]))
        need(text is not None, "the secrets of the ring do not open")
        secrets = json.loads(text)
        made = hmac.digest(proof_key, bytes_of(secrets["names"]), "sha256")
        need(hmac.compare_digest(made, proof), "proof of the master key")
        self.names = derive(bytes_of(secrets["names"]), b"", "waymark/names/1", 32)
        self.data = {}
        for key in secrets["keys"]:
            need(derive(bytes_of(key["secret"]), b"", "waymark/key id/1", 10).hex() == key["id"], "id of a data key")
            self.data[key["id"]] = bytes_of(key["secret"])

    def name(self, kind, name):
        digest = hmac.digest(self.names, kind.encode() + b"\0" + name.encode("latin-1"), "sha256")
        bits = int.from_bytes(digest, "big")
        return "".join(ALPHABET[bits >> (251 - 5 * i) & 31] for i in range(26))

    def content(self, data):
        """The content of a file, sealed or not."""
        if data[:8] != b"waymksld":
            need(self.accepts_plain, "a plain file in a store that has sealed ones only")
            return data
        version, zero, block = struct.unpack_from("<HHI", data, 8)
        need(sha256(data[:48])[:16] == data[48:64] and (version, zero) == (1, 0) and block in BLOCKS, "header of a sealed file")
        key = data[16:26].hex()
        need(key in self.data, "a data key that is not in the ring")
        keys = FileKeys(self.data[key], data[32:48], "file")
        count = -(-(len(data) - HEADER) // (block + ADDED))
        parts = []
        for index in range(count):
            at = HEADER + index * (block + ADDED)
            place = data[:48] + self.store_id.encode() + struct.pack("<QB", index, index == count - 1)
            part = keys.open(place, data[at : at + block + ADDED])
            need(part is not None, "block %d does not open" % index)
            parts.append(part)
        return b"".join(parts)

    def records(self, segment, key):
        need(key in self.data, "a data key that is not in the ring")
        return SealedRecords(self, FileKeys(self.data[key], segment.encode(), "segment"), segment)


class SealedRecords:
    """Opens the records of one segment: gives each its stream, its payload and, of an accept record, its copies."""

    def __init__(self, keys, file_keys, segment):
        self.all_keys, self.keys, self.segment = keys, file_keys, segment

    def open(self, record, records_in):
        shown = record.stream
        numbers = struct.pack("<QBII", record.offset, record.kind, record.token, record.sequence)
        place = self.segment.encode() + numbers + shown.encode("latin-1")
        if record.kind == 0:
            said = self.keys.open(place, record.payload)
        else:
            (length,) = struct.unpack_from("<H", record.payload)
            said = self.keys.open(place, record.payload[2 : 2 + length])
        need(said is not None, "a record that does not open")
        record.stream = said[1 : 1 + said[0]].decode("latin-1")
        said = said[1 + said[0] :]
        need(shown == (self.all_keys.name("stream", record.stream) if record.stream else ""), "name of a stream")
        if record.kind == 1:
            (count,) = struct.unpack_from("<I", said)
            start = record.offset + 20 + len(shown) + 2 + length
            record.copies = [self.open(copy, records_in) for copy in records_in(record.payload[2 + length :], self.segment, start)]
            need(len(record.copies) == count, "number of copies")
            said = said[4:]
        record.payload = said
        return record


def bytes_of(text):
    return base64.b64decode(text)


def newest_ring(folder):
    found = [(int(name[5:-5]), name) for name in os.listdir(folder) if re.fullmatch(r"ring\.[1-9][0-9]*\.json", name)]
    for generation, name in sorted(found, reverse=True):
        with open(os.path.join(folder, name), "rb") as file:
            try:
                ring = json.loads(file.read())
            except ValueError:
                continue
        if ring.get("generation") == generation:
            return ring
    need(False, "there is no ring")


def unlock(ring, store_id, secret):
    """The secret of the ring, from that of a master key; what that one proves with, and its proof."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    private = X25519PrivateKey.from_private_bytes(derive(secret, store_id.encode(), "waymark/master/1", 32))
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    for master in ring["masters"]:
        if master["id"] != sha256(public).hex()[:8] or bytes_of(master["publicKey"]) != public:
            continue
        ephemeral = bytes_of(master["lock"]["ephemeral"])
        shared = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        opened = FileKeys(shared, ephemeral + public, "lock").open(
            ("ring key of %s" % store_id).encode(), bytes_of(master["lock"]["sealed"])
        )
        need(opened is not None, "the lock of the ring does not open")
        return opened, derive(secret, store_id.encode(), "waymark/master proof/1", 32), bytes_of(master["proof"])
    need(False, "the ring does not know this master key")


def check_mac(ring, ring_secret):
    masters = [
        [m["id"], m["kind"], m["name"], m["createdAt"], m["publicKey"], [list(each) for each in m["settings"].items()]]
        + [m["proof"], m["lock"]["ephemeral"], m["lock"]["sealed"]]
        for m in ring["masters"]
    ]
    said = [ring["storeId"], ring["generation"], ring["acceptsPlain"], masters, ring["salt"], ring["secrets"]]
    text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
    mac = hmac.digest(derive(ring_secret, b"", "waymark/ring mac/1", 32), text.encode(), hashlib.sha256)
    need(hmac.compare_digest(mac, bytes_of(ring["mac"])), "MAC of the ring")


def secret_in(path):
    """32 bytes as hex or base64."""
    with open(path) as file:
        text = file.read().strip()
    return bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text + "=" * (-len(text) % 4))
