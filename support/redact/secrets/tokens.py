"""Tokens whose issuers gave them a form of their own, so that no key name is needed.

Owns the forms, as their issuers publish them. Refuses to guess: what has no prefix, length and
alphabet of its own is found by its key's name or its place elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from support.redact.rule import LineRule
from support.redact.span import MARK, Span

UUID = rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A token may follow an escaped line end or a percent escape, whose last letter is not its own.
_BEFORE = rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))"


class Form(NamedTuple):
    """`body` matches the token; where it has a group, that alone is the secret."""

    code: str
    title: str
    bodies: tuple[bytes, ...]


FORMS = (
    Form(
        "github-token",
        "GitHub and GitLab tokens",
        (
            rb"gh[pousr]_[A-Za-z0-9]{30,255}",
            rb"github_pat_[A-Za-z0-9_]{22,255}",
            rb"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|oas|ffct|wt)-[A-Za-z0-9_.-]{18,300}",
            rb"GR1348941[A-Za-z0-9_-]{20}",
        ),
    ),
    Form(
        "aws-key",
        "AWS access key ids and session tokens",
        (
            rb"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
            rb"(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+=%]{60,4000}",
            rb"ABSK[A-Za-z0-9+/]{100,300}={0,2}",
        ),
    ),
    Form(
        "aws-secret-key",
        "AWS secret keys beside their ids",
        (rb"(?:AKIA|ASIA)[A-Z0-9]{16}[\"']?[,:;| \t]{1,3}[\"']?([A-Za-z0-9/+]{40})",),
    ),
    Form(
        "google-key",
        "Google API keys, OAuth tokens and client secrets",
        (
            rb"AIza[0-9A-Za-z_-]{33,45}",
            rb"ya29\.[0-9A-Za-z_-]{20,2000}",
            rb"GOCSPX-[0-9A-Za-z_-]{24,40}",
            rb"1//0[0-9A-Za-z_-]{30,200}",
        ),
    ),
    Form(
        "chat-token",
        "Slack, Discord, Telegram tokens and webhooks",
        (
            rb"xox[abceoprs]-[0-9A-Za-z%-]{10,400}",
            rb"xoxe\.xox[bp]-[0-9A-Za-z-]{20,400}",
            rb"xapp-\d-[0-9A-Za-z-]{20,400}",
            rb"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/([0-9A-Za-z/_-]{20,200})",
            rb"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/([\w-]{20,120})",
            rb"webhook\.office\.com/webhookb2/([0-9A-Za-z@/_-]{36,400})",
            rb"hooks\.zapier\.com/hooks/catch/([0-9A-Za-z/]{8,80})",
            rb"chat\.googleapis\.com/v1/spaces/[\w-]{1,40}/messages\?(key=[\w&=%-]{20,300})",
            rb"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",
            rb"(?:bot)?(\d{8,10}:AA[0-9A-Za-z_-]{32,35})",
        ),
    ),
    Form(
        "payment-key",
        "Stripe, Square, Shopify, PayPal, Plaid and the like",
        (
            rb"[sr]k_(?:live|test|prod)_[0-9A-Za-z]{14,247}",
            rb"whsec_[0-9A-Za-z+/=]{20,100}",
            rb"shp(?:at|ca|pa|ss|ua)_[0-9A-Fa-f]{32}",
            rb"sq0(?:atp|csp|idp)-[\w-]{22,60}",
            rb"EAAA[\w-]{60}(?![\w/+=])",
            rb"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
            rb"access-(?:sandbox|development|production)-" + UUID,
            rb"rzp_(?:live|test)_[0-9A-Za-z]{14}",
            rb"FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,32}",
            rb"EZ[AT]K[0-9A-Za-z]{54}",
        ),
    ),
    Form(
        "mail-key",
        "Twilio, SendGrid, Mailgun, Mailchimp, Brevo, Resend",
        (
            rb"SK[0-9a-f]{32}",
            rb"SG\.[\w-]{16,32}\.[\w-]{16,64}",
            rb"(?<![-_.])key-[0-9a-f]{32}",
            rb"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}",
            rb"[0-9a-f]{32}-us\d{1,2}",
            rb"x(?:keysib|smtpsib)-[0-9a-f]{64}-[0-9A-Za-z]{16}",
            rb"re_[0-9A-Za-z]{8}_[0-9A-Za-z]{20,32}",
        ),
    ),
    Form(
        "registry-token",
        "npm, PyPI, Docker, RubyGems, crates.io, NuGet, Clojars, JFrog",
        (
            rb"npm_[0-9A-Za-z]{30,40}",
            rb"pypi-[0-9A-Za-z_-]{40,400}",
            rb"dckr_(?:pat|oat)_[\w-]{20,60}",
            rb"rubygems_[0-9a-f]{40,64}",
            rb"cio[0-9A-Za-z]{32}",
            rb"oy2[a-z0-9]{43}",
            rb"CLOJARS_[0-9a-z]{60}",
            rb"AKCp[0-9A-Za-z]{60,80}",
            rb"cmVmdGtu[0-9A-Za-z]{50,64}",
        ),
    ),
    Form(
        "cloud-token",
        "DigitalOcean, Databricks, Azure, Alibaba, Heroku, Fly, Supabase and other clouds",
        (
            rb"do[opr]_v1_[0-9a-f]{40,64}",
            rb"dapi[0-9a-f]{32}(?:-\d)?",
            rb"[\w~.-]{3}\dQ~[\w~.-]{31,34}",
            rb"[0-9A-Za-z+/]{76}\+ASt[0-9A-Za-z+/]{6}==",
            rb"[0-9A-Za-z+/]{42,44}(?:AzSe|AzFu|ACDb|AzCa|AzSeD)[0-9A-Za-z+/]{4,8}={0,2}",
            rb"[0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4}",
            rb"LTAI[0-9A-Za-z]{12,24}",
            rb"AKID[0-9A-Za-z]{32,36}",
            rb"HRKU-[\w-]{36,80}",
            rb"fo1_[\w-]{40,50}",
            rb"fm[12][ar]?_[0-9A-Za-z+/=,_]{50,2000}",
            rb"sbp_(?:v0_)?[0-9a-f]{40}",
            rb"sb_secret_[\w-]{20,60}",
            rb"vc[apkis]_[0-9A-Za-z]{24,80}",
            rb"pscale_(?:tkn|pw|oauth)_[\w.-]{30,70}",
            rb"napi_[0-9a-z]{50,80}",
            rb"nf[pcoub]_[0-9A-Za-z]{36,44}",
            rb"rnd_[0-9A-Za-z]{28,40}",
            rb"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}",
            rb"pul-[0-9a-f]{40}",
            rb"SCW[A-Z0-9]{17}",
            rb"tskey-(?:[a-z]+-)?[0-9A-Za-z]{8,40}(?:-[0-9A-Za-z]{16,64})?",
        ),
    ),
    Form(
        "vault-token",
        "Hashicorp Vault and Terraform, Doppler, 1Password, age",
        (
            rb"hv[sbr]\.[\w-]{20,400}",
            rb"[sb]\.(?=[a-zA-Z]{0,23}\d)(?=[a-z\d]{0,23}[A-Z])[0-9A-Za-z]{24}(?![\w.])",
            rb"[0-9A-Za-z]{14}\.atlasv1\.[\w-]{50,80}",
            rb"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{20,80}",
            rb"ops_eyJ[0-9A-Za-z+/=_-]{100,3000}",
            rb"A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}",
            rb"AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,20})-1[A-Z0-9]{40,200}",
        ),
    ),
    Form(
        "ai-key",
        "OpenAI, Anthropic, Hugging Face and other model hosts",
        (
            rb"sk-(?:ant|proj|svcacct|admin|or|lf|None)-[\w-]{16,300}",
            rb"sk-[0-9A-Za-z]{20,100}",
            rb"hf_[0-9A-Za-z]{30,50}",
            rb"api_org_[0-9A-Za-z]{30,40}",
            rb"gsk_[0-9A-Za-z]{40,60}",
            rb"xai-[0-9A-Za-z]{60,100}",
            rb"pplx-[0-9A-Za-z]{40,64}",
            rb"r8_[0-9A-Za-z]{37,40}",
        ),
    ),
    Form(
        "work-token",
        "Atlassian, Linear, Notion, Airtable, Figma, Asana, Postman, Dropbox, Okta",
        (
            rb"AT(?:ATT|CTT)3[\w=+/-]{40,400}",
            rb"ATBB[0-9A-Za-z]{20,40}",
            rb"BBDC-[0-9A-Za-z+/]{40,60}",
            rb"lin_(?:api|oauth)_[0-9A-Za-z]{32,80}",
            rb"secret_[0-9A-Za-z]{43}",
            rb"ntn_[0-9A-Za-z]{40,60}",
            rb"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}",
            rb"fig[dou]_[\w-]{36,60}",
            rb"PMAK-[0-9a-f]{24}(?:-[0-9a-f]{34})?",
            rb"sl\.[\w-]{60,1500}",
            rb"SSWS (00[\w-]{30,60})",
            rb"CFPAT-[\w-]{40,50}",
            rb"dG9rO[0-9A-Za-z+/]{40,100}={0,2}",
        ),
    ),
    Form(
        "watch-token",
        "Grafana, Sentry, New Relic, Dynatrace, Honeycomb, Axiom, LaunchDarkly, builds",
        (
            rb"glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}",
            rb"glc_[0-9A-Za-z+/]{32,400}={0,2}",
            rb"eyJrIjoi[0-9A-Za-z+/]{40,400}={0,2}",
            rb"sntry[su]_[0-9A-Za-z+/=_-]{40,400}",
            rb"https?://([0-9a-f]{32}(?::[0-9a-f]{32})?)@",
            rb"NR(?:AK|II|JS|RA|IQ|SP)-[0-9A-Za-z-]{17,60}",
            rb"[0-9a-f]{36}NRAL",
            rb"dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}",
            rb"hc[abcdxyz][il]k_[0-9a-z]{50,70}",
            rb"xa(?:at|pt)-" + UUID,
            rb"sdk-" + UUID,
            rb"bk(?:ua|pt|at|ct)_[0-9a-f]{36,44}",
            rb"CCI(?:PAT|PRJ)_[0-9A-Za-z_]{30,80}",
            rb"sq[pau]_[0-9a-f]{40}",
            rb"sgp_(?:[0-9a-f]{16}_|local_)?[0-9a-f]{40}",
            rb"ddp?_[0-9A-Za-z]{32,44}",
        ),
    ),
)


# JOSE in its compact form begins with the base64 of `{"`. It has no bound on its length, so it must
# not begin within a run of its own letters: else a hostile line takes quadratic time.
_JWT = re.compile(
    rb"(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2}))eyJ"
    rb"(?:[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){1,4}"
    rb"|(?:hbGci|0eXAi|raWQi|lbmMi|4NXQi|jdHki|jcml0|6aXAi)[A-Za-z0-9_-]{12,}+)"
)


def _finder(form: Form) -> Callable[[bytes], Iterable[Span]]:
    found = re.compile(_BEFORE + b"(?:" + b"|".join(form.bodies) + b")")

    def find(line: bytes) -> Iterable[Span]:
        for match in found.finditer(line):
            group = match.lastindex or 0
            if MARK not in match.group(group):
                yield Span(match.start(group), match.end(group), form.code)

    return find


def _jwt(line: bytes) -> Iterable[Span]:
    for match in _JWT.finditer(line):
        yield Span(match.start(), match.end(), "jwt")


_BOUNDS = re.compile(rb"\{([1-9]\d*),\d*\}\)?\Z")
_AROUND = re.compile(rb"\(\?<?[=!][^()]*\)")


# What begins with a run of any letters is looked for by what is rare in it.
_LATER = {
    rb"[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}": (
        rb"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}"
    ),
    rb"[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}": rb"-[0-9a-f]{8}-[0-9a-f]{8}",
}


def _trigger(body: bytes) -> bytes:
    """The form without look-around, and at its end without more of a run than it must have."""
    if body in _LATER:
        return _LATER[body]
    short = _AROUND.sub(b"", body)
    last = _BOUNDS.search(short)
    if last is None:
        return short
    return short[: last.start()] + b"{%b}" % last.group(1) + b")" * last.group().endswith(b")")


RULES = (
    *(
        LineRule(one.code, one.title, tuple(_trigger(body) for body in one.bodies), _finder(one))
        for one in FORMS
    ),
    LineRule("jwt", "JSON web tokens", (rb"eyJ[A-Za-z0-9_-]{8}",), _jwt),
)
