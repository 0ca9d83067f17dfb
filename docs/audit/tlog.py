"""What verifiers of all transparency logs share: the tree of RFC 6962, and notes that are signed with ed25519 as C2SP specifies it."""
import base64, hashlib
import ed25519

def sha256(*parts): return hashlib.sha256(b"".join(parts)).digest()
def node(left, right): return sha256(b"\1", left, right)
def half(size): return 1 << (size - 1).bit_length() - 1  # The largest power of two below it

def tree(leaves):  # RFC 6962, 2.1: the root over these leaves
    if len(leaves) < 2: return leaves[0] if leaves else sha256()
    return node(tree(leaves[:half(len(leaves))]), tree(leaves[half(len(leaves)):]))

def climb(leaf, place, size, path):  # RFC 6962, 2.1.1: the root that a leaf and its audit path lead to, or None
    if size < 2 or not path: return leaf if (place, size, path) == (0, 1, []) else None
    if place < half(size): below = climb(leaf, place, half(size), path[:-1])
    else: below = climb(leaf, place - half(size), size - half(size), path[:-1])
    return below and (node(below, path[-1]) if place < half(size) else node(path[-1], below))

def unbase64(text):  # None if that is not the one way to write it
    data = base64.b64decode(text)
    return data if base64.b64encode(data).decode() == text else None

def signed(note, vkey):  # Whether a note has a signature of this key, and none in its name that does not hold
    (text, _, lines), (name, number, key) = note.rpartition("\n\n"), vkey.split("+", 2)
    (*lines, end), key = lines.split("\n"), unbase64(key)
    lines = [(mark, signer, unbase64(sig)) for mark, signer, sig in (line.split(" ") for line in lines)]
    if end != "" or key is None or key[:1] != b"\1" or any(mark != "\u2014" or sig is None for mark, _, sig in lines): return False
    made = [sig for _, signer, sig in lines if signer == name]
    made = [sig[4:] for sig in made if sig[:4].hex() == number == sha256(name.encode(), b"\n", key)[:4].hex()]
    return made != [] and all(
        ed25519.verify(key[1:], f"{text}\n".encode(), sig) for sig in made)
