//! A small land of services in the place of AWS: queues, topics, tables, rules, streams, and Cloud Control, as far as stacks
//! and event source mappings call them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::backend::{Backend, Received, Reply};

/// What there is.
#[derive(Default)]
pub(crate) struct Things {
    /// By kind and name: `queue/orders`.
    pub(crate) all: BTreeMap<String, Value>,
    /// Waiting messages of queues, with their receipt handles.
    pub(crate) messages: BTreeMap<String, Vec<Message>>,
    /// The shards of streams, by the streams' ARNs.
    pub(crate) shards: BTreeMap<String, Vec<Shard>>,
    /// Whether there is Cloud Control.
    has_cloud_control: bool,
    n_made: u32,
}

/// A message of a queue.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    /// Whether somebody has received it.
    pub(crate) is_in_flight: bool,
    pub(crate) n_received: u32,
}

/// A shard of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shard {
    pub(crate) id: &'static str,
    pub(crate) parent: Option<&'static str>,
    pub(crate) is_closed: bool,
    /// What it has, each with its sequence number.
    pub(crate) records: Vec<Value>,
    /// The iterators that were asked for.
    pub(crate) asked: Vec<Value>,
}

/// The land, which answers until the process ends.
pub(crate) struct Land {
    pub(crate) backend: Backend,
    pub(crate) things: Arc<Mutex<Things>>,
}

const ACCOUNT: &str = "000000000000";

impl Land {
    pub(crate) fn new(has_cloud_control: bool) -> Self {
        let things = Arc::new(Mutex::new(Things { has_cloud_control, ..Things::default() }));
        let own = things.clone();
        let backend = Backend::start_with(Arc::new(move |request| own.lock().unwrap().answer(request)));
        Self { backend, things }
    }

    /// The names of what there is.
    pub(crate) fn names(&self) -> Vec<String> {
        self.things.lock().unwrap().all.keys().cloned().collect()
    }

    pub(crate) fn thing(&self, name: &str) -> Value {
        self.things.lock().unwrap().all.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn send(&self, queue: &str, bodies: &[&str]) {
        let mut things = self.things.lock().unwrap();
        for body in bodies {
            things.n_made += 1;
            let id = format!("m{}", things.n_made);
            let message = Message { id, body: (*body).to_owned(), is_in_flight: false, n_received: 0 };
            things.messages.entry(queue.to_owned()).or_default().push(message);
        }
    }

    /// Puts records into a shard of a stream, which is there then. Kinesis takes texts, or records with their `Data` as text,
    /// DynamoDB changes.
    pub(crate) fn put(&self, stream: &str, shard: &'static str, records: &[Value]) {
        self.change_shard(stream, shard, |shard| shard.records.extend(records.iter().cloned()));
    }

    pub(crate) fn change_shard(&self, stream: &str, id: &'static str, change: impl FnOnce(&mut Shard)) {
        let mut things = self.things.lock().unwrap();
        let shards = things.shards.entry(stream.to_owned()).or_default();
        if !shards.iter().any(|shard| shard.id == id) {
            shards.push(Shard { id, ..Shard::default() });
        }
        change(shards.iter_mut().find(|shard| shard.id == id).unwrap());
    }

    /// The bodies of what is left in a queue.
    pub(crate) fn left(&self, queue: &str) -> Vec<String> {
        let things = self.things.lock().unwrap();
        let all = things.messages.get(queue).map(Vec::as_slice).unwrap_or_default();
        all.iter().map(|message| message.body.clone()).collect()
    }
}

fn json_reply(value: &Value) -> Reply {
    (200, vec![("content-type", "application/x-amz-json-1.0")], value.to_string())
}

fn refuse(code: &str, message: &str) -> Reply {
    let body = json!({ "__type": code, "message": message }).to_string();
    (400, vec![("content-type", "application/x-amz-json-1.0")], body)
}

fn text<'a>(input: &'a Value, name: &str) -> &'a str {
    input[name].as_str().unwrap_or_default()
}

/// Members of a form.
fn form(body: &str) -> Value {
    let decoded = |text: &str| {
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap().replace('+', " ").into_bytes();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend(part[2..].replace('+', " ").bytes());
        }
        String::from_utf8(bytes).unwrap()
    };
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), Value::String(decoded(value)))).collect()
}

impl Things {
    fn answer(&mut self, request: &Received) -> Reply {
        let target = request.header("x-amz-target");
        let Some((service, operation)) = target.split_once('.') else {
            return self.form(&form(&request.body));
        };
        let input: Value = serde_json::from_str(&request.body).unwrap_or_default();
        match service {
            "AmazonSQS" => self.queue(operation, &input),
            "DynamoDB_20120810" => self.table(operation, &input),
            "AWSEvents" if operation.ends_with("EventBus") => self.bus(operation, &input),
            "AWSEvents" if operation.ends_with("agResource") => {
                self.tag(text(&input, "ResourceARN"), operation, &input)
            }
            "AWSEvents" => self.rule(operation, &input),
            "secretsmanager" => self.secret(operation, &input),
            "TrentService" => self.key(operation, &input),
            "Kinesis_20131202" if input["StreamARN"].is_string() => {
                self.records(operation, "StreamARN", &input)
            }
            "DynamoDBStreams_20120810" => self.records(operation, "StreamArn", &input),
            "Kinesis_20131202" => self.stream(operation, &input),
            "CloudApiService" if self.has_cloud_control => self.anything(operation, &input),
            _ => refuse("UnknownOperationException", target),
        }
    }

    /// SNS, in forms and XML.
    fn form(&mut self, input: &Value) -> Reply {
        let action = text(input, "Action");
        let xml = |result: &str| {
            let body =
                format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>");
            (200, vec![("content-type", "text/xml")], body)
        };
        match action {
            "CreateTopic" => {
                let arn = format!("arn:aws:sns:us-east-1:{ACCOUNT}:{}", text(input, "Name"));
                self.all.insert(format!("topic/{arn}"), input.clone());
                xml(&format!("<TopicArn>{arn}</TopicArn>"))
            }
            "Subscribe" => {
                let arn = format!("{}:{}", text(input, "TopicArn"), text(input, "Protocol"));
                self.all.insert(format!("subscription/{arn}"), input.clone());
                xml(&format!("<SubscriptionArn>{arn}</SubscriptionArn>"))
            }
            "DeleteTopic" => {
                self.all.remove(&format!("topic/{}", text(input, "TopicArn")));
                xml("")
            }
            "Unsubscribe" => {
                self.all.remove(&format!("subscription/{}", text(input, "SubscriptionArn")));
                xml("")
            }
            "SetTopicAttributes" => {
                let topic = self.all.get_mut(&format!("topic/{}", text(input, "TopicArn"))).unwrap();
                topic[text(input, "AttributeName")] = input["AttributeValue"].clone();
                xml("")
            }
            "SetSubscriptionAttributes" => xml(""),
            "ListSubscriptionsByTopic" => {
                let of = format!("subscription/{}:", text(input, "TopicArn"));
                let all = self.all.iter().filter_map(|(name, subscription)| {
                    let arn = name.strip_prefix("subscription/").filter(|_| name.starts_with(&of))?;
                    let (protocol, endpoint) = (text(subscription, "Protocol"), text(subscription, "Endpoint"));
                    Some(format!(
                        "<member><SubscriptionArn>{arn}</SubscriptionArn><Protocol>{protocol}</Protocol>\
                         <Endpoint>{endpoint}</Endpoint></member>"
                    ))
                });
                xml(&format!("<Subscriptions>{}</Subscriptions>", all.collect::<String>()))
            }
            _ => (400, vec![("content-type", "text/xml")], "<ErrorResponse><Error><Code>InvalidAction</Code><Message>no</Message></Error></ErrorResponse>".to_owned()),
        }
    }

    fn queue(&mut self, operation: &str, input: &Value) -> Reply {
        let name = match text(input, "QueueUrl").rsplit('/').next() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => text(input, "QueueName").to_owned(),
        };
        let key = format!("queue/{name}");
        if operation == "CreateQueue" {
            self.all.insert(key, json!({ "attributes": input["Attributes"], "tags": input["tags"] }));
            return json_reply(&json!({ "QueueUrl": format!("http://queues/{ACCOUNT}/{name}") }));
        }
        if !self.all.contains_key(&key) {
            return refuse("com.amazonaws.sqs#QueueDoesNotExist", "The specified queue does not exist.");
        }
        let waiting = self.messages.entry(name.clone()).or_default();
        match operation {
            "GetQueueUrl" => json_reply(&json!({ "QueueUrl": format!("http://queues/{ACCOUNT}/{name}") })),
            "GetQueueAttributes" => {
                let mut attributes = self.all[&key]["attributes"].clone();
                attributes["QueueArn"] = json!(format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"));
                json_reply(&json!({ "Attributes": attributes }))
            }
            "SetQueueAttributes" => {
                for (attribute, value) in input["Attributes"].as_object().unwrap() {
                    self.all.get_mut(&key).unwrap()["attributes"][attribute] = value.clone();
                }
                json_reply(&json!({}))
            }
            "DeleteQueue" => {
                self.all.remove(&key);
                json_reply(&json!({}))
            }
            "ReceiveMessage" => {
                let most = usize::try_from(input["MaxNumberOfMessages"].as_u64().unwrap_or(1)).unwrap();
                let mut messages = Vec::new();
                for message in waiting.iter_mut().filter(|message| !message.is_in_flight).take(most) {
                    (message.is_in_flight, message.n_received) = (true, message.n_received + 1);
                    messages.push(json!({
                        "MessageId": message.id, "ReceiptHandle": message.id, "Body": message.body, "MD5OfBody": "",
                        "Attributes": { "ApproximateReceiveCount": message.n_received.to_string() },
                    }));
                }
                json_reply(&json!({ "Messages": messages }))
            }
            "DeleteMessageBatch" => {
                let gone: Vec<&str> =
                    input["Entries"].as_array().unwrap().iter().map(|it| text(it, "ReceiptHandle")).collect();
                waiting.retain(|message| !gone.contains(&message.id.as_str()));
                json_reply(&json!({ "Successful": [], "Failed": [] }))
            }
            _ => refuse("InvalidAction", operation),
        }
    }

    fn table(&mut self, operation: &str, input: &Value) -> Reply {
        let name = text(input, "TableName");
        let key = format!("table/{name}");
        match operation {
            "CreateTable" if self.all.contains_key(&key) => refuse("ResourceInUseException", "Table exists"),
            "CreateTable" => {
                let mut table = input.clone();
                table["asked"] = json!(0);
                self.all.insert(key, table);
                json_reply(&json!({}))
            }
            _ if operation != "TagResource" && !self.all.contains_key(&key) => {
                refuse("com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "not found")
            }
            "DescribeTable" => {
                // What is made takes its time.
                let table = self.all.get_mut(&key).unwrap();
                let n_asked = table["asked"].as_u64().unwrap() + 1;
                table["asked"] = json!(n_asked);
                let status = if n_asked < 2 { "CREATING" } else { "ACTIVE" };
                let arn = format!("arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{name}");
                json_reply(&json!({ "Table": { "TableName": name, "TableStatus": status, "TableArn": arn } }))
            }
            "UpdateTable" | "UpdateTimeToLive" => {
                for (member, value) in input.as_object().unwrap() {
                    self.all.get_mut(&key).unwrap()[member] = value.clone();
                }
                json_reply(&json!({}))
            }
            "DeleteTable" => {
                self.all.remove(&key);
                json_reply(&json!({}))
            }
            _ => refuse("UnknownOperationException", operation),
        }
    }

    fn rule(&mut self, operation: &str, input: &Value) -> Reply {
        let name = text(input, if operation.ends_with("Targets") { "Rule" } else { "Name" });
        let key = format!("rule/{name}");
        match operation {
            "PutRule" => {
                let targets = self.all.get(&key).map(|rule| rule["targets"].clone());
                let mut rule = input.clone();
                rule["targets"] = targets.unwrap_or(json!({}));
                self.all.insert(key, rule);
                json_reply(&json!({ "RuleArn": format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/{name}") }))
            }
            "PutTargets" => {
                for target in input["Targets"].as_array().unwrap() {
                    self.all.get_mut(&key).unwrap()["targets"][text(target, "Id")] = target["Arn"].clone();
                }
                json_reply(&json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
            }
            "RemoveTargets" => {
                for id in input["Ids"].as_array().unwrap() {
                    let targets = self.all.get_mut(&key).unwrap()["targets"].as_object_mut().unwrap();
                    targets.shift_remove(id.as_str().unwrap());
                }
                json_reply(&json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
            }
            "DeleteRule" => {
                let rule = self.all.remove(&key).unwrap();
                assert_eq!(rule["targets"], json!({}), "a rule with targets can't be deleted");
                json_reply(&json!({}))
            }
            _ => refuse("UnknownOperationException", operation),
        }
    }

    fn bus(&mut self, operation: &str, input: &Value) -> Reply {
        let key = format!("bus/{}", text(input, "Name"));
        let arn = format!("arn:aws:events:us-east-1:{ACCOUNT}:event-{key}");
        match operation {
            "CreateEventBus" => drop(self.all.insert(key, input.clone())),
            "UpdateEventBus" => {
                // What isn't said is no more.
                let mut bus = input.clone();
                bus["Tags"] = self.all[&key]["Tags"].clone();
                self.all.insert(key, bus);
            }
            "DeleteEventBus" => drop(self.all.remove(&key)),
            _ => {}
        }
        json_reply(&json!({ "Arn": arn }))
    }

    /// Changes the list of tags of what an ARN names.
    fn tag(&mut self, arn: &str, operation: &str, input: &Value) -> Reply {
        let name = arn.rsplit(':').next().unwrap().trim_start_matches("event-").to_owned();
        let name = name.rsplit_once('/').map(|(kind, name)| {
            // A rule of a bus has the bus before it.
            format!("{}/{name}", kind.split('/').next().unwrap())
        });
        let Some(thing) = name.and_then(|name| self.all.get_mut(&name)) else {
            return refuse("ResourceNotFoundException", arn);
        };
        let mut tags = thing["Tags"].as_array().cloned().unwrap_or_default();
        if operation == "UntagResource" {
            let gone = input["TagKeys"].as_array().unwrap();
            tags.retain(|tag| !gone.contains(&tag["Key"]));
        }
        for tag in input["Tags"].as_array().into_iter().flatten() {
            tags.retain(|other| other["Key"] != tag["Key"]);
            tags.push(tag.clone());
        }
        thing["Tags"] = json!(tags);
        json_reply(&json!({}))
    }

    fn secret(&mut self, operation: &str, input: &Value) -> Reply {
        if operation == "GetRandomPassword" {
            let length = usize::try_from(input["PasswordLength"].as_u64().unwrap_or(32)).unwrap();
            return json_reply(&json!({ "RandomPassword": "x".repeat(length) }));
        }
        let id = input.get("SecretId").or_else(|| input.get("Name")).and_then(Value::as_str).unwrap();
        let name = id.rsplit(':').next().unwrap().trim_end_matches("-abcdef").to_owned();
        let (key, arn) = (
            format!("secret/{name}"),
            format!("arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{name}-abcdef"),
        );
        match operation {
            "CreateSecret" => drop(self.all.insert(key, input.clone())),
            _ if !self.all.contains_key(&key) => return refuse("ResourceNotFoundException", &name),
            "UpdateSecret" => {
                for (member, value) in input.as_object().unwrap() {
                    self.all.get_mut(&key).unwrap()[member] = value.clone();
                }
            }
            "DeleteSecret" => drop(self.all.remove(&key)),
            "TagResource" | "UntagResource" => return self.tag(&format!("::{key}"), operation, input),
            _ => {}
        }
        json_reply(&json!({ "ARN": arn, "Name": name }))
    }

    fn key(&mut self, operation: &str, input: &Value) -> Reply {
        if let Some(alias) = input["AliasName"].as_str() {
            match operation {
                "DeleteAlias" => drop(self.all.remove(alias)),
                _ => drop(self.all.insert(alias.to_owned(), input["TargetKeyId"].clone())),
            }
            return json_reply(&json!({}));
        }
        let id = match operation {
            "CreateKey" => {
                self.n_made += 1;
                let id = format!("key-{}", self.n_made);
                self.all.insert(format!("key/{id}"), input.clone());
                id
            }
            _ => text(input, "KeyId").to_owned(),
        };
        let key = format!("key/{id}");
        match operation {
            "CreateKey" => {}
            "ScheduleKeyDeletion" => drop(self.all.remove(&key)),
            "UpdateKeyDescription" => {
                self.all.get_mut(&key).unwrap()["Description"] = input["Description"].clone()
            }
            "PutKeyPolicy" => self.all.get_mut(&key).unwrap()["Policy"] = input["Policy"].clone(),
            "TagResource" => self.all.get_mut(&key).unwrap()["Tags"] = input["Tags"].clone(),
            "EnableKeyRotation" | "DisableKeyRotation" => {
                self.all.get_mut(&key).unwrap()["rotates"] = json!(operation == "EnableKeyRotation");
            }
            _ => return refuse("UnknownOperationException", operation),
        }
        json_reply(&json!({ "KeyMetadata": {
            "KeyId": id, "Arn": format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}"),
        } }))
    }

    fn stream(&mut self, operation: &str, input: &Value) -> Reply {
        let name = text(input, "StreamName");
        let key = format!("stream/{name}");
        match operation {
            "CreateStream" => {
                self.all.insert(key, input.clone());
                json_reply(&json!({}))
            }
            "DescribeStreamSummary" if self.all.contains_key(&key) => {
                let arn = format!("arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{name}");
                json_reply(
                    &json!({ "StreamDescriptionSummary": { "StreamStatus": "ACTIVE", "StreamARN": arn } }),
                )
            }
            "DescribeStreamSummary" => refuse("ResourceNotFoundException", name),
            "UpdateShardCount" => {
                self.all.get_mut(&key).unwrap()["ShardCount"] = input["TargetShardCount"].clone();
                json_reply(&json!({}))
            }
            "DeleteStream" => {
                self.all.remove(&key);
                json_reply(&json!({}))
            }
            _ => refuse("UnknownOperationException", operation),
        }
    }

    /// Reads streams, of Kinesis and of DynamoDB: their operations differ in names. An iterator is stream, shard and place.
    fn records(&mut self, operation: &str, arn: &str, input: &Value) -> Reply {
        let iterator = text(input, "ShardIterator").to_owned();
        let stream = iterator
            .split('|')
            .next()
            .filter(|stream| !stream.is_empty())
            .unwrap_or_else(|| text(input, arn));
        let Some(shards) = self.shards.get_mut(stream) else {
            return refuse("ResourceNotFoundException", stream);
        };
        let sequence = |place: usize| format!("{:05}", place + 1);
        match operation {
            "ListShards" | "DescribeStream" => {
                let listed = shards.iter().map(|shard| {
                    let mut range = json!({ "StartingSequenceNumber": "00000" });
                    if shard.is_closed {
                        range["EndingSequenceNumber"] = json!("99999");
                    }
                    json!({ "ShardId": shard.id, "ParentShardId": shard.parent, "SequenceNumberRange": range })
                });
                let listed: Vec<Value> = listed.collect();
                match operation {
                    "ListShards" => json_reply(&json!({ "Shards": listed })),
                    _ => json_reply(&json!({ "StreamDescription": { "Shards": listed } })),
                }
            }
            "GetShardIterator" => {
                let id = text(input, "ShardId");
                let shard = shards.iter_mut().find(|shard| shard.id == id).unwrap();
                shard.asked.push(input.clone());
                let after = if arn == "StreamARN" { "StartingSequenceNumber" } else { "SequenceNumber" };
                let place = match text(input, "ShardIteratorType") {
                    "TRIM_HORIZON" => 0,
                    "LATEST" => shard.records.len(),
                    "AFTER_SEQUENCE_NUMBER" => text(input, after).parse().unwrap(),
                    other => return refuse("ValidationException", other),
                };
                json_reply(&json!({ "ShardIterator": format!("{stream}|{id}|{place}") }))
            }
            "GetRecords" => {
                let mut parts = iterator.split('|').skip(1);
                let (id, place) = (parts.next().unwrap(), parts.next().unwrap().parse::<usize>().unwrap());
                let shard = shards.iter().find(|shard| shard.id == id).unwrap();
                let most = usize::try_from(input["Limit"].as_u64().unwrap()).unwrap();
                let got: Vec<&Value> = shard.records.iter().skip(place).take(most).collect();
                let end = place + got.len();
                let records = got.iter().enumerate().map(|(i, record)| match record {
                    Value::String(data) => json!({
                        "SequenceNumber": sequence(place + i), "PartitionKey": "p", "Data": STANDARD.encode(data),
                        "ApproximateArrivalTimestamp": 1_700_000_000.5,
                    }),
                    whole if whole.get("Data").is_some() => {
                        let mut whole = (*whole).clone();
                        whole["SequenceNumber"] = json!(sequence(place + i));
                        whole["Data"] = json!(STANDARD.encode(text(&whole, "Data")));
                        whole
                    }
                    change => {
                        let mut change = (*change).clone();
                        change["dynamodb"]["SequenceNumber"] = json!(sequence(place + i));
                        change
                    }
                });
                let mut reply = json!({ "Records": records.collect::<Vec<Value>>() });
                if !shard.is_closed || end < shard.records.len() {
                    reply["NextShardIterator"] = json!(format!("{stream}|{id}|{end}"));
                }
                json_reply(&reply)
            }
            _ => refuse("UnknownOperationException", operation),
        }
    }

    /// Cloud Control: whatever it is, it is named by its number, and ready when it is asked for again.
    fn anything(&mut self, operation: &str, input: &Value) -> Reply {
        let kind = text(input, "TypeName");
        let event = |identifier: &str, status: &str| {
            json!({ "ProgressEvent": {
                "Identifier": identifier, "RequestToken": identifier, "OperationStatus": status,
            } })
        };
        if operation == "GetResourceRequestStatus" {
            return json_reply(&event(text(input, "RequestToken"), "SUCCESS"));
        }
        if operation == "CreateResource" {
            let token = text(input, "ClientToken").to_owned();
            self.n_made += 1;
            let identifier = format!("thing-{}", self.n_made);
            let mut properties: Value = serde_json::from_str(text(input, "DesiredState")).unwrap();
            properties["Arn"] = json!(format!("arn:aws:any:us-east-1:{ACCOUNT}:{identifier}"));
            properties["Endpoint"] = json!({ "Address": "here" });
            properties["Zones"] = json!(["a", "b"]);
            properties["token"] = json!(token);
            self.all.insert(format!("{kind}/{identifier}"), properties);
            return json_reply(&event(&identifier, "IN_PROGRESS"));
        }
        let identifier = text(input, "Identifier");
        let key = format!("{kind}/{identifier}");
        let Some(thing) = self.all.get_mut(&key) else {
            return refuse("ResourceNotFoundException", &format!("{key} was not found"));
        };
        match operation {
            "GetResource" => json_reply(&json!({
                "TypeName": kind,
                "ResourceDescription": { "Identifier": identifier, "Properties": thing.to_string() },
            })),
            "UpdateResource" => {
                let patch: Value = serde_json::from_str(text(input, "PatchDocument")).unwrap();
                for change in patch.as_array().unwrap() {
                    let name = text(change, "path").trim_start_matches('/').to_owned();
                    if name == "Fixed" {
                        let mut failed = event(identifier, "FAILED");
                        failed["ProgressEvent"]["ErrorCode"] = json!("NotUpdatable");
                        return json_reply(&failed);
                    }
                    match text(change, "op") {
                        "remove" => drop(thing.as_object_mut().unwrap().shift_remove(&name)),
                        _ => thing[name] = change["value"].clone(),
                    }
                }
                json_reply(&event(identifier, "SUCCESS"))
            }
            "DeleteResource" => {
                self.all.remove(&key);
                json_reply(&event(identifier, "SUCCESS"))
            }
            _ => refuse("UnsupportedActionException", operation),
        }
    }
}
