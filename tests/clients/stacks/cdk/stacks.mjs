// The five stacks, as people write them with the CDK.
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';

const greeting = process.env.GREETING ?? 'hello';
const app = new App();

function made(name, build) {
  const stack = new Stack(app, name);
  for (const [key, value] of Object.entries(build(stack))) new CfnOutput(stack, `Out${key}`, { value, key }).overrideLogicalId(key);
}

function machine(stack, stateMachineType) {
  const greet = new sfn.Pass(stack, 'Greet', { parameters: { 'said.$': `States.Format('${greeting} {}', $.name)` } });
  return new sfn.StateMachine(stack, 'Machine', { stateMachineType, definitionBody: sfn.DefinitionBody.fromChainable(greet) });
}

function aFunction(stack, name) {
  return new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.PYTHON_3_12,
    handler: `${name}.handler`,
    code: lambda.Code.fromAsset(new URL('functions', import.meta.url).pathname),
    timeout: Duration.seconds(30),
    environment: { GREETING: greeting },
  });
}

const deployOptions = { stageName: 'prod' };

made('start', (stack) => {
  const stateMachine = machine(stack, sfn.StateMachineType.STANDARD);
  const credentialsRole = new iam.Role(stack, 'ApiRole', { assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com') });
  stateMachine.grantStartExecution(credentialsRole);
  const api = new apigateway.RestApi(stack, 'Rest', { deployOptions });
  const integration = new apigateway.AwsIntegration({
    service: 'states',
    action: 'StartExecution',
    options: {
      credentialsRole,
      requestTemplates: {
        'application/json': `{"stateMachineArn": "${stateMachine.stateMachineArn}", "input": "$util.escapeJavaScript($input.body)"}`,
      },
      integrationResponses: [{ statusCode: '200' }],
    },
  });
  api.root.addResource('orders').addMethod('POST', integration, { methodResponses: [{ statusCode: '200' }] });
  return { Api: api.restApiId, Machine: stateMachine.stateMachineArn };
});

made('greet', (stack) => {
  const api = new apigateway.RestApi(stack, 'Rest', { deployOptions });
  const hello = api.root.addResource('hello').addResource('{name}');
  hello.addMethod('GET', new apigateway.LambdaIntegration(aFunction(stack, 'greet')));
  return { Api: api.restApiId };
});

made('callback', (stack) => {
  const handler = aFunction(stack, 'callback');
  handler.addToRolePolicy(new iam.PolicyStatement({ actions: ['states:SendTaskSuccess'], resources: ['*'] }));
  const ask = new tasks.LambdaInvoke(stack, 'Ask', {
    lambdaFunction: handler,
    integrationPattern: sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    payload: sfn.TaskInput.fromObject({ name: sfn.JsonPath.stringAt('$.name'), token: sfn.JsonPath.taskToken }),
    taskTimeout: sfn.Timeout.duration(Duration.minutes(1)),
  });
  const stateMachine = new sfn.StateMachine(stack, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(ask) });
  return { Machine: stateMachine.stateMachineArn };
});

made('quick', (stack) => {
  const stateMachine = machine(stack, sfn.StateMachineType.EXPRESS);
  const api = new apigateway.RestApi(stack, 'Rest', { deployOptions });
  const integration = apigateway.StepFunctionsIntegration.startExecution(stateMachine, {
    requestContext: {},
    headers: false,
    useDefaultMethodResponses: true,
    requestTemplates: {
      'application/json': `{"stateMachineArn": "${stateMachine.stateMachineArn}", "input": "$util.escapeJavaScript($input.body)"}`,
    },
    integrationResponses: [{ statusCode: '200', responseTemplates: { 'application/json': "$input.path('$.output')" } }],
  });
  api.root.addResource('quick').addMethod('POST', integration);
  return { Api: api.restApiId, Machine: stateMachine.stateMachineArn };
});

made('plans', (stack) => {
  const pool = new cognito.UserPool(stack, 'People', { removalPolicy: RemovalPolicy.DESTROY });
  const client = pool.addClient('Page', { authFlows: { userPassword: true }, disableOAuth: true });
  const authorizer = new apigateway.CognitoUserPoolsAuthorizer(stack, 'Authorizer', { cognitoUserPools: [pool] });
  const api = new apigateway.RestApi(stack, 'Rest', { deployOptions });
  const integration = new apigateway.MockIntegration({
    requestTemplates: { 'application/json': '{"statusCode": 200}' },
    integrationResponses: [
      {
        statusCode: '200',
        responseTemplates: { 'application/json': `{"said": "${greeting} $context.authorizer.claims['cognito:username']"}` },
      },
    ],
  });
  const options = { authorizer, apiKeyRequired: true, methodResponses: [{ statusCode: '200' }] };
  api.root.addResource('plans').addMethod('GET', integration, options);
  const plan = api.addUsagePlan('Plan', {
    throttle: { rateLimit: 100, burstLimit: 50 },
    quota: { limit: 1000, period: apigateway.Period.DAY },
    apiStages: [{ stage: api.deploymentStage }],
  });
  plan.addApiKey(api.addApiKey('Key', { value: 'stacks-key-0123456789-0123456789' }));
  return { Api: api.restApiId, Pool: pool.userPoolId, Client: client.userPoolClientId };
});
