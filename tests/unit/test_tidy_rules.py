"""A manifest may not have its data, or the system, purged; nor quote its way into logrotate."""

import pytest

from agent.errors import ManifestError
from agent.manifest.reader import parse

HEAD = '[appliance]\nname = "shop"\nversion = "1"\n[secrets.key]\n'


def purge(path: str) -> str:
    return f'[purge.tmp]\npath = "{path}"\nolder_than = "1d"\n'


@pytest.mark.parametrize("path", ["{data}/tmp", "{run}/spool", "/var/lib/x/tmp", "/srv/x/tmp"])
def test_a_folder_of_waste_may_be_purged(path: str) -> None:
    assert parse(HEAD + purge(path)).purge["tmp"].path == path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(
            (purge(path), "more than waste")
            for path in ("{data}", "{data}/", "{run}", "{config}/x", "{release}/x", "/var/lib",
                         "/usr/share/x", "/etc/shop/x", "/root/x", "/srv")
        ),
        (purge("/tmp/x"), "each unit has for itself"),
        (purge("/var/tmp"), "each unit has for itself"),
        (purge("{data}/../x"), "goes up"),
        ("[logs.a]\nfiles = ['/var/log/a\"b.log']\n", "without quotes"),
        ('[logs.a]\nfiles = ["/var/log/a\\nb.log"]\n', "without quotes"),
        ('[logs.a]\nfiles = ["/var/log/"]\n', "must name files"),
        ('[housekeeping]\nvacuum = ["{secret:key}"]\n', "every user can read"),
        ('[housekeeping]\nvacuum = ["x"]\nvacuum_user = "A B"\n', "is no vacuum_user's name"),
    ],
)  # fmt: skip
def test_what_may_not_be_is_told(text: str, words: str) -> None:
    with pytest.raises(ManifestError, match=words):
        parse(HEAD + text)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/shadow", "/etc/caretaker/appliance.toml", "/etc/systemd/system", "/root/x"),
        *("/var/lib/caretaker", "/var/lib/dpkg/info", "/opt/caretaker/venv", "/etc/sudoers.d/x"),
    ],
)
def test_what_makes_root_of_its_owner_is_given_to_nobody(path: str) -> None:
    with pytest.raises(ManifestError, match="belongs to the system"):
        parse(f'{HEAD}[paths.a]\npath = "{path}"\n')
    with pytest.raises(ManifestError, match="more than waste"):
        parse(HEAD + purge(path))
    with pytest.raises(ManifestError, match="belong to the system"):
        parse(f'{HEAD}[logs.a]\nfiles = ["{path}/*"]\n')


@pytest.mark.parametrize("kept", ["", "/generations", "/generations/1", "/deployments", "/active"])
def test_copies_of_data_are_no_waste_by_whatever_name(kept: str) -> None:
    app = parse(HEAD).appliance.name
    for path in (f"/var/lib/{app}{kept}", f"/opt/{app}{kept}"):
        with pytest.raises(ManifestError, match="more than waste"):
            parse(HEAD + purge(path))
