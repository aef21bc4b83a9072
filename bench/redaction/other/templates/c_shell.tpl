### root/.bash_history | text | 2
#1728634«n:int»
cd «=/opt/orders/releases/2026.10.1»
git fetch && git checkout «b:sha1»
mysql -u root -p«command:odd» -h «ip4:db1» shop
mysqldump --user=backup --password=«command:pw» --single-transaction shop > «=/backup/shop.sql»
mysql -uroot -p'«command:quoted»' -e "«=show slave status\G»"
mysqladmin -u root -p«command:human» ping
PGPASSWORD=«command:pw@@repl» psql -h «host:db1» -U «user:repl» -c '«=select pg_is_in_recovery()»'
psql "postgresql://«user:app1»:«url:pw»@«ip4:db1»/orders?sslmode=require" -f «=migrate.sql»
redis-cli -h «ip4:cache1» -a «command:long» --no-auth-warning info
redis-cli -u redis://default:«url:long»@«host:cache1»:6379/0 ping
mongosh "mongodb+srv://root:«url:pw»@«host:db4»/admin" --eval '«=rs.status()»'
mongodump -u root -p '«command:odd»' --authenticationDatabase admin -o «=/backup/mongo»
sshpass -p '«command:pw»' ssh «user:adm»@«ip4:sw1» '«=show version»'
sshpass -p«command:pw» scp «=dump.tar.gz» «user:ops»@«host:bak1»:«=/srv/dumps/»
ssh -i «=~/.ssh/id_ed25519» -p 2222 «user:ops»@«short:jump1»
ssh -p 2222 -o «=StrictHostKeyChecking=no» «user:ops»@«ip6:jump1»
curl -u «user:adm»:«command:odd» https://«host:mon1»/api/health
curl -su 'elastic:«command:alnum20»' "http://«ip4:es1»:9200/_cat/indices?v"
curl -H "Authorization: Bearer «token:jwt»" -H '«=Accept: application/json»' https://«host:api1»/v1/me
curl -H 'X-API-Key: «header:alnum32»' -d '{"user":"«user:ops»","password":"«header:pw»"}' https://«host:api1»/login
curl --data-urlencode "client_secret=«header:url32»" -d grant_type=«=client_credentials» https://«host:sso1»/token
curl -b "session=«header:alnum40»; theme=«=dark»" https://«host:web1»/
curl --proxy-user proxy:«command:pw» -x http://«ip4:px1»:3128 -O «=https://download.docker.com/linux/debian/gpg»
wget --http-user=«user:ops» --http-password=«command:pw» https://«host:bak1»/x.tgz
wget «=https://github.com/prometheus/node_exporter/releases/download/v1.8.2/node_exporter-1.8.2.linux-amd64.tar.gz»
docker login -u ci -p «token:dckr»
echo «command:pw» | docker login «host:reg1» --username ci --password-stdin
docker run -d --name db -e POSTGRES_PASSWORD=«command:pw» -e MYSQL_ROOT_PASSWORD='«command:human»' -p 5432:5432 «=postgres:15.8-alpine»
docker pull «=registry.k8s.io/pause»@sha256:«b:digest»
kubectl create secret generic db --from-literal=password=«command:odd» --from-literal=username=«user:app1»
kubectl -n prod get secret db -o jsonpath='«={.data.password}»' | base64 -d
kubectl config set-credentials ci --token=«token:jwt»
vault kv put secret/prod/db password=«command:pw» «=ttl=1h»
vault login «token:hvs»
VAULT_TOKEN=«token:hvs» vault operator unseal «command:b64_32»
export AWS_ACCESS_KEY_ID=«token:akia» AWS_SECRET_ACCESS_KEY=«command:awssecret»
aws configure set aws_secret_access_key «command:awssecret» --profile «=backup»
aws s3 cp «=s3://hv-energi-backups/orders.dump» .
az login --service-principal -u «b:id» -p «command:alnum40» --tenant «b:id»
az storage blob list --account-name «?hvprod» --account-key «command:b64_64» -c dumps
gcloud auth activate-service-account --key-file=«=/root/sa.json»
openssl pkcs12 -in «=site.pfx» -nocerts -passin pass:«command:odd» -passout pass:«command:pw»
openssl enc -aes-256-cbc -k «command:phrase|shq» -in a -out b
openssl s_client -connect «host:web1»:443 -showcerts
openssl passwd -6 «command:human»
keytool -list -keystore «=/etc/ssl/cacerts» -storepass «command:pw»
keytool -importkeystore -srckeystore a.jks -srcstorepass «command:pw» -deststorepass «command:pw» -destkeypass «command:pw»
htpasswd -bB «=/etc/nginx/.htpasswd» «user:ops» «command:odd»
echo '«user:ops»:«command:human»' | chpasswd
echo -e "«command:pw»\n«command:pw»" | smbpasswd -s -a «user:ops»
useradd -m -p '«hash:sha512»' «user:ops»
mount -t cifs //«ip4:nas1»/share /mnt -o username=«user:svc1»,password=«command:pw»,«=vers=3.0»
smbclient //«host:nas1»/backup -U '«user:svc1»%«command:pw»' -c ls
ldapsearch -x -H ldaps://«host:dc1» -D "cn=admin,«?dc=rosenqvist,dc=se»" -w '«command:pw@@ldapbind»' -b «?dc=rosenqvist,dc=se» uid=«user:ops»
ldapsearch -x -W -D «mail:adm» -b «=ou=people»
ipmitool -I lanplus -H «ip4:bmc1» -U ADMIN -P «command:pw» power status
snmpwalk -v2c -c «command:community» «ip4:sw1» «=1.3.6.1.2.1.1»
snmpget -v3 -u monitor -l authPriv -a SHA -A «command:pw» -x AES -X «command:pw» «ip4:sw1» «=sysUpTime.0»
rabbitmqctl change_password guest «command:odd»
rabbitmqctl add_user «user:app1» '«command:pw»'
rabbitmqadmin -u admin -p «command:pw» list queues
kinit «user:adm»@«?AD.ROSENQVIST.SE» <<< '«command:pw»'
ansible-playbook -i «=inventories/prod» site.yml -e "ansible_become_pass=«command:pw»" --tags «=web,db»
terraform apply -var="db_password=«command:odd»" -var «=region=eu-north-1» -auto-approve
helm upgrade --install pg bitnami/postgresql --set auth.postgresPassword=«command:pw»,«=primary.persistence.size=20Gi» --version «=15.5.38»
npm config set //registry.npmjs.org/:_authToken «token:npm»
pip install --index-url https://ci:«url:pw»@«host:reg1»/simple «=requests==2.32.3»
git clone https://oauth2:«token:glpat»@«host:ci1»/infra/ansible.git
git remote set-url origin https://«user:ops»:«url:alnum40»@github.com/«?acme/site».git
gh auth login --with-token <<< «token:ghp»
restic -r sftp:«user:ops»@«host:bak1»:/srv/restic --password-file «=/etc/restic-pass» snapshots
RESTIC_PASSWORD=«command:dashed» restic backup «=/etc»
borg init --encryption=«=repokey» ssh://borg@«host:bak1»/./repo && export BORG_PASSPHRASE='«command:phrase»'
zip -P «command:pw» -r «=logs.zip» logs/
7z a -p«command:pw» «=logs.7z» logs/
unzip -P '«command:odd»' x.zip
gpg --batch --passphrase "«command:phrase»" -d «=backup.gpg»
cryptsetup luksOpen «=/dev/sdb2» data --key-file <(echo -n «command:dashed»)
nmcli dev wifi connect «=staff-5g» password «command:pw»
wpa_passphrase «=staff-5g» «command:lower»
wg set wg0 peer «b:wg» preshared-key «=/etc/wireguard/psk» endpoint «ip4:vpn1»:51820
net ads join -U '«user:adm»%«command:quoted»'
occ user:resetpassword --password-from-env «user:ops»
export OC_PASS=«command:pw»
sudo -u www-data php occ config:app:get core «=vendor»
lftp -u backup,«command:pw» ftps://«host:bak1»
ncftpput -u ftp -p «command:pw» «ip4:bak1» / a.tgz
expect -c 'spawn ssh «ip4:sw1»; expect "assword:"; send "«command:pw»\r"'
python manage.py createsuperuser --username «user:adm» --email «mail:adm»
mosquitto_pub -h «ip4:mq1» -u dev -P «command:pw» -t «=sensors/temp» -m 21
sqlcmd -S «ip4:db3» -U sa -P '«command:odd»' -Q "«=select @@version»"
sqlplus system/«command:pw»@//«ip4:db3»:1521/ORCL
impdp system/«command:human» directory=dumps
cqlsh «ip4:cas1» -u cassandra -p «command:pw»
influx -username admin -password '«command:pw»' -database «=telegraf»
clickhouse-client --user default --password «command:odd» --query "«=select 1»"
etcdctl --user root:«command:pw» --endpoints «ip4:k8s1»:2379 member list
consul acl bootstrap -token=«command:uuid»
rclone config create nc webdav url=https://«host:nas1» user=«user:ops» pass=«command:pw»
tar -czf «=/root/etc-2026-10-11.tgz» /etc; ls -la; df -h; top -b -n1
systemctl restart «=postgresql@15-main»; journalctl -u «=docker.service» --since "1 hour ago"
passwd «user:ops»
vim «=/etc/pam.d/common-password»
cat «=/var/log/secrets-rotation.log» | grep -c «=token_refresh»
chage -l «user:ops»
apt-get install -y «=password-store=1.7.4-6 libpam-pwquality gnome-keyring»
kill -9 «b:int»
nc -zv «short:db2» 5432; ping -c1 «=8.8.8.8»
### home/adm/.zsh_history | text | 1
: 1728634100:0;ssh «user:adm»@«host:bastion1»
: 1728634110:0;export GITHUB_TOKEN=«token:ghpat»
: 1728634120:4;mysql -h«ip4:db1» -u«user:app1» -p«command:pw» orders
: 1728634130:0;http --auth «user:adm»:«command:pw» GET https://«host:api1»/v1/status «=page==2»
: 1728634140:0;TOKEN=$(curl -s -X POST -d "username=«user:adm»&password=«command:odd»" https://«host:sso1»/token | jq -r .access_token)
: 1728634150:0;kubectl --token «token:jwt» get pods -n «=kube-system»
: 1728634160:0;curl -H "PRIVATE-TOKEN: «token:glpat»" "https://«host:ci1»/api/v4/projects?«=per_page=20»"
: 1728634170:0;docker service update --env-add JWT_SECRET=«command:alnum32» «=orders_api»
: 1728634180:0;pass show «=prod/db»
: 1728634190:0;op item get «=postgres» --fields password
: 1728634200:0;secret-tool lookup «=service imap»
: 1728634210:0;sops -d «=secrets.enc.yaml»
: 1728634220:0;history | grep -i «=password»
### proc/cmdline.txt | text | 2
    PID USER     STAT  STARTED CMD
      1 root     Ss   Oct 10 «=/sbin/init splash»
    «n:n»1 root     Ssl  Oct 10 «=/usr/bin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock»
    «n:n»2 «user:app1» Sl   Oct 10 java -Xmx2g -Djavax.net.ssl.trustStorePassword=«command:pw» -Djavax.net.ssl.trustStore=«=/etc/ssl/trust.jks» -Ddb.password=«command:odd» -jar «=/opt/orders/orders-2.14.1.jar»
    «n:n»3 vault    Ssl  Oct 10 «=/usr/bin/vault server -config=/etc/vault.d/vault.hcl»
    «n:n»4 root     S    Oct 10 /usr/sbin/openvpn --config «=/etc/openvpn/client.conf» --auth-user-pass «=/etc/openvpn/login.txt» --remote «ip4:vpn1» 1194
    «n:n»5 nobody   S    Oct 10 «=/usr/bin/redis-exporter» -redis.addr redis://«ip4:cache1»:6379 -redis.password «command:long»
    «n:n»6 root     S    Oct 10 /usr/bin/python3 «=/opt/sync.py» --api-token «command:alnum40» --«=max-tokens=4096» --verbose
    «n:n»7 root     S    Oct 10 /usr/local/bin/filebeat -E output.elasticsearch.password=«command:pw» -c «=/etc/filebeat.yml»
    «n:n»8 www-data S    Oct 10 «=php-fpm: pool www»
    «n:n»9 root     S    Oct 10 mount.cifs //«ip4:nas1»/b /mnt/b -o user=«user:svc1»,pass=«command:pw»
    «n:n»0 minio    Ssl  Oct 10 mc alias set local http://«ip4:s31»:9000 minioadmin «command:alnum20»
### var/log/audit/audit.log | text | 2
type=SYSCALL msg=audit(1728634000.101:«n:int»): arch=c000003e syscall=59 success=yes exit=0 a0=«=55d0c1a2b3c4» items=2 ppid=«b:int» pid=«n:int» auid=1000 uid=0 comm="«=mysql»" exe="«=/usr/bin/mysql»" key="«=exec»"
type=EXECVE msg=audit(1728634000.101:«n:int»): argc=4 a0="mysql" a1="-uroot" a2="-p«command:pw»" a3="shop"
type=EXECVE msg=audit(1728634001.101:«n:int»): argc=5 a0="curl" a1="-u" a2="«user:adm»:«command:pw»" a3="-s" a4="https://«host:api1»/"
type=PROCTITLE msg=audit(1728634001.102:«n:int»): proctitle=«command:odd|procmysql»
type=USER_CMD msg=audit(1728634002.000:«n:int»): pid=«n:int» uid=1000 auid=1000 ses=«b:n» msg='cwd="/home/«user:ops»" cmd=«command:pw|procmysql» exe="/usr/bin/sudo" terminal=pts/0 res=success'
type=USER_LOGIN msg=audit(1728634003.000:«n:int»): pid=«n:int» uid=0 auid=1000 msg='op=login acct="«user:ops»" exe="/usr/sbin/sshd" hostname=«host:jump1» addr=«ip4:jump1» terminal=ssh res=success'
type=CRYPTO_KEY_USER msg=audit(1728634004.000:«n:int»): pid=«n:int» uid=0 msg='op=destroy kind=server fp=«b:fp» direction=? spid=«n:int» suid=0 exe="/usr/sbin/sshd" hostname=? addr=? terminal=? res=success'
type=USER_AUTH msg=audit(1728634005.000:«n:int»): pid=«n:int» uid=0 msg='op=PAM:authentication grantors=pam_unix acct="«user:adm»" exe="/usr/bin/su" hostname=? addr=«ip6:adm» terminal=pts/1 res=failed'
### etc/cron.d/backup | text | 1
SHELL=/bin/bash
MAILTO=«mail:ops»
«=PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin»
15 2 * * * root mysqldump -u backup -p«command:pw» --all-databases | gzip > «=/backup/all.sql.gz»
30 2 * * * «user:ops» rsync -az --password-file=«=/etc/rsync.pass» /backup/ rsync://ops@«ip4:bak1»/pool
0 * * * * root curl -fsS "https://hc-ping.com/«?0f6c2b1e-5f0e-4b1e-9a55-2d0f9a3c6e11»" >/dev/null
*/5 * * * * www-data wget -qO- "https://«host:web1»/cron.php?cron_key=«command:url32»" >/dev/null 2>&1
@daily root AWS_SECRET_ACCESS_KEY=«command:awssecret» /usr/local/bin/s3sync «=--delete --storage-class STANDARD_IA»
### etc/systemd/system/orders.service | ini | 1
[Unit]
Description=«=Orders API»
After=«=network-online.target postgresql.service»
[Service]
User=«user:app1»
Environment=NODE_ENV=«=production» "DB_PASS=«env:spaced»"
Environment="JWT_SECRET=«env:alnum64»" "«=TOKEN_TTL=900»"
EnvironmentFile=«=/etc/orders/orders.env»
LoadCredential=«=db:/etc/credstore/db»
SetCredential=api: «env:alnum32»
ExecStart=/usr/bin/node «=/opt/orders/server.js» --redis redis://:«url:long»@«ip4:cache1»:6379 --port 3000
ExecStartPost=/usr/bin/curl -s -X POST «url:slackhook» -d '{"text":"started"}'
«=Restart=on-failure»
[Install]
«=WantedBy=multi-user.target»
### opt/scripts/deploy.sh | text | 2
#!/usr/bin/env bash
# Deploys the release; «=the token needs the scope read_registry»
set -euo pipefail
VERSION=${1:-«=2.14.1»}
REGISTRY=«host:reg1»
REG_TOKEN="${REG_TOKEN:?«=token missing»}"
ADMIN_PASS='«env:apos|shapos»'
readonly DB_PASS="«env:quoted»"
api_key=«env:hex40»
SECRET_FILE=«=/run/secrets/db_password»
PASSWORD_LENGTH=«=24»
if [[ -z "$ADMIN_PASS" ]]; then «=echo "no password given" >&2»; exit 1; fi
«=password=$(openssl rand -base64 32)»
«=export PGPASSFILE=/srv/ops/.pgpass»
sshpass -p "$DB_PASS" ssh deploy@«ip4:web2» "«=systemctl reload nginx»"
echo "machine «host:api1» login deploy password «command:pw»" > ~/.netrc
cat <<EOF > /etc/app/db.ini
[db]
host=«ip4:db1»
password=«env:odd»
EOF
curl -fsS -H "Authorization: token «token:ghs»" https://api.github.com/repos/«?o/r»/releases/latest
docker build --build-arg NPM_TOKEN=«token:npm» --build-arg «=GIT_SHA=»«b:sha1» -t "$REGISTRY/app:$VERSION" .
### home/ops/.psql_history | text | 1
«=\l»
\c orders «user:app1» «ip4:db1»
ALTER USER «user:app1» PASSWORD '«log:odd»';
\password «user:repl»
«=SELECT count(*) FROM password_resets WHERE created_at > now() - interval '1 day';»
create role x login password '«log:human»' valid until '«=2027-01-01»';
### home/ops/.mysql_history | text | 1
_HiStOrY_V2_
SET\040PASSWORD\040FOR\040'shop'@'%'\040=\040'«log:pw»';
CREATE USER 'ro'@'«ip4:mon1»' IDENTIFIED BY '«log:quoted»';
alter user root@localhost identified with caching_sha2_password by '«log:pw»';
«=SHOW VARIABLES LIKE 'validate_password%';»
update users set password=MD5('«log:human»') where login='«user:ops»';
