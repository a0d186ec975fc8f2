"""Reads packs of format 2 and their parity, written from the published description alone: python3 read_pack.py FILE.pack [FILE.par]

Prints what is in them as JSON. Knows the codecs that come with Python: none and gzip.
"""
import gzip, hashlib, json, struct, sys, zlib

KINDS = ["full", "delta", "list"]


def need(condition, what):
    if not condition:
        sys.exit("damaged: " + what)


def header(data, magic):
    need(data[:8] == magic, "magic")
    major, minor, requires = struct.unpack_from("<HHI", data, 8)
    need(major == 2 and requires == 0, "not for this reader")
    need(hashlib.sha256(data[:80]).digest()[:16] == data[80:96], "header digest")
    return data[16:42], data[44:70]


def frame(data, pack):
    need(data[:4] == b"WMFR", "magic of a frame")
    number, first, count, stored, raw, codec = struct.unpack_from("<IIIIIB", data, 4)
    (crc,) = struct.unpack_from("<I", data, 28)
    at = 48 + 44 * count
    need(hashlib.sha256(pack + data[:32] + data[48:at]).digest()[:16] == data[32:48], "digest of a frame")
    payload = data[at:]
    need(len(payload) == stored and zlib.crc32(payload) == crc, "crc32 of a payload")
    if codec == 2:
        payload = gzip.decompress(payload)
    else:
        need(codec == 0, "codec %d is not for this reader" % codec)
    need(len(payload) == raw, "length of a payload")
    chunks, from_ = [], 0
    for entry in range(48, at, 44):
        raw_bytes, payload_bytes, kind = struct.unpack_from("<IIB", data, entry + 32)
        part = payload[from_ : from_ + payload_bytes]
        from_ += payload_bytes
        digest = data[entry : entry + 32]
        if KINDS[kind] != "delta":
            need(len(part) == raw_bytes and hashlib.sha256(part).digest() == digest, "a chunk")
        sha = hashlib.sha256(part).hexdigest()
        chunks.append({"kind": KINDS[kind], "digest": digest.hex(), "rawBytes": raw_bytes, "payload": sha})
    need(from_ == raw, "sum of a table")
    return number, first, raw, chunks


def read_pack(data):
    pack, store = header(data, b"waymkpak")
    trailer = data[-64:]
    offset, frames, total = struct.unpack_from("<QII", trailer)
    footer = data[offset:-64]
    need(trailer[56:] == b"waymkend" and len(footer) == 32 * frames, "trailer")
    need(hashlib.sha256(pack + footer + trailer[:32]).digest()[:24] == trailer[32:56], "digest of the footer")
    result, next_chunk = [], 0
    for at in range(0, len(footer), 32):
        place, stored, raw, first, count, number, chunk_bytes = struct.unpack_from("<QIIIIII", footer, at)
        found = frame(data[place : place + stored], pack)
        chunks = found[3]
        need(found[:3] == (number, first, raw) and len(chunks) == count and first >= next_chunk, "footer and frame")
        need(sum(chunk["rawBytes"] for chunk in chunks) == chunk_bytes, "raw bytes of a frame")
        next_chunk = first + count
        result.append({"frame": number, "chunks": chunks})
    need(next_chunk == total, "number of chunks")
    return {"pack": pack.decode(), "store": store.decode(), "frames": result}


def check_parity(data, packed):
    need(header(data, b"waymkpar") == header(packed, b"waymkpak"), "parity of another pack")
    need(hashlib.sha256(data[:-32]).digest() == data[-32:], "digest of the parity")
    size, block, count, groups, length = struct.unpack_from("<QIIII", data, 96)
    need(size == len(packed) and count == -(-size // block) and length == min(size, block), "numbers of the parity")
    sums = struct.unpack_from("<%dI" % count, data, 128)
    blocks = [packed[at : at + block] for at in range(0, size, block)]
    need([zlib.crc32(each) for each in blocks] == list(sums), "crc32 of a block")
    for group in range(groups):
        parity = bytearray(length)
        for each in blocks[group::groups]:
            for at, byte in enumerate(each):
                parity[at] ^= byte
        at = 128 + 4 * count + group * length
        need(data[at : at + length] == parity, "a parity block")


with open(sys.argv[1], "rb") as file:
    packed = file.read()
if len(sys.argv) > 2:
    with open(sys.argv[2], "rb") as file:
        check_parity(file.read(), packed)
    print("{}")
else:
    print(json.dumps(read_pack(packed)))
