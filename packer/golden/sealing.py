"""Provenance, signatures and the marketplaces' packages: what turns files into something to ship.

Owns what is signed: every artefact, and the build record last. Refuses to sign without the key that
was named, and a marketplace package that its own rules would refuse.
"""

from __future__ import annotations

from agent.errors import RefusedError
from agent.host import files
from packer.golden import digests, recording, wheels
from packer.golden.build import Build
from packer.marketplace import checking, writing
from packer.marketplace.declared import with_listing
from packer.marketplace.product import product_of
from packer.signing import dependencies, provenance
from packer.signing.blob import sign_file


def marketplace(build: Build) -> str:
    """Templates, forms and modules for three clouds, judged. Raises CaretakerError."""
    folder = build.places.out / "marketplace"
    record = recording.of(build, "done")
    written = writing.write(build.manifest, record, folder, beside=build.places.appliance)
    found = checking.errors(checking.check(folder))
    # Words of a listing are filled in when it is sold; a template must be right in any case.
    wrong = [each for each in found if not each.rule.startswith("LIST-")]
    if len(found) > len(wrong):
        build.told.note(f"the listing is not finished: caretaker marketplace check {folder}")
    if wrong:
        first = wrong[0]
        raise RefusedError("listing-invalid",
                           f"{first.file} {first.place}: {first.words} ({len(wrong)} in all)",
                           hint=first.cure)  # fmt: skip
    for path in written:
        build.keep("listing", path, digests.of_file(path))
    return f"{len(written)} files for three clouds"


def look_ahead(build: Build) -> None:
    """What no package can carry, and pictures that are not there, before minutes are spent on an
    image. Raises CaretakerError."""
    folder = build.places.appliance
    product = product_of(with_listing(build.manifest, folder))
    writing.contents(product, writing.pictures(product, folder))


def prove(build: Build) -> str:
    """SLSA provenance, signed; skipped without a key. Raises CaretakerError, FileFailure."""
    if build.signer is None:
        return ""
    packages = list(dependencies.of_wheels(wheels.bring(build)))
    if build.parts is not None:
        packages = [*dependencies.of_parts(build.parts), *packages]
    path = build.places.out / f"{build.stem}.intoto.json"
    record = recording.of(build, "done")
    files.replace(path, provenance.statement(record, build.signer, packages))
    build.keep("provenance", path, digests.of_file(path))
    return f"SLSA v1, {len(packages)} packages and wheels"


def sign(build: Build) -> str:
    """A signature beside every artefact; skipped without a key. Raises CaretakerError."""
    if build.signer is None:
        return ""
    for name in build.artefacts:
        sign_file(build.places.out / name, build.signer)
    return f"{len(build.artefacts)} signatures"
