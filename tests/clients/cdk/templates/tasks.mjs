// Tasks: all that the CDK has, of services that are here and of others. What they are about is known by its name, so that only
// `made` needs types of those services.
import { Duration, SecretValue, Size } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as bedrock from 'aws-cdk-lib/aws-bedrock';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as eks from 'aws-cdk-lib/aws-eks';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as all from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { express, handler } from './apis.mjs';

const { IntegrationPattern, JsonPath, TaskInput } = sfn;
const { REQUEST_RESPONSE, RUN_JOB, WAIT_FOR_TASK_TOKEN } = IntegrationPattern;
const arn = (service, resource) => `arn:aws:${service}:us-east-1:123456789012:${resource}`;

/** A machine of tasks that follow each other. */
function machine(stack, states, more = {}) {
  return new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(chain(states)), ...more });
}

function chain(states) {
  return states.slice(1).reduce((before, state) => before.next(state), sfn.Chain.start(states[0]));
}

/** A network that is known. */
function network(stack) {
  const subnets = { availabilityZones: ['us-east-1a'], privateSubnetIds: ['subnet-1'], privateSubnetRouteTableIds: ['rtb-1'] };
  return ec2.Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', ...subnets });
}

const group = (stack) => ec2.SecurityGroup.fromSecurityGroupId(stack, 'SecurityGroup', 'sg-1', { mutable: false });
const bucket = (stack) => s3.Bucket.fromBucketName(stack, 'Bucket', 'things');

export const tasks = {
  functions(stack) {
    const lambdaFunction = handler(stack);
    machine(stack, [
      new all.LambdaInvoke(stack, 'Plain', { lambdaFunction, retryOnServiceExceptions: false, resultSelector: { 'all.$': '$.Payload' }, resultPath: '$.plain' }),
      new all.LambdaInvoke(stack, 'Old', { lambdaFunction, payloadResponseOnly: true, payload: TaskInput.fromJsonPathAt('$.a') }),
      new all.LambdaInvoke(stack, 'Token', { lambdaFunction, integrationPattern: WAIT_FOR_TASK_TOKEN, payload: TaskInput.fromObject({ token: JsonPath.taskToken }), heartbeatTimeout: sfn.Timeout.duration(Duration.hours(1)) }),
      new all.LambdaInvoke(stack, 'Event', { lambdaFunction, invocationType: all.LambdaInvocationType.EVENT, clientContext: 'eyJ0ZXN0IjoxfQ==', qualifier: '$LATEST' }),
    ]);
  },
  expression(stack) {
    machine(stack, [new all.EvaluateExpression(stack, 'Sum', { expression: '$.a + $.b', resultPath: '$.sum' })]);
  },
  executions(stack) {
    const child = express(stack, 'Child');
    const standard = new sfn.StateMachine(stack, 'Standard', { definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, 'Pass')) });
    machine(stack, [
      new all.StepFunctionsStartExecution(stack, 'Start', { stateMachine: child, name: 'named', input: TaskInput.fromObject({ a: 1 }) }),
      new all.StepFunctionsStartExecution(stack, 'Run', { stateMachine: standard, integrationPattern: RUN_JOB, associateWithParent: true }),
      new all.StepFunctionsStartExecution(stack, 'Wait', { stateMachine: standard, integrationPattern: WAIT_FOR_TASK_TOKEN, input: TaskInput.fromObject({ token: JsonPath.taskToken }) }),
    ]);
  },
  apis(stack) {
    const api = new apigateway.RestApi(stack, 'Api', { cloudWatchRole: false });
    api.root.addMethod('ANY', new apigateway.MockIntegration());
    machine(stack, [
      new all.CallApiGatewayRestApiEndpoint(stack, 'Rest', { api, stageName: 'prod', method: all.HttpMethod.GET, apiPath: '/a', queryParameters: TaskInput.fromObject({ q: ['1'] }), authType: all.AuthType.IAM_ROLE }),
      new all.CallApiGatewayRestApiEndpoint(stack, 'Token', { api, stageName: 'prod', method: all.HttpMethod.POST, headers: TaskInput.fromObject({ TaskToken: sfn.JsonPath.array(JsonPath.taskToken) }), requestBody: TaskInput.fromObject({ a: 1 }), integrationPattern: WAIT_FOR_TASK_TOKEN, authType: all.AuthType.RESOURCE_POLICY }),
      new all.CallApiGatewayHttpApiEndpoint(stack, 'Http', { apiId: 'a1b2c3d4e5', apiStack: stack, method: all.HttpMethod.GET }),
    ]);
  },
  http(stack) {
    const connection = events.Connection.fromConnectionAttributes(stack, 'Connection', { connectionName: 'shop', connectionArn: arn('events', 'connection/shop/1'), connectionSecretArn: arn('secretsmanager', 'secret:events!connection/shop/1') });
    machine(stack, [
      new all.HttpInvoke(stack, 'Call', {
        connection,
        apiRoot: 'https://api.example.com',
        apiEndpoint: TaskInput.fromText(JsonPath.format('orders/{}', JsonPath.stringAt('$.id'))),
        method: TaskInput.fromText('POST'),
        body: TaskInput.fromObject({ a: 1 }),
        headers: TaskInput.fromObject({ 'Content-Type': 'application/x-www-form-urlencoded' }),
        queryStringParameters: TaskInput.fromObject({ q: 1 }),
        urlEncodingFormat: all.URLEncodingFormat.BRACKETS,
      }),
      all.HttpInvoke.jsonata(stack, 'Expressed', { connection, apiRoot: 'https://api.example.com', apiEndpoint: TaskInput.fromText('{% "orders" %}'), method: TaskInput.fromText('{% $states.input.method %}') }),
    ]);
  },
  tables(stack) {
    const table = dynamodb.Table.fromTableName(stack, 'Table', 'things');
    const { DynamoAttributeValue: Value } = all;
    const key = { id: Value.fromString('a') };
    machine(stack, [
      new all.DynamoGetItem(stack, 'Get', { table, key, consistentRead: true, projectionExpression: [new all.DynamoProjectionExpression().withAttribute('a').atIndex(0)], returnConsumedCapacity: all.DynamoConsumedCapacity.TOTAL }),
      new all.DynamoPutItem(stack, 'Put', { table, item: { ...key, n: Value.fromNumber(1), s: Value.fromStringSet(['a']), m: Value.mapFromJsonPath('$.m'), l: Value.fromList([Value.booleanFromJsonPath('$.b')]), e: Value.fromNull(true) }, returnValues: all.DynamoReturnValues.ALL_OLD }),
      new all.DynamoUpdateItem(stack, 'Update', { table, key, updateExpression: 'SET n = n + :v', expressionAttributeValues: { ':v': Value.numberFromString(JsonPath.stringAt('$.v')) }, conditionExpression: 'attribute_exists(id)' }),
      new all.DynamoDeleteItem(stack, 'Delete', { table, key, returnItemCollectionMetrics: all.DynamoItemCollectionMetrics.SIZE, resultPath: JsonPath.DISCARD }),
    ]);
  },
  messages(stack) {
    const topic = sns.Topic.fromTopicArn(stack, 'Topic', arn('sns', 'news'));
    const queue = sqs.Queue.fromQueueArn(stack, 'Queue', arn('sqs', 'work.fifo'));
    const eventBus = events.EventBus.fromEventBusName(stack, 'Bus', 'bus');
    const messageAttributes = { a: { value: 'a' }, n: { value: 1 }, l: { value: JsonPath.listAt('$.l') } };
    machine(stack, [
      new all.SnsPublish(stack, 'Publish', { topic, message: TaskInput.fromObject({ default: 'a' }), messagePerSubscriptionType: true, subject: 's', messageAttributes }),
      new all.SnsPublish(stack, 'Ask', { topic, message: TaskInput.fromObject({ token: JsonPath.taskToken }), integrationPattern: WAIT_FOR_TASK_TOKEN }),
      new all.SqsSendMessage(stack, 'Send', { queue, messageBody: TaskInput.fromJsonPathAt('$'), messageDeduplicationId: JsonPath.stringAt('$.id'), messageGroupId: 'g' }),
      new all.SqsSendMessage(stack, 'SendToken', { queue, messageBody: TaskInput.fromObject({ token: JsonPath.taskToken }), messageGroupId: 'g', integrationPattern: WAIT_FOR_TASK_TOKEN }),
      new all.EventBridgePutEvents(stack, 'Events', { entries: [{ detail: TaskInput.fromObject({ token: JsonPath.taskToken }), detailType: 't', source: 's', eventBus }], integrationPattern: WAIT_FOR_TASK_TOKEN }),
      new all.EventBridgeSchedulerCreateScheduleTask(stack, 'Schedule', {
        scheduleName: 'once',
        actionAfterCompletion: all.ActionAfterCompletion.DELETE,
        clientToken: 'token',
        endDate: new Date('2031-01-01'),
        startDate: new Date('2030-01-01'),
        flexibleTimeWindow: Duration.minutes(5),
        groupName: 'group',
        schedule: all.Schedule.rate(Duration.minutes(5)),
        timezone: 'UTC',
        target: new all.EventBridgeSchedulerTarget({
          arn: queue.queueArn,
          role: iam.Role.fromRoleArn(stack, 'Sender', 'arn:aws:iam::123456789012:role/sender', { mutable: false }),
          retryPolicy: { maximumEventAge: Duration.minutes(5), maximumRetryAttempts: 2 },
          deadLetterQueue: sqs.Queue.fromQueueArn(stack, 'Dead', arn('sqs', 'dead')),
        }),
      }),
    ]);
  },
  sdk(stack) {
    const call = (id, service, action, more) => new all.CallAwsService(stack, id, { service, action, iamResources: ['*'], ...more });
    machine(stack, [
      call('Objects', 's3', 'listBuckets'),
      call('Logs', 'cloudwatchlogs', 'createLogStream', { parameters: { LogGroupName: 'g', LogStreamName: JsonPath.stringAt('$.s') } }),
      call('Machines', 'sfn', 'sendTaskSuccess', { parameters: { TaskToken: JsonPath.stringAt('$.token'), Output: '{}' }, iamAction: 'states:SendTaskSuccess' }),
      call('Files', 'efs', 'describeFileSystems'),
      call('Workflows', 'mwaa', 'listEnvironments'),
      call('Balancers', 'elasticloadbalancingv2', 'describeLoadBalancers'),
      call('Packages', 'mediapackagevod', 'listAssets'),
      call('Waiting', 'lambda', 'invoke', { parameters: { FunctionName: 'f', Payload: JsonPath.taskToken }, integrationPattern: WAIT_FOR_TASK_TOKEN, additionalIamStatements: [new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: ['*'] })] }),
      all.CallAwsService.jsonata(stack, 'Expressed', { service: 'dynamodb', action: 'getItem', iamResources: ['*'], parameters: { TableName: 't', Key: { id: { S: '{% $states.input.id %}' } } }, outputs: '{% $states.result.Item %}' }),
    ]);
  },
  otherRegions(stack) {
    machine(stack, [
      new all.CallAwsServiceCrossRegion(stack, 'Far', { service: 's3', action: 'getObject', region: 'eu-west-1', parameters: { Bucket: 'things', Key: JsonPath.stringAt('$.key') }, iamResources: ['*'], retryOnServiceExceptions: true, endpoint: 'https://s3.eu-west-1.amazonaws.com' }),
      new all.CallAwsServiceCrossRegion(stack, 'FarToken', { service: 'lambda', action: 'invoke', region: 'eu-west-1', parameters: { FunctionName: 'f', Payload: JsonPath.taskToken }, iamResources: ['*'], integrationPattern: WAIT_FOR_TASK_TOKEN }),
    ]);
  },
  queries(stack) {
    const id = JsonPath.stringAt('$.id');
    machine(stack, [
      new all.AthenaStartQueryExecution(stack, 'Query', {
        queryString: 'SELECT 1', clientRequestToken: 'c', workGroup: 'primary', executionParameters: ['1'],
        queryExecutionContext: { catalogName: 'AwsDataCatalog', databaseName: 'd' },
        resultConfiguration: { encryptionConfiguration: { encryptionOption: all.EncryptionOption.S3_MANAGED }, outputLocation: { bucketName: 'things', objectKey: 'out' } },
        resultReuseConfigurationMaxAge: Duration.minutes(100), integrationPattern: RUN_JOB,
      }),
      new all.AthenaGetQueryExecution(stack, 'Status', { queryExecutionId: id }),
      new all.AthenaGetQueryResults(stack, 'Results', { queryExecutionId: id, maxResults: 5, nextToken: 'n' }),
      new all.AthenaStopQueryExecution(stack, 'Stop', { queryExecutionId: id }),
      new all.GlueStartJobRun(stack, 'Job', { glueJobName: 'j', integrationPattern: RUN_JOB, arguments: TaskInput.fromObject({ '--a': 'b' }), notifyDelayAfter: Duration.minutes(1), securityConfiguration: 's', executionClass: all.ExecutionClass.FLEX, workerConfiguration: { workerTypeV2: all.WorkerTypeV2.of(JsonPath.stringAt('$.w')), numberOfWorkers: 2 } }),
      new all.GlueStartCrawlerRun(stack, 'Crawler', { crawlerName: 'c' }),
      new all.GlueDataBrewStartJobRun(stack, 'Brew', { name: 'b', integrationPattern: RUN_JOB }),
    ]);
  },
  builds(stack) {
    const project = codebuild.Project.fromProjectName(stack, 'Project', 'project');
    machine(stack, [
      new all.CodeBuildStartBuild(stack, 'Build', { project, integrationPattern: RUN_JOB, environmentVariablesOverride: { ZONE: { type: codebuild.BuildEnvironmentVariableType.PLAINTEXT, value: JsonPath.stringAt('$.zone') } } }),
      new all.CodeBuildStartBuildBatch(stack, 'Batch', { project, integrationPattern: REQUEST_RESPONSE }),
      new all.BatchSubmitJob(stack, 'Submit', {
        jobDefinitionArn: arn('batch', 'job-definition/d:1'), jobName: 'j', jobQueueArn: arn('batch', 'job-queue/q'), arraySize: 15, attempts: 3, tags: { a: 'b' },
        containerOverrides: { command: ['sudo'], environment: { A: 'b' }, instanceType: ec2.InstanceType.of(ec2.InstanceClass.M5, ec2.InstanceSize.LARGE), memory: Size.mebibytes(1024), gpuCount: 1, vcpus: 10 },
        dependsOn: [{ jobId: '1234', type: 'SEQUENTIAL' }], payload: TaskInput.fromObject({ foo: JsonPath.stringAt('$.bar') }), integrationPattern: RUN_JOB,
      }),
      new all.MediaConvertCreateJob(stack, 'Convert', { createJobRequest: { Role: 'arn:aws:iam::123456789012:role/r', Settings: { OutputGroups: [] } }, integrationPattern: RUN_JOB }),
    ]);
  },
  bedrock(stack) {
    const model = bedrock.FoundationModel.fromFoundationModelId(stack, 'Model', bedrock.FoundationModelIdentifier.AMAZON_TITAN_TEXT_G1_EXPRESS_V1);
    const things = bucket(stack);
    machine(stack, [
      new all.BedrockInvokeModel(stack, 'Prompt', { model, body: TaskInput.fromObject({ inputText: 'hello' }), contentType: 'application/json', accept: 'application/json', traceEnabled: true, guardrail: all.Guardrail.enable('abcde', 1), resultSelector: { names: JsonPath.stringAt('$.Body.results[0].outputText') } }),
      new all.BedrockInvokeModel(stack, 'FromBucket', { model, input: { s3Location: { bucketName: 'things', objectKey: 'in' } }, output: { s3Location: { bucketName: 'things', objectKey: 'out' } } }),
      new all.BedrockCreateModelCustomizationJob(stack, 'Customize', {
        baseModel: model, customModelName: 'c', jobName: 'j', clientRequestToken: 't', customizationType: all.CustomizationType.FINE_TUNING, hyperParameters: { batchSize: '1' },
        customModelTags: [{ key: 'a', value: 'b' }], trainingData: { bucket: things }, validationData: [{ bucket: things, path: 'v' }], outputData: { bucket: things, path: 'o' }, integrationPattern: RUN_JOB,
      }),
    ]);
  },
  containers(stack) {
    const vpc = network(stack);
    const cluster = ecs.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'c', vpc, securityGroups: [] });
    const role = iam.Role.fromRoleArn(stack, 'TaskRole', 'arn:aws:iam::123456789012:role/task', { mutable: false });
    const define = (id, compatibility) => {
      const taskDefinition = new ecs.TaskDefinition(stack, id, { compatibility, cpu: '256', memoryMiB: '512', taskRole: role, executionRole: role, networkMode: ecs.NetworkMode.AWS_VPC });
      return [taskDefinition, taskDefinition.addContainer('main', { image: ecs.ContainerImage.fromRegistry('busybox'), memoryLimitMiB: 256 })];
    };
    const [fargate, main] = define('Fargate', ecs.Compatibility.FARGATE);
    const [instances] = define('Instances', ecs.Compatibility.EC2);
    const securityGroups = [group(stack)];
    const containerOverrides = [{ containerDefinition: main, environment: [{ name: 'A', value: JsonPath.stringAt('$.a') }], command: ['a'], cpu: 1, memoryLimit: 2, memoryReservation: 3 }];
    const launchTarget = new all.EcsFargateLaunchTarget({ platformVersion: ecs.FargatePlatformVersion.VERSION1_4 });
    const onInstances = new all.EcsEc2LaunchTarget({ placementStrategies: [ecs.PlacementStrategy.spreadAcrossInstances()], placementConstraints: [ecs.PlacementConstraint.memberOf('blieptuut')] });
    machine(stack, [
      new all.EcsRunTask(stack, 'Fast', { cluster, taskDefinition: fargate, containerOverrides, launchTarget, securityGroups, assignPublicIp: false, integrationPattern: RUN_JOB, propagatedTagSource: ecs.PropagatedTagSource.TASK_DEFINITION, enableExecuteCommand: true, cpu: '1024', memoryMiB: '2048' }),
      new all.EcsRunTask(stack, 'Slow', { cluster, taskDefinition: instances, launchTarget: onInstances, securityGroups, revisionNumber: 1 }),
    ]);
  },
  clusters(stack) {
    const cluster = eks.Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'c', clusterEndpoint: 'https://c.example.com', clusterCertificateAuthorityData: 'abc' });
    const clusterId = JsonPath.stringAt('$.id');
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('elasticmapreduce.amazonaws.com') });
    const { EmrCreateCluster: Emr } = all;
    machine(stack, [
      new all.EksCall(stack, 'Call', { cluster, httpMethod: all.HttpMethods.GET, httpPath: '/api/v1/namespaces/default/pods', queryParameters: { labelSelector: ['a'] }, requestBody: TaskInput.fromObject({ a: 'b' }) }),
      new Emr(stack, 'Create', {
        instances: { instanceFleets: [{ instanceFleetType: Emr.InstanceRoleType.MASTER, instanceTypeConfigs: [{ instanceType: 'm5.xlarge', ebsConfiguration: { ebsBlockDeviceConfigs: [{ volumeSpecification: { volumeSize: Size.gibibytes(1), volumeType: Emr.EbsBlockDeviceVolumeType.STANDARD } }] } }], launchSpecifications: { spotSpecification: { allocationStrategy: Emr.SpotAllocationStrategy.CAPACITY_OPTIMIZED, timeoutAction: Emr.SpotTimeoutAction.TERMINATE_CLUSTER, timeoutDurationMinutes: 60 } }, targetSpotCapacity: 1 }] },
        clusterRole: role, serviceRole: role, name: 'c', releaseLabel: 'emr-6.15.0', tags: { a: 'b' }, visibleToAllUsers: true, stepConcurrencyLevel: 2, autoTerminationPolicyIdleTimeout: Duration.minutes(5),
        managedScalingPolicy: { computeLimits: { unitType: Emr.ComputeLimitsUnitType.INSTANCE_FLEET_UNITS, maximumCapacityUnits: 4, minimumCapacityUnits: 1 } }, integrationPattern: RUN_JOB,
      }),
      new all.EmrAddStep(stack, 'Step', { clusterId, name: 's', jar: 's3://things/a.jar', actionOnFailure: all.ActionOnFailure.CONTINUE, args: ['a'], mainClass: 'M', properties: { a: 'b' }, executionRoleArn: 'arn:aws:iam::123456789012:role/e' }),
      new all.EmrCancelStep(stack, 'Cancel', { clusterId, stepId: JsonPath.stringAt('$.step') }),
      new all.EmrModifyInstanceFleetByName(stack, 'Fleet', { clusterId, instanceFleetName: 'f', targetOnDemandCapacity: 2, targetSpotCapacity: 0 }),
      new all.EmrModifyInstanceGroupByName(stack, 'Group', { clusterId, instanceGroupName: 'g', instanceGroup: { instanceCount: 1, eC2InstanceIdsToTerminate: ['i'], shrinkPolicy: { decommissionTimeout: Duration.minutes(1) } } }),
      new all.EmrSetClusterTerminationProtection(stack, 'Protect', { clusterId, terminationProtected: false }),
      new all.EmrTerminateCluster(stack, 'Terminate', { clusterId }),
    ]);
  },
  emrContainers(stack) {
    const executionRole = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/r', { mutable: false });
    machine(stack, [
      new all.EmrContainersCreateVirtualCluster(stack, 'Create', { virtualClusterName: 'v', eksCluster: all.EksClusterInput.fromTaskInput(TaskInput.fromText('c')), eksNamespace: 'n', tags: { a: 'b' } }),
      new all.EmrContainersStartJobRun(stack, 'Start', {
        virtualCluster: all.VirtualClusterInput.fromVirtualClusterId('v'), releaseLabel: all.ReleaseLabel.EMR_6_2_0, jobName: 'j', executionRole,
        jobDriver: { sparkSubmitJobDriver: { entryPoint: TaskInput.fromText('local:///a.py'), entryPointArguments: TaskInput.fromObject(['2']), sparkSubmitParameters: '--conf a=b' } },
        applicationConfig: [{ classification: all.Classification.SPARK_DEFAULTS, properties: { a: 'b' } }],
      }),
      new all.EmrContainersDeleteVirtualCluster(stack, 'Delete', { virtualClusterId: TaskInput.fromJsonPathAt('$.id'), integrationPattern: RUN_JOB }),
    ]);
  },
  models(stack) {
    const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/r', { mutable: false });
    const key = kms.Key.fromKeyArn(stack, 'Key', arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab'));
    const location = all.S3Location.fromBucket(bucket(stack), 'in');
    machine(stack, [
      new all.SageMakerCreateTrainingJob(stack, 'Train', {
        trainingJobName: JsonPath.stringAt('$.job'), role, algorithmSpecification: { algorithmName: 'BlazingText', trainingInputMode: all.InputMode.FILE, metricDefinitions: [{ name: 'm', regex: 'r' }] },
        inputDataConfig: [{ channelName: 'train', dataSource: { s3DataSource: { s3DataType: all.S3DataType.S3_PREFIX, s3Location: location } } }],
        outputDataConfig: { s3OutputLocation: location, encryptionKey: key }, hyperparameters: { a: 'b' }, stoppingCondition: { maxRuntime: Duration.hours(1) }, integrationPattern: RUN_JOB,
        resourceConfig: { instanceCount: 1, instanceType: new ec2.InstanceType('m5.large'), volumeSize: Size.gibibytes(50) }, environment: { A: 'b' }, tags: { a: 'b' },
      }),
      new all.SageMakerCreateTransformJob(stack, 'Transform', { transformJobName: 't', modelName: 'm', role, integrationPattern: RUN_JOB, transformInput: { transformDataSource: { s3DataSource: { s3Uri: 's3://things/in', s3DataType: all.S3DataType.S3_PREFIX } } }, transformOutput: { s3OutputPath: 's3://things/out' }, transformResources: { instanceCount: 1, instanceType: new ec2.InstanceType('m5.large') } }),
      new all.SageMakerCreateModel(stack, 'Model', { modelName: 'm', role, primaryContainer: new all.ContainerDefinition({ image: all.DockerImage.fromJsonExpression(JsonPath.stringAt('$.image')), mode: all.Mode.SINGLE_MODEL, modelS3Location: all.S3Location.fromJsonExpression('$.model') }) }),
      new all.SageMakerCreateEndpointConfig(stack, 'Config', { endpointConfigName: 'c', kmsKey: key, productionVariants: [{ initialInstanceCount: 2, instanceType: new ec2.InstanceType('m5.large'), modelName: 'm', variantName: 'v' }] }),
      new all.SageMakerCreateEndpoint(stack, 'Endpoint', { endpointName: 'e', endpointConfigName: 'c', tags: TaskInput.fromObject([{ Key: 'a', Value: 'b' }]) }),
      new all.SageMakerUpdateEndpoint(stack, 'Update', { endpointName: 'e', endpointConfigName: 'c' }),
    ]);
  },
  made(stack) {
    const topic = new sns.Topic(stack, 'Topic');
    const queue = new sqs.Queue(stack, 'Queue', { encryptionMasterKey: new kms.Key(stack, 'Key') });
    const table = new dynamodb.Table(stack, 'Table', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1 });
    const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
    const taskDefinition = new ecs.FargateTaskDefinition(stack, 'Definition');
    taskDefinition.addContainer('main', { image: ecs.ContainerImage.fromRegistry('busybox') });
    const connection = new events.Connection(stack, 'Connection', { authorization: events.Authorization.basic('a', SecretValue.unsafePlainText('b')) });
    machine(stack, [
      new all.SnsPublish(stack, 'Publish', { topic, message: TaskInput.fromText('a') }),
      new all.SqsSendMessage(stack, 'Send', { queue, messageBody: TaskInput.fromText('a') }),
      new all.DynamoGetItem(stack, 'Get', { table, key: { id: all.DynamoAttributeValue.fromString('a') } }),
      new all.EcsRunTask(stack, 'Run', { cluster, taskDefinition, launchTarget: new all.EcsFargateLaunchTarget(), integrationPattern: RUN_JOB }),
      new all.HttpInvoke(stack, 'Call', { connection, apiRoot: 'https://a.example', apiEndpoint: TaskInput.fromText('b'), method: TaskInput.fromText('GET') }),
    ]);
  },
};
