// What stands before APIs and around them: stages, plans, keys, domains, links, logs.
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesisfirehose from 'aws-cdk-lib/aws-kinesisfirehose';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { handler } from './apis.mjs';

function api(stack, props = {}, id = 'Api') {
  const made = new apigateway.RestApi(stack, id, props);
  made.root.addMethod('GET', new apigateway.MockIntegration({ requestTemplates: { 'application/json': '{"statusCode": 200}' } }));
  return made;
}

const certificate = (stack) => acm.Certificate.fromCertificateArn(stack, 'Certificate', 'arn:aws:acm:us-east-1:123456789012:certificate/11112222-3333-4444-5555-666677778888');

export const gateways = {
  stages(stack) {
    const clientCertificate = new apigateway.CfnClientCertificate(stack, 'ClientCertificate', { description: 'for backends' });
    const made = api(stack, {
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.DESTROY,
      deployOptions: {
        stageName: 'beta',
        description: 'tried first',
        cacheClusterEnabled: true,
        cacheClusterSize: '0.5',
        cachingEnabled: true,
        cacheDataEncrypted: true,
        cacheTtl: Duration.minutes(5),
        clientCertificateId: clientCertificate.ref,
        dataTraceEnabled: true,
        documentationVersion: '1',
        loggingLevel: apigateway.MethodLoggingLevel.INFO,
        methodOptions: { '/*/*': { throttlingRateLimit: 5 }, '/a/GET': { cachingEnabled: false, throttlingBurstLimit: 2, loggingLevel: apigateway.MethodLoggingLevel.ERROR } },
        metricsEnabled: true,
        throttlingBurstLimit: 10,
        throttlingRateLimit: 5.5,
        tracingEnabled: true,
        variables: { color: 'blue' },
      },
    });
    made.root.addResource('a').addMethod('GET', new apigateway.MockIntegration());
    const documentation = new apigateway.CfnDocumentationPart(stack, 'Part', { location: { type: 'API' }, properties: '{"description": "all"}', restApiId: made.restApiId });
    const version = new apigateway.CfnDocumentationVersion(stack, 'Version', { documentationVersion: '1', restApiId: made.restApiId });
    version.addDependency(documentation);
    made.deploymentStage.node.addDependency(version);
    made.metricClientError();
  },
  canaries(stack) {
    const made = api(stack, { deploy: false });
    const deployment = new apigateway.Deployment(stack, 'First', { api: made });
    const next = new apigateway.Deployment(stack, 'Next', { api: made, description: 'next' });
    new apigateway.CfnStage(stack, 'Stage', {
      restApiId: made.restApiId,
      deploymentId: deployment.deploymentId,
      stageName: 'prod',
      canarySetting: { deploymentId: next.deploymentId, percentTrafficDefinition: 10, stageVariableOverrides: { a: 'b' }, percentTraffic: 10, useStageCache: false },
    });
  },
  accessLogs(stack) {
    const group = new logs.LogGroup(stack, 'Group', { retention: logs.RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
    new logs.LogStream(stack, 'LogStream', { logGroup: group, logStreamName: 'by-hand' });
    const fields = { caller: false, httpMethod: true, ip: true, protocol: true, requestTime: true, resourcePath: true, responseLength: true, status: true, user: true };
    api(stack, { deployOptions: { accessLogDestination: new apigateway.LogGroupLogDestination(group), accessLogFormat: apigateway.AccessLogFormat.jsonWithStandardFields(fields) } });
    api(stack, { deployOptions: { accessLogDestination: new apigateway.LogGroupLogDestination(group), accessLogFormat: apigateway.AccessLogFormat.clf() } }, 'Clf');
    const values = Object.getOwnPropertyNames(apigateway.AccessLogField).filter((name) => name.startsWith('context'));
    const format = values.map((name) => apigateway.AccessLogField[name]('Name')).join(' ');
    api(stack, { deployOptions: { accessLogDestination: new apigateway.LogGroupLogDestination(group), accessLogFormat: apigateway.AccessLogFormat.custom(format) } }, 'Custom');
  },
  firehose(stack) {
    const destination = new kinesisfirehose.S3Bucket(new s3.Bucket(stack, 'Bucket'));
    const stream = new kinesisfirehose.DeliveryStream(stack, 'Stream', { deliveryStreamName: 'amazon-apigateway-logs', destination });
    const accessLogDestination = new apigateway.FirehoseLogDestination(stream.node.defaultChild);
    api(stack, { deployOptions: { accessLogDestination, accessLogFormat: apigateway.AccessLogFormat.jsonWithStandardFields() } });
  },
  plans(stack) {
    const made = api(stack, { defaultMethodOptions: { apiKeyRequired: true } });
    const method = made.root.addMethod('POST', new apigateway.MockIntegration());
    const plan = made.addUsagePlan('Plan', {
      name: 'gold',
      description: 'much of it',
      throttle: { rateLimit: 100, burstLimit: 50 },
      quota: { limit: 1000, offset: 2, period: apigateway.Period.WEEK },
      apiStages: [{ api: made, stage: made.deploymentStage, throttle: [{ method, throttle: { rateLimit: 1, burstLimit: 1 } }] }],
    });
    const keys = [
      made.addApiKey('Key', { apiKeyName: 'named', value: 'cdk-templates-0123456789', description: 'a key', customerId: 'c', enabled: false, generateDistinctId: true }),
      new apigateway.ApiKey(stack, 'Stages', { stages: [made.deploymentStage] }),
      new apigateway.RateLimitedApiKey(stack, 'Limited', { apiStages: [{ stage: made.deploymentStage }], quota: { limit: 5, period: apigateway.Period.MONTH }, throttle: { rateLimit: 1, burstLimit: 2 } }),
    ];
    plan.addApiKey(keys[0], { overrideLogicalId: 'FirstKeyOfPlan' });
    plan.addApiKey(keys[1]);
    keys[1].grantRead(new iam.User(stack, 'Reader'));
    new apigateway.UsagePlan(stack, 'Empty');
  },
  domains(stack) {
    const made = api(stack);
    const regional = new apigateway.DomainName(stack, 'Regional', {
      domainName: 'api.example.com',
      certificate: certificate(stack),
      endpointType: apigateway.EndpointType.REGIONAL,
      securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
      mtls: { bucket: s3.Bucket.fromBucketName(stack, 'Truststores', 'truststores'), key: 'truststore.pem', version: 'v' },
    });
    regional.addBasePathMapping(made, { basePath: 'v1', stage: made.deploymentStage });
    regional.addBasePathMapping(api(stack, {}, 'Other'), { basePath: 'v2', attachToStage: false });
    const edge = made.addDomainName('Edge', { domainName: 'www.example.com', certificate: certificate(made), endpointType: apigateway.EndpointType.EDGE });
    new apigateway.BasePathMapping(stack, 'Mapping', { domainName: edge, restApi: made, basePath: 'v3' });
  },
  rules(stack) {
    const domain = new apigatewayv2.CfnDomainName(stack, 'Domain', { domainName: 'rules.example.com', routingMode: 'ROUTING_RULE_ONLY' });
    new apigatewayv2.CfnRoutingRule(stack, 'Rule', {
      domainNameArn: `arn:aws:apigateway:us-east-1::/domainnames/${domain.ref}`,
      priority: 1,
      conditions: [],
      actions: [{ invokeApi: { apiId: api(stack).restApiId, stage: 'prod' } }],
    });
  },
  endpoints(stack) {
    api(stack, { endpointConfiguration: { types: [apigateway.EndpointType.REGIONAL], ipAddressType: apigateway.IpAddressType.DUAL_STACK } }, 'Dual');
    new apigateway.CfnRestApi(stack, 'Strict', { name: 'strict', securityPolicy: apigateway.SecurityPolicy.TLS13_1_3_2025_09, endpointAccessMode: apigateway.EndpointAccessMode.STRICT, endpointConfiguration: { types: ['REGIONAL'] } });
    const open = new iam.PolicyStatement({ actions: ['execute-api:Invoke'], principals: [new iam.AnyPrincipal()], resources: ['execute-api:/*'] });
    const made = api(stack, { policy: new iam.PolicyDocument({ statements: [open] }), disableExecuteApiEndpoint: true }, 'Closed');
    made.addToResourcePolicy(new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: ['execute-api:Invoke'], principals: [new iam.AnyPrincipal()], resources: ['execute-api:/a'] }));
    new apigateway.RestApi(stack, 'Clone', { cloneFrom: made }).root.addResource('more').addMethod('GET', new apigateway.MockIntegration());
  },
  private(stack) {
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const endpoint = vpc.addInterfaceEndpoint('Endpoint', { service: ec2.InterfaceVpcEndpointAwsService.APIGATEWAY });
    api(stack, { endpointConfiguration: { types: [apigateway.EndpointType.PRIVATE], vpcEndpoints: [endpoint] } }).grantInvokeFromVpcEndpointsOnly([endpoint]);
  },
  links(stack) {
    const balancer = elb.NetworkLoadBalancer.fromNetworkLoadBalancerAttributes(stack, 'Balancer', {
      loadBalancerArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/one/0123456789abcdef',
      loadBalancerDnsName: 'balancer.example.com',
    });
    const vpcLink = new apigateway.VpcLink(stack, 'Link', { vpcLinkName: 'link', description: 'to a balancer', targets: [balancer] });
    const integration = new apigateway.Integration({
      type: apigateway.IntegrationType.HTTP_PROXY,
      integrationHttpMethod: 'ANY',
      options: { connectionType: apigateway.ConnectionType.VPC_LINK, vpcLink },
    });
    api(stack).root.addResource('inside').addMethod('GET', integration);
  },
  balancers(stack) {
    const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 });
    new apigateway.VpcLink(stack, 'Link', { targets: [new elb.NetworkLoadBalancer(stack, 'Balancer', { vpc })] });
  },
  imports(stack) {
    const made = api(stack);
    const imported = apigateway.RestApi.fromRestApiAttributes(stack, 'Imported', { restApiId: made.restApiId, rootResourceId: made.restApiRootResourceId });
    imported.root.addResource('more').addMethod('GET', new apigateway.LambdaIntegration(handler(stack)));
    const deployment = new apigateway.Deployment(stack, 'Deployment', { api: imported });
    new apigateway.Stage(stack, 'Stage', { deployment, stageName: 'more' });
    apigateway.Stage.fromStageAttributes(stack, 'ImportedStage', { stageName: 'prod', restApi: imported }).urlForPath('/');
    const plan = apigateway.UsagePlan.fromUsagePlanId(stack, 'ImportedPlan', made.addUsagePlan('Plan').usagePlanId);
    plan.addApiKey(apigateway.ApiKey.fromApiKeyId(stack, 'ImportedKey', made.addApiKey('Key').keyId));
  },
};
