"""Words that follow `by`, `for`, `to` and `as` in the sentences of programs, and name nobody.

Owns the list. Unlike `everyday`, it counts only where a sentence is what tells of a name.
"""

from __future__ import annotations

NOUNS = frozenset(
    b"""
    a an the its his her their our your my it this that these those them each every any all both
    admin administrator administrators algorithm another api app applet application applications
    approval arguments assistant attacker audit authentication authority automation backend backup
    balance bash batch billing binary bootloader bot browser build builder cache caller carrier
    cert certbot certificate clamav cleaner cleanup client clients cloud cluster code command
    compiler config configuration connection console consumer container containers controller
    convention cron customer customers daemon database date day debian default defaults dependency
    deployment design device dhcp disk distribution dns docker domain driver editor engine error
    event exception factory failover field file files filter firewall flag force further garbage
    gateway git group groups hand handler hash healthcheck helper hook host hosts hour human id
    image index installer instance instead intent interface intruder invoker ip item java job jobs
    key kernel kill kubelet label language last launcher ldap level library license limit line link
    linux list listener loader local lock logind login logrotate mail maintainer maintainers manager
    manual master memory message method middleware migration module monitor month more most name
    network next node now nobody none number object oom operator orchestrator order origin others
    owner package packager page pam parent partner password path payment peer period pid pipeline
    plugin policy pool port postgres primary priority process processes producer project protocol
    proxy publisher puppet python query queue reason receiver record region registry release remote
    replica replication request requests resolver resource retention root rule rules runner sandbox
    scheduler schema script scripts sdk security sender sequence server servers service services
    session sessions setup shell signal size snapshot software solver some source spec staff stage
    status storage subscriber subsystem supplier supervisor support system systemctl systemd table
    task team template tenant test tests thread time timeout timer timestamp tool tools trigger type
    ubuntu unit update updater upgrade upstream user users uuid value vault vendor version visitor
    volume watchdog watcher web webhook week who worker workers year you zone
    accepting access account accounts active adding address addresses allowing amount applying
    authenticated automatic bad based being better calling cases change changes changing checking
    checks checkout children clarity closing compatibility completion connecting connections content
    control core creating credentials current data deleting deletion details development different
    document email emails endpoint entries entry environment eur events example existing expired
    export external fetching first free future getting given having heartbeat help here http https
    import incoming info information input inspection internal invoice items keys large later length
    loading log logging logs long longer lookup lookups mailbox main maintenance making managed
    messages missing mode model multiple mysql new no non not null object old only open operation
    operations option output own param parameter parsing part performance permission permissions pod
    pods private processing production product products prompt public publickey pubkey purposes
    reading redis reference refresh register renewal repository required response restart restore
    results retry review role roles rotation running safety same scan second seconds secret secrets
    sending serving set several share shutdown single site sites slot ssh ssl staging start startup
    state states stop storing string subject sudo sum superuser sync tag target tenants testing tls
    token tokens top tracking traffic transaction transactions transfer tty two unknown unused
    updates upload url usage use valid validation values various verification view visitors waiting
    warning which with without write writing
    """.split()
)
