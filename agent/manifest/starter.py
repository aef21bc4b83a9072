"""The manifest that `caretaker init` writes: short, commented, right as it stands.

Owns its text. Refuses questions: what must be changed says so in a comment.
"""

STARTER = """\
# The appliance, declared once. Every key: caretaker manifest explain
# Is it right?  caretaker manifest check appliance.toml
format = 1

[appliance]
name = "myapp"                # folders, users and units carry it
version = "1.0.0"             # the application's version
title = "My Application"
# support = "https://support.example.com"

[release]
payload = "payload"           # folder beside this file; it becomes {release}
# build = ["./fetch-payload"] # fills that folder when the image is built, never at first boot

[services.web]
command = ["{release}/bin/server", "--data", "{data}", "--port", "8080"]
ports = [8080]
# environment = { API_KEY = "{secret:api-key}" }

[checks.web]
type = "http"
url = "http://127.0.0.1:8080/"
every = "5s"

[checks.disk]
type = "disk"                 # of {data}; warns at 85 %, fails at 95 %
every = "30s"

# [secrets.api-key]           # made on each instance, stored 0600, never in the image
# title = "API key"
# show = true                 # once, at the end of setup

# [certificates.main]         # {certificate:main}/cert.pem and key.pem
# services = ["web"]          # reloaded when it changes

# [settings.region]           # a question to the customer
# title = "Region of the backup store"
# default = "eu-central-1"
"""
