"""Where everything stands: the paths of the design's section 3, under one root.

Owns path names. Refuses to touch any of them: a layout is a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TOOL_USER = "caretaker"


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one appliance below one root (`/` on a VM)."""

    root: Path
    app: str = ""

    @property
    def embedded(self) -> bool:
        """Below a root of its own nothing is the machine's; `/` is the machine."""
        return self.root != Path("/")

    # --- the tool ---
    @property
    def etc(self) -> Path:
        return self.root / "etc/caretaker"

    @property
    def manifest(self) -> Path:
        return self.etc / "appliance.toml"

    @property
    def settings(self) -> Path:
        return self.etc / "settings.toml"

    @property
    def state(self) -> Path:
        return self.root / "var/lib/caretaker"

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.db"

    @property
    def agent_state(self) -> Path:
        """The daemon's own state: its user's folder, where root never writes."""
        return self.state / "agent"

    @property
    def agent_ledger(self) -> Path:
        return self.agent_state / "ledger.db"

    @property
    def ledgers(self) -> tuple[Path, Path]:
        """Root's and the daemon's; readers see them as one."""
        return self.ledger, self.agent_ledger

    @property
    def history(self) -> Path:
        return self.agent_state / "history.db"

    @property
    def modes(self) -> Path:
        """Drain and maintenance, kept over restarts."""
        return self.agent_state / "modes.json"

    @property
    def run(self) -> Path:
        return self.root / "run/caretaker"

    @property
    def api_socket(self) -> Path:
        """The local API; in `run`, whose folder the daemon owns."""
        return self.run / "api.sock"

    @property
    def act_socket(self) -> Path:
        """Named acts for the root one-shot; systemd owns the socket."""
        return self.root / "run/caretaker-act.sock"

    @property
    def status(self) -> Path:
        return self.run / "status.json"

    @property
    def daemon_lock(self) -> Path:
        """Held by the running daemon: one a root."""
        return self.run / "daemon.lock"

    @property
    def setup_report(self) -> Path:
        return self.root / "run/caretaker-setup/setup.json"

    @property
    def first_start(self) -> Path:
        """There while setup starts the application for the first time on this machine."""
        return self.root / "run/caretaker-setup/first-start"

    @property
    def setup_lock(self) -> Path:
        return self.state / "setup.lock"

    @property
    def secrets_shown(self) -> Path:
        """Which secrets a person has been shown; of values only which file it was."""
        return self.state / "shown.json"

    @property
    def remedies(self) -> Path:
        """What remedies did and may still do: budgets, pauses, safe mode. Root's."""
        return self.state / "remedies.json"

    @property
    def remedies_lock(self) -> Path:
        """Held while a remedy acts: one at a time on a machine."""
        return self.state / "remedies.lock"

    @property
    def left_stopped(self) -> Path:
        """Services that kept failing and were left stopped. Root's, readable by all."""
        return self.root / "run/caretaker-remedies/left-stopped.json"

    @property
    def tasks(self) -> Path:
        """When each housekeeping task ran last, and how that ended. Root's."""
        return self.state / "tasks.json"

    @property
    def tasks_lock(self) -> Path:
        return self.state / "tasks.lock"

    @property
    def ages(self) -> Path:
        """What the clocks said when something last went by its age. Root's."""
        return self.state / "ages.json"

    @property
    def log_turns(self) -> Path:
        """When each log file was last rotated. Root's."""
        return self.state / "logs.json"

    @property
    def logrotate(self) -> Path:
        """What logrotate is told, and what it remembers. Root's."""
        return self.state / "logrotate"

    @property
    def samples(self) -> Path:
        """What the machine was doing, hour by hour, for support. Root's."""
        return self.state / "samples"

    @property
    def patches(self) -> Path:
        """Which updates of packages wait to be installed. Root's, readable by all."""
        return self.state / "patches.json"

    @property
    def change(self) -> Path:
        """The change that is under way, or how the last one ended. Root's, readable by all."""
        return self.state / "change.json"

    @property
    def change_request(self) -> Path:
        """What the next change is to do; may hold a password. Root's, 0600, gone at boot."""
        return self.root / "run/caretaker-change/request.json"

    @property
    def change_progress(self) -> Path:
        """How far it is, a line of JSON each time; whoever asked for it follows."""
        return self.root / "run/caretaker-change/progress.jsonl"

    @property
    def clones(self) -> Path:
        """How long the last clone of the data took, for forecasts. Root's, readable by all."""
        return self.state / "clones.json"

    @property
    def asked(self) -> Path:
        """Names of the settings that any release here asked for. Root's, readable by all."""
        return self.state / "asked.json"

    @property
    def keys(self) -> Path:
        """The vendor's root of trust: `root.json`, in the image."""
        return self.etc / "keys"

    @property
    def trust(self) -> Path:
        """What was verified last, so that nothing older is believed. Root's."""
        return self.state / "trust"

    @property
    def backups(self) -> Path:
        """Backups, where the manifest names no other place. Root's."""
        return self.state / "backups"

    @property
    def boots(self) -> Path:
        """Boots since the system was upgraded, and whether one of them was healthy. Root's."""
        return self.state / "boots.json"

    @property
    def os_run(self) -> Path:
        """What an upgrade of the system is asked, and how far it is. Root's, readable by all."""
        return self.root / "run/caretaker-os"

    @property
    def os_log(self) -> Path:
        """What the package manager said in the last upgrade of the system. Root's."""
        return self.state / "os-upgrade.log"

    @property
    def bundles(self) -> Path:
        """Support bundles, until somebody has fetched them. Root's."""
        return self.state / "bundles"

    @property
    def support_state(self) -> Path:
        """What never leaves with a bundle: the keys and the map of pseudonyms. Root's, 0700."""
        return self.state / "support"

    @property
    def support_lock(self) -> Path:
        """Held while a bundle is made. Not on the disk, which may be full. Root's."""
        return self.root / "run/caretaker-support.lock"

    @property
    def pseudonym_key(self) -> Path:
        """Turns names into pseudonyms, the same in each bundle; whoever has it can guess back."""
        return self.support_state / "pseudonym.key"

    @property
    def pseudonyms(self) -> Path:
        """Which pseudonym stands for what, for `support-bundle reveal`."""
        return self.support_state / "pseudonyms.db"

    @property
    def signing_key(self) -> Path:
        """Ed25519, made on this machine: signs the manifests of its bundles."""
        return self.support_state / "sign.key"

    @property
    def support_recipient(self) -> Path:
        """The vendor's public age keys, in the image: bundles are encrypted to them."""
        return self.keys / "support.age"

    @property
    def own_patterns(self) -> Path:
        """The customer's own `[hide.NAME]` tables."""
        return self.etc / "redact.toml"

    @property
    def tls_state(self) -> Path:
        """The newest time that was trusted, and when each pair was made. Root's."""
        return self.state / "tls.json"

    @property
    def acme(self) -> Path:
        """Our account with a public authority: its key, and what came of each order. Root's."""
        return self.state / "acme"

    @property
    def image(self) -> Path:
        """What the golden image was: files, packages, units, users, ports, sysctl."""
        return self.etc / "image.json"

    @property
    def drift_cache(self) -> Path:
        """Digests of files that were read before. Root's; without it everything is read."""
        return self.state / "drift.cache"

    @property
    def logs(self) -> Path:
        return self.root / "var/log/caretaker"

    @property
    def agent_log(self) -> Path:
        """What the daemon says where there is no journal."""
        return self.logs / "agent.log"

    # --- the application ---
    @property
    def opt(self) -> Path:
        return self.root / "opt" / self.app

    @property
    def releases(self) -> Path:
        return self.opt / "releases"

    @property
    def current(self) -> Path:
        return self.opt / "current"

    @property
    def config(self) -> Path:
        return self.root / "etc" / self.app

    @property
    def tls(self) -> Path:
        return self.config / "tls"

    @property
    def environments(self) -> Path:
        """Environment files with secrets, read by the service manager only."""
        return self.config / "env"

    @property
    def secrets(self) -> Path:
        return self.config / "secrets"

    @property
    def data_home(self) -> Path:
        return self.root / "var/lib" / self.app

    @property
    def generations(self) -> Path:
        return self.data_home / "generations"

    @property
    def deployments(self) -> Path:
        return self.data_home / "deployments"

    @property
    def active(self) -> Path:
        """The commit point: the link that names release and generation at once."""
        return self.data_home / "active"

    @property
    def data(self) -> Path:
        """What `{data}` means: the active deployment's generation."""
        return self.active / "state"

    @property
    def quarantine(self) -> Path:
        """Lock files put aside, on the file system of the data."""
        return self.data_home / "quarantine"

    @property
    def state_quarantine(self) -> Path:
        """The same, where the data has a disk of its own and the lock stands elsewhere."""
        return self.state / "quarantine"

    @property
    def run_quarantine(self) -> Path:
        """The same for locks in /run; gone at boot, as they are."""
        return self.root / "run/caretaker-quarantine"

    @property
    def app_run(self) -> Path:
        return self.root / "run" / self.app

    # --- the tool itself, on a VM ---
    @property
    def tool(self) -> Path:
        return self.root / "opt/caretaker"

    @property
    def units(self) -> Path:
        return self.root / "etc/systemd/system"

    def certificate(self, name: str) -> Path:
        """The folder with `cert.pem`, `key.pem`, `chain.pem`, `ca.pem` of a certificate."""
        return self.tls / name / "current"

    def placeholders(self) -> dict[str, str]:
        """What `{release}`, `{data}`, `{config}` and `{run}` stand for."""
        return {
            "release": str(self.current),
            "data": str(self.data),
            "config": str(self.config),
            "run": str(self.app_run),
        }
