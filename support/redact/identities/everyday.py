"""Words that are nobody's name: of services, programs, logs and English.

Owns the lists. A machine may be called `mail` and a person `mark`; still these words are replaced
nowhere, since paths, messages and programs consist of them, and they tell of nobody.
"""

from __future__ import annotations

import re

from support.redact.identities.english import COMMON

# Accounts of the system, of programs and of clouds' images; never a person's.
SYSTEM_USERS = frozenset(
    b"""
    root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats
    nobody systemd-network systemd-resolve systemd-timesync systemd-coredump systemd-journal
    systemd-oom systemd-bus-proxy messagebus sshd _apt _chrony chrony ntp ntpsec polkitd rtkit
    avahi avahi-autoipd dnsmasq usbmux pulse colord geoclue gdm lightdm saned tss uuidd tcpdump
    statd _rpc rpc rpcuser postgres mysql mariadb redis mongodb mongod nginx apache apache2 httpd
    haproxy varnish memcache memcached rabbitmq kafka zookeeper elasticsearch logstash kibana
    grafana prometheus node_exporter node-exporter alertmanager influxdb telegraf vault consul
    nomad etcd docker containerd kubelet git gitlab gitea jenkins tomcat solr cassandra neo4j
    couchdb minio puppet chef salt ansible zabbix nagios icinga netdata collectd bind named
    password passwd username login secret token unknown supervisor
    unbound postfix dovecot exim debian-exim vmail opendkim amavis clamav spamd ftp vsftpd
    proftpd tftp squid privoxy tor libvirt libvirt-qemu qemu kvm lxd ubuntu debian ec2-user
    centos fedora rocky almalinux opc azureuser vagrant cloud-user core admin administrator adm
    operator guest anonymous anon user users username test tester demo service svc app
    application web www api deploy deployer build builder ci runner worker agent monitor
    monitoring backup-user replicator replication repl readonly readwrite owner public superuser
    system sysadmin support info default none null unknown undefined nil true false self all any
    everyone nogroup staff wheel sudo shadow tty disk audio video plugdev netdev crontab syslog
    caretaker wazuh snmp debian-snmp nfsnobody halt shutdown sa dbo oracle db2inst1 informix sap
    hacluster pcp cockpit-ws setroubleshoot stapunpriv landscape pollinate fwupd-refresh lxc
    dhcpcd dhcpd radvd ldap openldap slapd sssd nslcd ident identd mailman www-run wwwrun uwsgi
    gunicorn celery airflow spark hadoop hdfs yarn hive presto trino superset keycloak nexus
    sonar sonarqube odoo wordpress drupal joomla moodle nextcloud owncloud mattermost discourse
    redmine plex emby pi dietpi raspberry oem installer liveuser toor bitnami www-user webmaster
    postmaster hostmaster abuse noc security noreply no-reply mailer-daemon root@localhost
    """.split()
)

# What stands where a host's name may stand, and is none.
_SERVICES = frozenset(
    b"""
    localhost localdomain localhost4 localhost6 ip6-localhost ip6-loopback ip6-allnodes
    broadcasthost loopback db database cache queue broker backend frontend front back web
    webserver www app apps application api gateway proxy reverse balancer loadbalancer lb server
    servers client clients master slave primary secondary standby replica leader follower main
    node nodes worker workers host hosts hostname machine peer peers upstream downstream origin
    target source remote local mail smtp imap pop pop3 mx ns ns1 ns2 dns ntp time ldap kdc vpn
    ftp sftp ssh git svn ci cd build test tests testing stage staging prod production dev devel
    development demo sandbox qa uat live files file static assets media images img cdn docs doc
    wiki blog shop store help support status metrics metric logs log logging monitor monitoring
    alerts grafana prometheus kibana elastic elasticsearch opensearch logstash fluentd loki
    jaeger zipkin tempo sentry vault consul nomad etcd redis memcached postgres postgresql
    pgbouncer pgpool mysql mariadb mongo mongodb cassandra kafka rabbitmq nats zookeeper minio
    nginx apache apache2 httpd haproxy traefik envoy varnish squid gunicorn uvicorn waitress
    werkzeug jetty tomcat lighttpd caddy openresty cloudflare cloudfront registry mirror repo
    nexus artifactory jenkins gitlab github gitea harbor keycloak auth sso login kubernetes kube
    docker podman containerd swarm cluster service services svc default public private internal
    external any all none null nil undefined unknown self true false yes no on off auto tcp udp
    unix http https ws wss amqp port socket address addr name value string example sample foo bar
    router switch firewall printer desktop laptop kernel system systemd init linux debian ubuntu
    centos fedora redhat alpine arch windows darwin macos android iphone info warn warning error
    otel collector exporter scheduler controller manager operator pushgateway identity keycloak
    rabbit memcache sidecar agent executor dispatcher processor importer indexer mailer mailhog
    notifier renderer exporter query search engine store router hub core edge svc srv replicas
    amd64 arm64 armhf armel i386 i686 x86_64 aarch64 noarch riscv64 ppc64el s390x
    debug trace notice fatal critical crit emerg alert err verbose start stop started stopped readme
    """.split()
)

# What we call files, keys and units ourselves: a machine may well be called `appliance`. Then who
# acts in the ledger, and the states of systemd's units, which stand under `actor` and `sub`.
_OURS = frozenset(
    b"""
    appliance analysis analyser backup backups bundle bundles case certificate certificates changes
    check checks clock cloud collect collector collectors configuration consent crashes cron
    deployment deployments disks environment evidence generation generations golden guest hourly
    hypervisor identity installed journal ledger limits listen look manifest memory migrations
    networks packages patches payload pseudonym reboot redact redactor releases remedies remedy
    report rescue samples security settings setup summary task tasks timeline uid gid verdict vm
    vms virtual tty2-tty6
    schedule scheduled timer daemon boot person housekeeping maintenance upgrade rollback restore
    running dead exited mounted plugged listening waiting elapsed auto-restart start-pre start-post
    final-sigterm final-sigkill stop-sigterm stop-sigkill stop-post activating deactivating
    reloading mounting unmounting tentative condition loaded not-found masked
    """.split()
)

_ENGLISH = frozenset(
    b"""
    about access account action active actor added address after again agent allow allowed also
    always answer array arrow async author aware basic batch begin being block board boot bound
    branch break bridge brown bucket buffer build built bytes cancel case catch chain change
    channel check child chunk class clean clear click clock clone close closed cloud code color
    column command comment commit config connect connection content context control cookie copy
    core count create created current custom daily data date debug delay delete denied deny depth
    device digest direct disk domain done down drive driver drop during early edge edit email
    empty enable end enter entry epoch event every exact exit expired export extra fail failed
    failure false fast fetch field filter final find first flag float flow flush folder force
    fork form format found frame free from full function future general global good grace grant
    graph green group guard hard hash head header health heart hello here high history home hook
    hour house idle image import inbox index inner input install instance interface invalid
    invite issue item iter job join json jump keep kill kind king label large last late layer
    lease least leave left legacy level light limit line link list listen little load lock long
    loop lost lower mark mask match merge message method might miles minor mirror missing mobile
    mode model module more most mount move multi must native never next nice night normal note
    null number object offline offset once online only open option order other outer output over
    owner pack page paid panel parent park parse part partial pass patch path pause peak pending
    period phase ping pipe pool port post power prepare present press price print prior priority
    process product profile program progress project prompt proof provider pull pulse push query
    queue quick quiet quit quota rate ready real reason receive record region reject release
    reload report request reset resolve resource response rest restart result resume retry return
    review right ring role roll root route rule running safe sample save scale scan scope score
    script search second section secure select send sent sequence series session setup shape
    share shell shift short show side sign signal silver simple single site size skip slave sleep
    slot slow small smart snapshot soft sort space span spawn speed split stack stage standard
    state step still stop storage stream string strong study style success summer super sure swap
    sync table task team temp template term text thread ticket tier timeout title today token
    tool total touch track trade traffic train transfer tree trigger trust turn type under undo
    union unique unit unix unlock until update upload upper usage valid value vector verify
    version very view visit void volume wait wake wall warm watch water week weight well west
    wide widget will window winter with word work world would write yellow yield young zero zone
    admin alpha beta gamma delta omega rc java python ruby perl node rust golang php bash dash
    fish rose sunny grace hope faith joy dawn may june april august frank bill jack mark pat rob
    art ray
    """.split()
)

EVERYDAY = COMMON | _SERVICES | _OURS | _ENGLISH | SYSTEM_USERS

# Devices, standards and versions: with a digit, and still nobody's.
TECHNICAL = re.compile(
    rb"(?:eth|en[ops]\d*|wlan|wlp|lo|sd[a-z]|nvme|vd[a-z]|xvd[a-z]|tty|pts|md|dm|loop|sr|sha|utf|ipv"
    rb"|ip|x|tls|ssl|http|https|h|v|ver|rc|log4j|py|python|node\.?js|java|jdk|php|gcc|lib[a-z]+|k"
    rb"|oauth|base|i|l|arm|armv|aarch|amd|cpu|gpu|veth|br|docker|bond|tun|tap|wg|thread|shard|pool"
    rb"|job|task|step|part|phase|s|ec|ext|xfs|zstd|lz|bz|gzip|p|q|t|n|imap|pop|smtp|utf)-?\d+"
    rb"[a-z]?\d*|(?:us|eu|ap|sa|ca|me|af)-[a-z]+-\d[a-z]?|[0-9a-f]{12,}|\d+[a-z]{1,3}"
)
