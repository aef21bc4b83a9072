"""Command lines, as histories, `ps`, sudo, units and the audit log show them."""
# ruff: noqa: E501 -- an example is one line, however long

from __future__ import annotations

import pytest

from tests.unit.redact_secrets_stage import check, examples

COMMANDS = r"""
mysql -u root -p⟦Se;cret&⟧ -h db
mysql -uroot -p'⟦s3 cret⟧' mydb
mysqldump -u root -p"⟦a\"b⟧" --all-databases | gzip > x
mysql -h db -P 3306 -u root -p appdb
redis-cli -h x -a ⟦hunter2⟧ ping
mongosh -u admin -p ⟦Xy9zz⟧ --authenticationDatabase admin
curl -u bob:⟦s3cret:x⟧ https://api.example.com
curl --user 'bob:⟦pass word⟧' -X POST -d 'password=⟦abc⟧&user=x' https://x
wget --password=⟦abc⟧ --user=bob http://x
wget --http-password ⟦abc⟧ http://x
sshpass -p '⟦x y⟧' ssh bob@host
sshpass -p⟦abc⟧ ssh bob@host
openssl enc -aes-256-cbc -k ⟦secretkey1⟧ -in a -out b
openssl rsa -in a.key -passin pass:⟦abc123⟧ -out b.key
openssl rsa -in a.key -passin file:/etc/pw -out b.key
ldapsearch -x -D cn=admin,dc=x -w ⟦adm1n⟧ -b dc=x
smbclient //srv/share -U 'DOM\bob%⟦p@ss⟧' -c ls
rdesktop -u bob -p ⟦secret1⟧ host
xfreerdp /u:bob /p:⟦secret1⟧ /v:host
docker login -u bob -p ⟦abc123⟧ registry.example.com
docker run -p 8080:80 nginx
htpasswd -b -c /etc/htpasswd bob ⟦s3cret⟧
htpasswd -bnBC 10 "" ⟦s3cret⟧
useradd -m -p '⟦$6$abcdefgh$xyz⟧' bob
echo 'root:⟦newpass1⟧' | chpasswd
echo "⟦hunter2⟧" | sudo -S apt update
echo ⟦s3cret⟧ | passwd --stdin bob
echo ⟦abc⟧ | docker login -u bob --password-stdin
snmpwalk -v2c -c ⟦s3cr3t⟧ 10.0.0.1
snmpget -v3 -u x -l authPriv -a SHA -A ⟦authpw12⟧ -x AES -X ⟦privpw12⟧ 10.0.0.1
ipmitool -I lanplus -H x -U ADMIN -P ⟦calvin1⟧ chassis status
keytool -list -keystore a.jks -storepass ⟦changeit1⟧
java -Dspring.datasource.password=⟦abc⟧ -jar app.jar
net use X: \\srv\share ⟦P@ss⟧ /user:dom\bob
mount -t cifs //srv/s /mnt -o username=bob,password=⟦p@ss⟧,vers=3.0
ansible-playbook site.yml -e "db_password=⟦abc123⟧ x=1"
kubectl create secret generic db --from-literal=username=bob --from-literal=password='⟦s3 c⟧' -n x
helm upgrade x ./x --set db.password=⟦abc⟧,replicas=2
vault kv put secret/app value=⟦abc⟧ ttl=1h
vault login ⟦s.abcdef⟧
aws configure set aws_secret_access_key ⟦abcd1234⟧
restic -r s3:x backup /data --password-file /etc/x
nmcli dev wifi connect home password "⟦my wifi pw⟧"
Jan 1 10:00:00 h sudo:  bob : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/mysql -u root -p⟦abc123⟧ db
["mysql", "-u", "root", "-p⟦abc123⟧", "db"]
type=EXECVE msg=audit(1.1:2): argc=4 a0="mysql" a1="-u" a2="root" a3="-p⟦secret1⟧"
"cmd": "mysql -u root -p'⟦abc d⟧' db", "x": 1
bash -c 'PGPASSWORD=⟦abc⟧ psql -h x'
ExecStart=/usr/bin/app --api-key ⟦abc123⟧ --port 80
root 123 0.0 0.1 mysqld_safe --user=mysql --password ⟦secretX⟧
psql "host=x password=⟦y⟧ z=1"
expect "assword:" ; send "⟦hunter2⟧\r"
  --password PASSWORD   the password
use --password to set it
git commit -m "add --password option"
tar -p -xf x.tar; cp -p a b; ssh -p 22 host; mkdir -p /x/y
curl -u bob https://x
docker ps -p; grep -a foo; ls -a
kubeadm join 10.0.0.1:6443 --token ⟦abcdef.0123456789abcdef⟧ --discovery-token-ca-cert-hash sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
echo hello | grep x
export FOO=1; mysql -p⟦abc⟧ -e 'select 1'
su -c "mysql -p⟦Xyz⟧" bob
tailscale up --authkey ⟦abc-xyz1⟧
"""


@pytest.mark.parametrize("example", [*examples(COMMANDS)])
def test_what_is_marked_goes_and_the_rest_stays(example: str) -> None:
    check(example)
