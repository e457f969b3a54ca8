// What people build with the CDK: deployed, changed and destroyed by the CDK's own command.
import { App, CfnOutput, CustomResource, Duration, NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LambdaIntegration, LambdaRestApi, RestApi, StepFunctionsRestApi } from 'aws-cdk-lib/aws-apigateway';
import { Code, Function as Handler, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DefinitionBody, Pass, StateMachine, StateMachineType, Result, TaskInput } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';

const greeting = process.env.GREETING ?? 'hello';
const app = new App();

/** An API whose methods run an express machine. */
class Orders extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const stateMachine = new StateMachine(this, 'Machine', {
      stateMachineType: StateMachineType.EXPRESS,
      definitionBody: DefinitionBody.fromChainable(new Pass(this, 'Greet', { result: Result.fromObject({ greeting }) })),
    });
    const api = new StepFunctionsRestApi(this, 'Api', { stateMachine });
    new CfnOutput(this, 'Url', { value: api.urlForPath('/') });
  }
}

/** A function out of an asset behind an API, with a usage plan for another. */
class Shop extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const handler = new Handler(this, 'Handler', {
      runtime: Runtime.NODEJS_20_X,
      handler: 'index.handler',
      code: Code.fromAsset(new URL('handler', import.meta.url).pathname),
      environment: { GREETING: greeting },
    });
    const api = new LambdaRestApi(this, 'Api', { handler });
    const metered = new RestApi(this, 'Metered');
    metered.root.addMethod('GET', new LambdaIntegration(handler), { apiKeyRequired: true });
    const key = metered.addApiKey('Key', { value: 'cdk-key-0123456789-0123456789' });
    const plan = metered.addUsagePlan('Plan', { throttle: { rateLimit: 10, burstLimit: 2 } });
    plan.addApiKey(key);
    plan.addApiStage({ stage: metered.deploymentStage });
    const machine = new StateMachine(this, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(
        new LambdaInvoke(this, 'Call', { lambdaFunction: handler, payload: TaskInput.fromObject({ path: '/machine' }), payloadResponseOnly: true }),
      ),
      timeout: Duration.minutes(1),
    });
    new CfnOutput(this, 'ApiId', { value: api.restApiId });
    new CfnOutput(this, 'MeteredApi', { value: metered.restApiId });
    new CfnOutput(this, 'MachineArn', { value: machine.stateMachineArn });
  }
}

/** What functions of the CDK's make, and a stack within a stack. */
class Extras extends Stack {
  constructor(scope, id) {
    super(scope, id);
    const bucket = new Bucket(this, 'Bucket', { autoDeleteObjects: true, removalPolicy: RemovalPolicy.DESTROY });
    const provider = new Handler(this, 'Provider', {
      runtime: Runtime.NODEJS_20_X,
      handler: 'index.handler',
      code: Code.fromInline(`
        const response = require('cfn-response');
        exports.handler = (event, context) => response.send(event, context, 'SUCCESS',
          { Greeting: event.ResourceProperties.Greeting + '!' }, 'greeting-' + event.ResourceProperties.Greeting);`),
    });
    const custom = new CustomResource(this, 'Greeting', {
      resourceType: 'Custom::Greeting',
      serviceToken: provider.functionArn,
      properties: { Greeting: greeting },
    });
    const nested = new NestedStack(this, 'Nested');
    const parameter = new StringParameter(nested, 'Parameter', { stringValue: custom.getAttString('Greeting') });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
    new CfnOutput(this, 'Greeted', { value: custom.getAttString('Greeting') });
    new CfnOutput(this, 'ParameterName', { value: parameter.parameterName });
  }
}

new Orders(app, 'Orders');
new Shop(app, 'Shop');
new Extras(app, 'Extras');
