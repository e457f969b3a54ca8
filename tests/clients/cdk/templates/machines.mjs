// State machines: all states in both query languages, and what machines themselves may have.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { handler } from './apis.mjs';

const { Condition, JsonPath, QueryLanguage } = sfn;
const body = (chain) => sfn.DefinitionBody.fromChainable(chain);
const machine = (stack, chain, more = {}, id = 'Machine') => new sfn.StateMachine(stack, id, { definitionBody: body(chain), ...more });

/** A distributed Map over an item that is there. */
function distributed(stack, id, props) {
  const map = new sfn.DistributedMap(stack, id, props);
  map.itemProcessor(new sfn.Pass(stack, `${id}Item`), { mode: sfn.ProcessorMode.DISTRIBUTED, executionType: sfn.ProcessorType.EXPRESS });
  return map;
}

export const machines = {
  states(stack) {
    const done = new sfn.Succeed(stack, 'Done', { comment: 'all is well', outputPath: '$.all' });
    const failed = new sfn.Fail(stack, 'Failed', { errorPath: '$.error', causePath: "States.Format('{}', $.cause)" });
    const branch = new sfn.Parallel(stack, 'Both', { resultSelector: { 'first.$': '$[0]' }, resultPath: '$.both', parameters: { 'a.$': '$.a' } });
    branch.branch(new sfn.Pass(stack, 'One', { result: sfn.Result.fromArray([1]) }), new sfn.Wait(stack, 'Two', { time: sfn.WaitTime.secondsPath('$.seconds') }));
    branch.addRetry({ errors: ['States.ALL'], backoffRate: 1.5, interval: Duration.seconds(2), maxAttempts: 3, maxDelay: Duration.minutes(1), jitterStrategy: sfn.JitterType.FULL });
    branch.addCatch(failed, { errors: [sfn.Errors.ALL], resultPath: '$.error' });
    const map = new sfn.Map(stack, 'Each', { itemsPath: '$.items', itemSelector: { 'item.$': '$$.Map.Item.Value' }, maxConcurrency: 2, resultPath: JsonPath.DISCARD });
    map.itemProcessor(new sfn.Pass(stack, 'Item', { inputPath: '$.item' })).addCatch(failed);
    const counted = new sfn.Map(stack, 'Counted', { maxConcurrencyPath: '$.most' });
    counted.itemProcessor(new sfn.Pass(stack, 'CountedItem'));
    const choice = new sfn.Choice(stack, 'Which', { inputPath: '$.a' })
      .when(Condition.and(Condition.stringEquals('$.s', 'a'), Condition.not(Condition.numberLessThan('$.n', 1))), map.next(counted).next(done))
      .when(Condition.or(Condition.isPresent('$.a'), Condition.isNull('$.b'), Condition.isTimestamp('$.t'), Condition.isNumeric('$.n')), branch.next(done))
      .when(Condition.stringMatches('$.s', 'a*'), new sfn.Wait(stack, 'Until', { time: sfn.WaitTime.timestampPath('$.t') }).next(done), { comment: 'later' })
      .when(Condition.timestampGreaterThanEqualsJsonPath('$.t', '$.u'), failed)
      .when(Condition.booleanEquals('$.b', true), new sfn.Wait(stack, 'At', { time: sfn.WaitTime.timestamp('2030-01-01T00:00:00Z') }).next(done))
      .otherwise(failed);
    const intrinsics = new sfn.Pass(stack, 'Intrinsics', {
      parameters: {
        array: JsonPath.array('a', JsonPath.stringAt('$.b')),
        part: JsonPath.arrayPartition(JsonPath.listAt('$.list'), 4),
        has: JsonPath.arrayContains(JsonPath.listAt('$.list'), 1),
        range: JsonPath.arrayRange(1, 9, 2),
        item: JsonPath.arrayGetItem(JsonPath.listAt('$.list'), 1),
        length: JsonPath.arrayLength(JsonPath.listAt('$.list')),
        unique: JsonPath.arrayUnique(JsonPath.listAt('$.list')),
        encoded: JsonPath.base64Encode(JsonPath.stringAt('$.s')),
        decoded: JsonPath.base64Decode(JsonPath.stringAt('$.s')),
        hash: JsonPath.hash(JsonPath.objectAt('$.o'), 'SHA-256'),
        merged: JsonPath.jsonMerge(JsonPath.objectAt('$.o'), JsonPath.objectAt('$.p')),
        random: JsonPath.mathRandom(1, 9),
        sum: JsonPath.mathAdd(1, JsonPath.numberAt('$.n')),
        split: JsonPath.stringSplit(JsonPath.stringAt('$.s'), ','),
        uuid: JsonPath.uuid(),
        format: JsonPath.format('{} {}', JsonPath.stringAt('$.s'), JsonPath.executionName),
        parsed: JsonPath.stringToJson(JsonPath.stringAt('$.s')),
        text: JsonPath.jsonToString(JsonPath.objectAt('$.o')),
        input: JsonPath.entirePayload,
        context: JsonPath.entireContext,
      },
    });
    machine(stack, intrinsics.next(new sfn.Wait(stack, 'Soon', { time: sfn.WaitTime.duration(Duration.seconds(1)) })).next(choice), {
      comment: 'all of them',
      timeout: Duration.hours(1),
      stateMachineName: 'all-states',
      removalPolicy: RemovalPolicy.RETAIN,
    });
  },
  jsonata(stack) {
    const failed = sfn.Fail.jsonata(stack, 'Failed', { error: "{% 'E' & $states.input.a %}", cause: '{% $states.input.cause %}' });
    const parallel = sfn.Parallel.jsonata(stack, 'Both', { arguments: { a: '{% $states.input %}' }, outputs: '{% $states.result[0] %}', assign: { n: 1 } });
    parallel.branch(sfn.Pass.jsonata(stack, 'One', { outputs: { a: '{% $now() %}' } }), sfn.Wait.jsonata(stack, 'Two', { time: sfn.WaitTime.seconds('{% $n %}') }));
    const map = sfn.Map.jsonata(stack, 'Each', { items: sfn.ProvideItems.jsonata('{% $states.input.items %}'), itemSelector: { v: '{% $states.context.Map.Item.Value %}' }, jsonataMaxConcurrency: '{% 1 + 1 %}' });
    map.itemProcessor(sfn.Pass.jsonata(stack, 'Item'));
    const selected = sfn.Map.jsonata(stack, 'Selected', { items: sfn.ProvideItems.jsonArray([1, '{% $n %}']), jsonataItemSelector: '{% $states.input %}' });
    selected.itemProcessor(sfn.Pass.jsonata(stack, 'SelectedItem'));
    const choice = sfn.Choice.jsonata(stack, 'Which').when(Condition.jsonata('{% $states.input.n > 1 %}'), map.next(selected), { assign: { m: '{% 2 %}' }, outputs: '{% 1 %}' }).otherwise(failed);
    const call = tasks.LambdaInvoke.jsonata(stack, 'Call', { lambdaFunction: handler(stack), payload: sfn.TaskInput.fromObject({ a: '{% $n %}' }), outputs: '{% $states.result.Payload %}', taskTimeout: sfn.Timeout.jsonata('{% 5 %}') });
    machine(stack, parallel.next(call).next(choice), { queryLanguage: QueryLanguage.JSONATA });
    const mixed = sfn.Pass.jsonPath(stack, 'Path', { assign: { v: JsonPath.stringAt('$.v') } }).next(sfn.Pass.jsonata(stack, 'Expression', { outputs: '{% $v %}' }));
    machine(stack, mixed, {}, 'Mixed');
  },
  custom(stack) {
    const custom = new sfn.CustomState(stack, 'Own', { stateJson: { Type: 'Task', Resource: 'arn:aws:states:::dynamodb:putItem', Parameters: { TableName: 'things', Item: { id: { S: 'a' } } }, ResultPath: null } });
    custom.addRetry({ errors: [sfn.Errors.TIMEOUT], interval: Duration.seconds(10), maxAttempts: 5 });
    custom.addCatch(new sfn.Fail(stack, 'Failed'), { errors: [sfn.Errors.TASKS_FAILED] });
    machine(stack, new sfn.Pass(stack, 'First').next(custom).next(new sfn.Pass(stack, 'Last')));
  },
  readers(stack) {
    const bucket = new s3.Bucket(stack, 'Bucket');
    const readers = {
      Objects: new sfn.S3ObjectsItemReader({ bucket, prefix: 'a/', maxItems: 5 }),
      Json: new sfn.S3JsonItemReader({ bucket, key: 'a.json' }),
      Lines: new sfn.S3JsonLItemReader({ bucket, key: 'a.jsonl' }),
      Csv: new sfn.S3CsvItemReader({ bucket, key: 'a.csv', csvHeaders: sfn.CsvHeaders.useFirstRow(), csvDelimiter: sfn.CsvDelimiter.SEMICOLON }),
      Columns: new sfn.S3CsvItemReader({ bucketNamePath: JsonPath.stringAt('$.bucket'), key: JsonPath.stringAt('$.key'), csvHeaders: sfn.CsvHeaders.use(['a', 'b']) }),
      Manifest: new sfn.S3ManifestItemReader({ bucket, key: 'manifest.json' }),
    };
    for (const [name, itemReader] of Object.entries(readers)) {
      machine(stack, distributed(stack, `${name}Map`, { itemReader, label: name, maxConcurrency: 3 }), {}, name);
    }
  },
  writers(stack) {
    const bucket = new s3.Bucket(stack, 'Bucket');
    const itemBatcher = new sfn.ItemBatcher({ maxItemsPerBatch: 10, maxInputBytesPerBatch: 1000, batchInput: { a: 1 } });
    const paths = new sfn.ItemBatcher({ maxItemsPerBatchPath: '$.n', maxInputBytesPerBatchPath: '$.b' });
    machine(stack, distributed(stack, 'First', { itemBatcher, resultWriter: new sfn.ResultWriter({ bucket, prefix: 'out' }), toleratedFailurePercentage: 5, mapExecutionType: sfn.StateMachineType.STANDARD }), {}, 'Old');
    const writerConfig = new sfn.WriterConfig({ outputType: sfn.OutputType.JSONL, transformation: sfn.Transformation.COMPACT });
    machine(stack, distributed(stack, 'Second', { itemBatcher: paths, resultWriterV2: new sfn.ResultWriterV2({ bucket, writerConfig }), toleratedFailureCountPath: '$.most' }), {}, 'New');
    machine(stack, distributed(stack, 'Third', { resultWriterV2: new sfn.ResultWriterV2({ bucketNamePath: JsonPath.stringAt('$.bucket'), prefix: 'p' }), toleratedFailureCount: 2 }), {}, 'Paths');
    const jsonata = sfn.DistributedMap.jsonata(stack, 'Fourth', { items: sfn.ProvideItems.jsonata('{% $states.input %}'), resultWriterV2: new sfn.ResultWriterV2({ bucket, prefix: 'q' }) });
    jsonata.itemProcessor(sfn.Pass.jsonata(stack, 'FourthItem'));
    machine(stack, jsonata, {}, 'Jsonata');
    const parallel = new sfn.Parallel(stack, 'Around');
    parallel.branch(distributed(stack, 'Fifth', {}));
    machine(stack, parallel, {}, 'Within').grantRedriveExecution(new iam.User(stack, 'Redriver'));
  },
  texts(stack) {
    const definition = { StartAt: 'A', States: { A: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Parameters: { FunctionName: '${Function}' }, End: true } } };
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    const definitionSubstitutions = { Function: handler(stack).functionArn };
    new sfn.StateMachine(stack, 'Text', { definitionBody: sfn.DefinitionBody.fromString(JSON.stringify(definition)), definitionSubstitutions, role });
    new sfn.StateMachine(stack, 'File', { definitionBody: sfn.DefinitionBody.fromFile(new URL('machine.asl.json', import.meta.url).pathname), definitionSubstitutions });
  },
  versions(stack) {
    const made = machine(stack, new sfn.Pass(stack, 'Pass'));
    const version = new sfn.CfnStateMachineVersion(stack, 'Version', { stateMachineArn: made.stateMachineArn, stateMachineRevisionId: made.stateMachineRevisionId, description: 'first' });
    new sfn.CfnStateMachineAlias(stack, 'Live', { name: 'live', description: 'who calls', routingConfiguration: [{ stateMachineVersionArn: version.ref, weight: 100 }] });
    new sfn.CfnStateMachineAlias(stack, 'Shifted', { name: 'shifted', deploymentPreference: { stateMachineVersionArn: version.ref, type: 'LINEAR', percentage: 20, interval: 1 } });
  },
  logging(stack) {
    const group = new logs.LogGroup(stack, 'Group', { logGroupName: '/aws/vendedlogs/states/machine', retention: logs.RetentionDays.ONE_DAY });
    const made = machine(stack, new sfn.Pass(stack, 'Pass'), {
      stateMachineType: sfn.StateMachineType.EXPRESS,
      logs: { destination: group, level: sfn.LogLevel.ALL, includeExecutionData: false },
      tracingEnabled: true,
    });
    machine(stack, new sfn.Pass(stack, 'Silent'), { logs: { level: sfn.LogLevel.OFF }, tracingEnabled: false }, 'Off');
    const user = new iam.User(stack, 'User');
    for (const grant of ['grantStartExecution', 'grantStartSyncExecution', 'grantRead', 'grantTaskResponse', 'grantExecution']) made[grant](user, 'states:GetExecutionHistory');
    made.metricFailed();
  },
  activities(stack) {
    const activity = new sfn.Activity(stack, 'Activity', { activityName: 'work' });
    activity.grant(new iam.User(stack, 'Worker'), 'states:SendTaskSuccess');
    const invoke = new tasks.StepFunctionsInvokeActivity(stack, 'Work', { activity, parameters: { a: 1 }, heartbeatTimeout: sfn.Timeout.duration(Duration.seconds(30)), taskTimeout: sfn.Timeout.at('$.timeout') });
    machine(stack, invoke);
  },
  encryption(stack) {
    const encryptionConfiguration = new sfn.AwsOwnedEncryptionConfiguration();
    const activity = new sfn.Activity(stack, 'Activity', { encryptionConfiguration });
    machine(stack, new tasks.StepFunctionsInvokeActivity(stack, 'Work', { activity }), { encryptionConfiguration });
  },
  customerKeys(stack) {
    const encryptionConfiguration = new sfn.CustomerManagedEncryptionConfiguration(new kms.Key(stack, 'Key'), Duration.seconds(300));
    machine(stack, new sfn.Pass(stack, 'Pass'), { encryptionConfiguration });
    new sfn.Activity(stack, 'Activity', { encryptionConfiguration: new sfn.CustomerManagedEncryptionConfiguration(kms.Key.fromKeyArn(stack, 'Known', 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab')) });
  },
  credentials(stack) {
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal('111122223333') });
    const fixed = new tasks.LambdaInvoke(stack, 'Fixed', { lambdaFunction: handler(stack), credentials: { role: sfn.TaskRole.fromRole(role) } });
    const read = new tasks.LambdaInvoke(stack, 'Read', { lambdaFunction: lambda.Function.fromFunctionName(stack, 'Known', 'known'), credentials: { role: sfn.TaskRole.fromRoleArnJsonPath('$.role') } });
    machine(stack, fixed.next(read));
  },
};
