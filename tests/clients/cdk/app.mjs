// CDK's StepFunctionsRestApi with everything that it can pass on, synthesized into the directory given.
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { StepFunctionsRestApi } from 'aws-cdk-lib/aws-apigateway';
import { Choice, Condition, DefinitionBody, Fail, Pass, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';

const app = new App({ outdir: process.argv[2] });
const stack = new Stack(app, 'Orders');
const definition = new Choice(stack, 'Broken?')
  .when(Condition.isPresent('$.body.fail'), new Fail(stack, 'Refuse', { error: 'Refused', cause: 'as asked' }))
  .otherwise(new Pass(stack, 'Echo'));
const stateMachine = new StateMachine(stack, 'Machine', {
  stateMachineType: StateMachineType.EXPRESS,
  definitionBody: DefinitionBody.fromChainable(definition),
});
const api = new StepFunctionsRestApi(stack, 'Api', {
  stateMachine,
  headers: true,
  querystring: true,
  path: true,
  requestContext: { apiId: true, httpMethod: true, stage: true, resourcePath: true, sourceIp: true },
});
new CfnOutput(stack, 'ApiId', { value: api.restApiId });
app.synth();
