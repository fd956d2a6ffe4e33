"""Signatures as far as a look tells: who may sign was accepted, and nothing stands unsigned.

Whether a signature holds is for the audit to prove.
"""

from collections.abc import Iterator
from pathlib import Path

from qibi.base.findings import Finding
from qibi.base.language import _
from qibi.base.text import argument
from qibi.book.definitions import Definitions
from qibi.ledger.signatures import ENDING, public_key
from qibi.ledger.signers import (
    not_accepted,
    record_chain,
    record_paths,
    vouched,
    without_signature,
)


def errors(root: Path, definitions: Definitions | None) -> Iterator[Finding]:
    """What is wrong with keys, records of signers and signatures, nothing being verified."""
    paths = record_paths(root)
    signers = definitions.signers if definitions else ()
    if not paths and not signers:
        return
    for signer in signers:
        if public_key(signer.key) is None:
            message = _(
                "the key of {who} is no public key; write the first two words of its .pub file"
            )
            yield Finding("qibi.yaml", message=message.format(who=signer.id), code="signers")
    records, findings = record_chain({path: (root / path).read_bytes() for path in paths})
    yield from findings
    if findings:
        return
    if definitions and (finding := not_accepted(signers, records)):
        yield finding
    if not records:
        return  # once they are accepted, what stands is vouched for
    known = vouched(records)
    missing = [path for path in without_signature(root) if path not in known]
    missing += [path for path in paths if not (root / f"{path}{ENDING}").exists()]
    for path in missing:
        message = _(
            "no signature ({path}.sig) stands beside it; bring it here, or let whoever may close "
            "vouch for it: qibi signers accept --vouch {path}"
        )
        yield Finding(path, message=message.format(path=argument(path)), code="signature")
