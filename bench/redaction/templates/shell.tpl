=== root/.bash_history | history | 3
«=ls -la /etc/ledgerly»
mysql -u root -p«s:command:pw» ledger
mysqldump --user=backup --password=«s:command:pw» --single-transaction ledger > /tmp/l.sql
PGPASSWORD=«s:command:pw» psql -h «i:host:db1» -U ledgerly_rw ledgerly
curl -u admin:«s:command:pw» https://«i:host:app1»/api/health
curl -H 'Authorization: Bearer «s:command:b32url»' https://«?api.ledgerly.io»/v1/me
curl -s --header "X-Vault-Token: «s:command:vault»" https://«?vault.int.calder.io»/v1/sys/health
«=git checkout -b fix/token-refresh»
git clone https://ci:«s:command:gitlab»@«?git.int.calder.io»/ledgerly/app.git
sshpass -p '«s:command:odd»' ssh «i:user:op1»@«i:ip4:app2»
docker login -u deploy -p «s:command:pw» «?registry.ledgerly.io»
redis-cli -h «i:host:cache1» -a «s:command:pw» info
export AWS_SECRET_ACCESS_KEY=«s:command:awskey»
openssl pkcs12 -export -in cert.pem -inkey key.pem -passout pass:«s:command:pw» -out «=bundle.p12»
openssl enc -aes-256-cbc -k «s:command:pw» -in a -out b
«=openssl x509 -in cert.pem -noout -fingerprint -sha256»
echo '«s:command:human»' | sudo -S systemctl restart ledgerly
echo "«i:user:op2»:«s:command:pw»" | chpasswd
useradd -m -p '«s:command:sha512crypt»' «i:user:op2»
htpasswd -b /etc/nginx/htpasswd «i:user:op1» «s:command:pw»
«=tail -f /var/log/ledgerly/app.log»
kubectl create secret generic db --from-literal=password=«s:command:pw» --namespace billing
ldapsearch -x -D cn=admin,dc=norrby -w «s:command:pw» -H ldap://«i:host:ldap1» -b dc=norrby
«=mkdir -p /srv/data»
«=ps aux | grep -i token»
=== root/.zsh_history | history | 2
: 1699172345:0;«=cd /opt/mosaic»
: 1699172346:0;mosaicctl login --user admin --password «s:command:pw»
: 1699172347:0;mongosh "mongodb://root:«s:command:pw»@«i:host:db2»:27017/admin"
: 1699172348:0;az login --service-principal -u 4f1c -p «s:command:b32url» --tenant norrby
: 1699172349:0;vault login «s:command:vault»
: 1699172350:0;restic -r s3:«?s3.norrby.com»/b --password-command "echo «s:command:pw»" snapshots
: 1699172351:0;RESTIC_PASSWORD=«s:command:pw» restic «=backup /srv»
: 1699172352:0;rabbitmqctl add_user worker «s:command:pw»
: 1699172353:0;rabbitmqctl change_password worker '«s:command:odd»'
: 1699172354:0;«=ssh-keygen -t ed25519 -f ~/.ssh/id»
: 1699172355:0;wget --http-user=«?jo» --http-password=«s:command:pw» https://«?files.int.calder.io»/a.tgz
: 1699172356:0;smbclient //«i:host:files1»/share -U 'jo%«s:command:pw»'
: 1699172357:0;mount -t cifs -o username=«?jo»,password=«s:command:pw» //«i:host:files1»/share /mnt
: 1699172358:0;snmpwalk -v2c -c «s:command:pw» «i:ip4:sw1» «=1.3.6.1.2.1.1»
: 1699172359:0;ipmitool -I lanplus -H «i:ip4:bmc1» -U admin -P «s:command:pw» chassis status
: 1699172360:0;sqlcmd -S «i:host:db2» -U sa -P '«s:command:odd»' -Q "select 1"
: 1699172361:0;«=git rebase -i HEAD~3»
: 1699172362:0;gh auth login --with-token <<< «s:command:github»
: 1699172363:0;npm config set //registry.npmjs.org/:_authToken «s:command:npm»
: 1699172364:0;«=kubectl get secrets -n billing»
=== proc/ps.txt | ps | 2
USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
«=root           1  0.0  0.1 168000 11000 ?        Ss   Nov01   0:09 /sbin/init»
postgres     611  0.0  0.8 216000 29000 ?        Ss   Nov01   1:02 postgres: 15/main: ledgerly_rw ledgerly «i:ip4:app1»(51422) idle
ledgerly     881  1.2  3.1 480000 98000 ?        Sl   Nov01  31:20 /opt/ledgerly/bin/web --bind 0.0.0.0:8000 --db-password «s:command:pw» «=--token-ttl 3600»
ledgerly     882  0.2  1.1 380000 48000 ?        Sl   Nov01   3:20 celery worker -b amqp://worker:«s:command:pw»@«i:host:queue1»//
mosaic       901  4.0  9.1 980000 98000 ?        Sl   Nov01  61:20 java -Xmx2g -Dmosaic.db.password=«s:command:pw» «=-Dmosaic.password.policy=strict» -jar mosaic.jar
nobody       955  0.0  0.1  18000  8000 ?        S    Nov01   0:20 «=prometheus-node-exporter --web.listen-address=:9100»
backup      1021  0.0  0.1  18000  8000 ?        S    Nov01   0:00 /bin/sh -c mysqldump -ubackup -p'«s:command:pw»' app | gzip
root        1030  0.0  0.1  18000  8000 ?        S    Nov01   0:00 openvpn --auth-user-pass /etc/openvpn/auth.txt
root        1031  0.0  0.1  18000  8000 ?        S    Nov01   0:00 redis-server *:6379 --requirepass «s:command:pw»
=== etc/cron.d/ledgerly | cron | 2
«=SHELL=/bin/bash»
MAILTO=«i:mail:admin»
BACKUP_PASSPHRASE=«s:env:pw»
«=17 3 * * * root /usr/local/bin/rotate --keep 7»
0 4 * * * root curl -fsS -X POST -H "Authorization: Token «s:command:hex40»" https://«?hooks.ledgerly.io»/nightly
30 4 * * 0 backup duplicity --encrypt-key 4F1C21 /srv sftp://backup:«s:command:pw»@«i:host:files1»//srv
45 * * * * ledgerly /opt/ledgerly/bin/sync --api-key=«s:command:hex32» «=--key-file /etc/ledgerly/sync.pem»
=== usr/local/bin/backup.sh | shell | 3
#!/bin/bash
«=set -euo pipefail»
DB_PASS="«s:env:pw»"
«=KEEP_DAYS=14»
export RESTIC_PASSWORD='«s:env:odd»'
: "${TOKEN:=«s:env:b32url»}"
mysqldump -u backup -p"$DB_PASS" ledger
«=test -n "$PASSWORD" || exit 1»
«=read -r -s -p "Password: " answer»
curl --user "jo:«s:command:pw»" -T dump.gz ftp://«i:host:files1»/
gpg --batch --passphrase '«s:command:phrase»' -c dump.gz
az storage blob upload --account-name ledgerly --account-key «s:command:azurekey» -f dump.gz
«=KEY_COUNT=$(ls keys | wc -l)»
cat <<EOF > /etc/ledgerly/db.ini
[db]
password=«s:env:pw»
«=port=5432»
EOF
=== root/terraform-run.txt | terminal | 2
$ terraform apply -var 'db_password=«s:command:pw»' «=-auto-approve»
  + resource "random_password" "db" {
      «=+ length      = 24»
      + result      = (sensitive value)
    }
«=Apply complete! Resources: 3 added, 0 changed, 0 destroyed.»
$ vault kv get secret/ledgerly
====== Data ======
Key         Value
---         -----
password    «s:log:pw»
«=username    ledgerly_rw»
$ aws sts get-session-token
{
    "Credentials": {
        "AccessKeyId": "«?ASIA4EXAMPLE7Q2ZB3MN»",
        "SecretAccessKey": "«s:log:awskey»",
        "SessionToken": "«s:log:b64»",
        «="Expiration": "2026-11-06T00:00:00Z"»
    }
}
$ printenv
«=HOME=/root»
DB_PASSWORD=«s:env:pw»
«=SSH_AUTH_SOCK=/run/ssh.sock»
AZURE_CLIENT_SECRET=«s:env:b32url»
=== root/gh-actions.log | terminal | 2
«=##[group]Run actions/checkout@v4»
with:
  token: ***
  «=fetch-depth: 1»
##[debug]env.NPM_TOKEN = «s:token:npm»
«=[command]/usr/bin/git log -1 --format=%H»
«b:sha40»
Using registry token «s:token:docker»
##[debug]DATABRICKS «s:token:databricks»
##[debug]grafana «s:token:grafana» «=ok»
##[debug]hf «s:token:hug» newrelic «s:token:newrelic»
##[debug]linear «s:token:linear» doppler «s:token:doppler»
=== var/lib/cloud/instance/user-data.txt | cloudinit | 2
#cloud-config
hostname: «i:host:app2|short»
fqdn: «i:host:app2»
users:
  - name: «i:user:op1»
    passwd: «s:hash:sha512crypt»
    «=lock_passwd: false»
    ssh_authorized_keys:
      - ssh-ed25519 «b:sshpub» «i:mail:op1»
chpasswd:
  list: |
    root:«s:config:pw»
    «i:user:op1»:«s:config:pw»
  «=expire: false»
write_files:
  - path: /etc/ledgerly/token
    «=permissions: '0600'»
    content: «s:config:b32url»
  - path: /etc/ledgerly/env
    encoding: b64
    content: «s:config:pw|envb64»
runcmd:
  - [ sh, -c, "echo token=«s:command:b32url» >> /etc/app.env" ]
