"""Names that the whole world knows, and the endings that make a word with dots a host's name.

Owns the lists. Debian's mirror, a registry of packages or a cloud's endpoint tell nothing of the
customer, and support needs to see that it was that which could not be reached; they survive.
`example.com` (RFC 2606) is nobody's too, what stands before it in a name is replaced.
"""

from __future__ import annotations

# With all that stands before them.
PUBLIC = frozenset(
    b"""
    googleapis.com x.org lwn.net wordpress.org wordpress.com k3s.io office.com office365.com
    rabbitmq.com influxdata.com zabbix.com home-assistant.io
    istio.io linkerd.io cert-manager.io coreos.com fluxcd.io argoproj.io traefik.io cattle.io
    rancher.io openshift.io projectcalico.org cilium.io x-k8s.io opentelemetry.io grpc.io etcd.io
    containerd.io opencontainers.org spdx.org knative.dev tekton.dev goharbor.io min.io nats.io
    envoyproxy.io jaegertracing.io gopkg.in uber.org gorm.io mit.edu openpgp.org amazontrust.com
    pki.goog godaddy.com usertrust.com comodoca.com identrust.com android.com chromium.org
    webkit.org gnome.org kde.org videolan.org mitre.org cve.org owasp.org osgeo.org eclipse.org
    debian.org debian.net ubuntu.com launchpad.net canonical.com snapcraft.io centos.org
    fedoraproject.org rockylinux.org almalinux.org redhat.com opensuse.org suse.com
    alpinelinux.org archlinux.org kernel.org freedesktop.org gnu.org apache.org nginx.org
    nginx.com postgresql.org mysql.com mariadb.org mariadb.com redis.io mongodb.com mongodb.org
    elastic.co python.org pypi.org pythonhosted.org readthedocs.io npmjs.com npmjs.org nodejs.org
    yarnpkg.com rubygems.org ruby-lang.org crates.io rust-lang.org golang.org go.dev maven.org
    gradle.org oracle.com java.com openjdk.org php.net packagist.org perl.org cpan.org github.com
    github.io githubusercontent.com gitlab.com bitbucket.org sourceforge.net docker.com docker.io
    quay.io gcr.io ghcr.io k8s.io kubernetes.io helm.sh cncf.io hashicorp.com terraform.io
    letsencrypt.org lencr.org digicert.com sectigo.com globalsign.com verisign.com entrust.net
    mozilla.org mozilla.com google.com google.internal gstatic.com youtube.com microsoft.com
    msftconnecttest.com apple.com icloud.com cloudflare.com cloudflare-dns.com opendns.com
    quad9.net ntp.org pool.ntp.org time.aws.com nist.gov ietf.org w3.org w3c.org iana.org
    icann.org rfc-editor.org xmlsoap.org json-schema.org schema.org openid.net oasis-open.org
    opengis.net stackoverflow.com wikipedia.org prometheus.io grafana.com grafana.net sentry.io
    datadoghq.com newrelic.com slack.com stripe.com twilio.com jquery.com bootstrapcdn.com
    jsdelivr.net unpkg.com fontawesome.com systemd.io man7.org openssl.org openssh.com libssh.org
    sqlite.org curl.se haproxy.org squid-cache.org isc.org
    """.split()
)

# The customer's names stand before these, which stay; so do words of theirs that are no name.
SHARED = frozenset(
    b"""
    example.com example.net example.org ec2.internal compute.internal amazonaws.com
    amazonaws.com.cn aws.amazon.com cloudfront.net elasticbeanstalk.com azure.com azure.net
    azurewebsites.net windows.net cloudapp.net cloudapp.azure.com trafficmanager.net
    microsoftonline.com googleusercontent.com appspot.com run.app
    cloudfunctions.net c.internal cluster.local svc.cluster.local pod.cluster.local in-addr.arpa
    ip6.arpa nip.io sslip.io
    """.split()
)
SHARED_WORDS = frozenset(
    b"""
    autoscaling cloudwatch events secretsmanager route53 cloudformation apigateway kinesis firehose
    elasticache elasticloadbalancing ecr dkr glue athena states email email-smtp cognito-idp tagging
    config health pricing marketplace metering core graph portal dev
    www api s3 ec2 sts rds eks ecs iam sqs sns kms ssm logs monitoring lambda dynamodb elb
    execute-api compute compute-1 storage metadata oauth2 management login blob queue table file
    database vault servicebus svc pod default kube-system kubernetes dualstack cache
    """.split()
)

# Two labels are enough: nothing but a host's name ends so.
ENDINGS = frozenset(
    b"""
    com net org edu gov mil int biz local internal lan corp intra intranet localdomain private
    tld arpa example invalid eu de fr uk nl se fi dk es pt cz hu ro jp cn kr tw au nz ca us br mx
    ru ua ch ie lu gr tr za sg hk il
    """.split()
)
# Three are needed: of two, the second is as likely a method, a file's suffix or a property.
ENDINGS_OF_THREE = frozenset(
    b"""
    io ai co at it be no pl in me tv cc to is ly id my la ws fm info home test
    cloud dev site systems network host online tech app name pro zone group team world xyz space
    live services solutions digital agency global company center email software technology
    """.split()
)
# Packages of Java and its like begin so, and objects of programs.
NO_HOST_BEGINS = frozenset(
    b"""
    com org net io dev edu java javax jakarta kotlin scala sun jdk android akka spring os sys
    self this log logger logging console process config settings request response system window
    document module exports math json string object array
    """.split()
)


# Companies and mail services among the public: whoever has an address there is a person.
EMPLOYERS = frozenset(
    b"""
    google.com microsoft.com apple.com icloud.com oracle.com redhat.com suse.com slack.com
    stripe.com twilio.com cloudflare.com elastic.co mongodb.com canonical.com hashicorp.com
    docker.com grafana.com newrelic.com datadoghq.com mariadb.com mysql.com godaddy.com mit.edu
    """.split()
)
