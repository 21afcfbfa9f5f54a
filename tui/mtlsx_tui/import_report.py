"""What became of an imported file, in words: which profiles, what was left out, where secrets and files are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.profiles.exchange.bundle import KIND as BUNDLE
from mtlsx.profiles.secrets import SecretPlace
from mtlsx_tui.profile_text import address, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtlsx.profiles.exchange.incoming import Batch
    from mtlsx.profiles.exchange.taking import Planned, Taken

_PLACES = {
    SecretPlace.KEYRING: "in the system's keyring",
    SecretPlace.FILE: "in a file that only its owner can read",
}


def import_report(
    file: str,
    batch: Batch,
    planned: Sequence[Planned],
    done: Sequence[Taken | None],
    *,
    dry_run: bool,
) -> str:
    """The profiles of one file as lines, each with what to know about it; ``done``: None where it was not saved."""
    count = "1 profile" if len(planned) == 1 else f"{len(planned)} profiles"
    lines = [f"{plain(file)}: {batch.kind}, {count}{', nothing saved' if dry_run else ''}"]
    lines += [f"  {plain(note)}" for note in batch.notes]
    sealed = batch.kind == BUNDLE
    for item, plan, taken in zip(batch.items, planned, done, strict=True):
        profile = plan.incoming.profile
        how = "replaces the one of this name" if plan.replaces else "new"
        if profile.name != item.profile.name:
            how = f'new name, for there is a "{item.profile.name}"'
        if plan.refused is not None:
            how = "not saved"
        lines.append(plain(f"  {profile.name}  {address(profile)}  {how}"))
        lines += [f"    {plain(sentence)}" for sentence in _sentences(plan, taken, sealed=sealed)]
    return "\n".join(lines) + "\n"


def _sentences(plan: Planned, taken: Taken | None, *, sealed: bool) -> list[str]:
    incoming = plan.incoming
    if plan.refused is not None:
        return [plan.refused]
    sentences = list(incoming.notes)
    if taken is None:
        held = {"password": incoming.password, "passphrase": incoming.passphrase}
        sentences += [f"{name}: would be stored." for name, secret in held.items() if secret]
        return sentences + [f"{file.setting}: comes along." for file in incoming.files]
    rest = "" if sealed else "; it still stands in the imported one"
    sentences += [f"{kind}: is now {_PLACES[place]}{rest}." for kind, place in taken.secrets]
    return sentences + [f"written: {path}" for path in taken.files]
