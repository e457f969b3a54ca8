// APIs: what their methods, integrations, models and authorizers may be.
import { Duration, Size } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cognito from 'aws-cdk-lib/aws-cognito';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

const { IdentitySource, JsonSchemaType, JsonSchemaVersion } = apigateway;

export function handler(stack, id = 'Handler', more = {}) {
  const code = lambda.Code.fromInline('exports.handler = async () => ({ statusCode: 200 });');
  return new lambda.Function(stack, id, { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code, ...more });
}

export function express(stack, id = 'Machine') {
  const definitionBody = sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, `${id}Pass`));
  return new sfn.StateMachine(stack, id, { stateMachineType: sfn.StateMachineType.EXPRESS, definitionBody });
}

const mock = () =>
  new apigateway.MockIntegration({
    integrationResponses: [{ statusCode: '200', responseTemplates: { 'application/json': '{}' } }],
    passthroughBehavior: apigateway.PassthroughBehavior.NEVER,
    requestTemplates: { 'application/json': '{"statusCode": 200}' },
  });

function guarded(stack, authorizer, options = {}) {
  const api = new apigateway.RestApi(stack, 'Api', { defaultMethodOptions: { authorizer, ...options } });
  api.root.addMethod('ANY', mock());
  api.root.addResource('open').addMethod('GET', mock(), { authorizationType: apigateway.AuthorizationType.NONE, authorizer: undefined });
  return api;
}

export const apis = {
  books(stack) {
    const api = new apigateway.RestApi(stack, 'Api', {
      restApiName: 'books',
      description: 'all that a catalogue does',
      apiKeySourceType: apigateway.ApiKeySourceType.HEADER,
      binaryMediaTypes: ['image/png', '*/*'],
      minCompressionSize: Size.kibibytes(1),
      endpointExportName: 'BooksAddress',
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      failOnWarnings: true,
      parameters: { endpointConfigurationTypes: 'REGIONAL' },
      retainDeployments: true,
    });
    const integration = new apigateway.LambdaIntegration(handler(stack), { allowTestInvoke: false, timeout: Duration.seconds(5) });
    api.root.addMethod('ANY', integration);
    const books = api.root.addResource('books', { defaultIntegration: integration, defaultMethodOptions: { authorizationType: apigateway.AuthorizationType.IAM } });
    books.addMethod('GET').grantExecute(new iam.User(stack, 'Reader'));
    books.addMethod('POST', undefined, { operationName: 'AddBook' });
    books.addResource('{book_id}').addMethod('DELETE');
    api.root.addProxy({ anyMethod: false }).addMethod('HEAD');
    api.root.resourceForPath('/a/b/{c}').addMethod('PUT', new apigateway.HttpIntegration('https://example.com/{c}', { httpMethod: 'PUT' }));
    api.arnForExecuteApi('GET', '/books', 'prod');
  },
  integrations(stack) {
    const api = new apigateway.RestApi(stack, 'Api', { cloudWatchRole: false, deploy: false });
    const credentialsRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com') });
    const options = {
      credentialsRole,
      cacheKeyParameters: ['method.request.path.key'],
      cacheNamespace: 'items',
      contentHandling: apigateway.ContentHandling.CONVERT_TO_TEXT,
      passthroughBehavior: apigateway.PassthroughBehavior.WHEN_NO_TEMPLATES,
      requestParameters: { 'integration.request.path.key': 'method.request.path.key' },
      requestTemplates: { 'application/json': '$input.json("$")' },
      timeout: Duration.seconds(29),
      integrationResponses: [
        { statusCode: '200', responseParameters: { 'method.response.header.Source': "'cache'" }, responseTemplates: { 'application/json': '$input.body' } },
        { statusCode: '404', selectionPattern: '4\\d{2}', contentHandling: apigateway.ContentHandling.CONVERT_TO_BINARY },
      ],
    };
    const methodOptions = {
      requestParameters: { 'method.request.path.key': true, 'method.request.querystring.page': false },
      methodResponses: [{ statusCode: '200', responseParameters: { 'method.response.header.Source': true } }, { statusCode: '404' }],
    };
    const item = api.root.addResource('items').addResource('{key}');
    item.addMethod('GET', new apigateway.AwsIntegration({ service: 's3', path: 'bucket/{key}', integrationHttpMethod: 'GET', options }), methodOptions);
    item.addMethod('PUT', new apigateway.AwsIntegration({ service: 'ssm', subdomain: 'parameters', region: 'eu-west-1', action: 'GetParameter', actionParameters: { Name: 'a' }, options: { credentialsRole } }));
    item.addMethod('POST', new apigateway.HttpIntegration('http://example.com/{key}', { proxy: false, httpMethod: 'POST', options: { ...options, credentialsRole: undefined } }), methodOptions);
    item.addMethod('PATCH', new apigateway.LambdaIntegration(handler(stack), { proxy: false, credentialsPassthrough: true, ...options, credentialsRole: undefined }), { ...methodOptions, authorizationType: apigateway.AuthorizationType.IAM });
    item.addMethod('DELETE', new apigateway.Integration({ type: apigateway.IntegrationType.HTTP_PROXY, uri: 'https://example.com', integrationHttpMethod: 'ANY' }));
    const deployment = new apigateway.Deployment(stack, 'Deployment', { api, description: 'by hand', retainDeployments: false });
    deployment.addToLogicalId({ seed: 1 });
    api.deploymentStage = new apigateway.Stage(stack, 'Stage', { deployment, stageName: 'late' });
  },
  lambda(stack) {
    const api = new apigateway.LambdaRestApi(stack, 'Api', {
      handler: handler(stack),
      integrationOptions: { allowTestInvoke: false, scopePermissionToMethod: false, timeout: Duration.seconds(1) },
    });
    api.addUsagePlan('Plan');
    const explicit = new apigateway.LambdaRestApi(stack, 'Explicit', { handler: handler(stack, 'Other'), proxy: false });
    explicit.root.addResource('items').addMethod('GET');
    const version = handler(stack, 'Aliased').currentVersion;
    const alias = new lambda.Alias(stack, 'Live', { aliasName: 'live', version });
    new apigateway.LambdaRestApi(stack, 'ByAlias', { handler: alias, deployOptions: { stageName: 'beta', variables: { a: 'b' } } });
  },
  streaming(stack) {
    const api = new apigateway.RestApi(stack, 'Api');
    const responseTransferMode = apigateway.ResponseTransferMode.STREAM;
    api.root.addMethod('GET', new apigateway.LambdaIntegration(handler(stack), { responseTransferMode, timeout: Duration.minutes(15) }));
    api.root.addResource('http').addMethod('GET', new apigateway.HttpIntegration('https://example.com', { options: { responseTransferMode } }));
  },
  models(stack) {
    const api = new apigateway.RestApi(stack, 'Api');
    const model = api.addModel('Order', {
      contentType: 'application/json',
      modelName: 'Order',
      description: 'what is ordered',
      schema: {
        schema: JsonSchemaVersion.DRAFT4,
        title: 'order',
        type: JsonSchemaType.OBJECT,
        required: ['item'],
        properties: {
          item: { type: JsonSchemaType.STRING, minLength: 1, pattern: '^[a-z]+$' },
          count: { type: [JsonSchemaType.INTEGER, JsonSchemaType.NULL], minimum: 1, exclusiveMaximum: true, maximum: 10 },
          tags: { type: JsonSchemaType.ARRAY, items: [{ type: JsonSchemaType.STRING }], additionalItems: { type: JsonSchemaType.NUMBER }, uniqueItems: true },
          size: { oneOf: [{ enum: ['s', 'l'] }, { $ref: '#/definitions/size' }] },
        },
        definitions: { size: { type: JsonSchemaType.OBJECT, additionalProperties: false } },
      },
    });
    const validator = api.addRequestValidator('Validator', { requestValidatorName: 'all', validateRequestBody: true, validateRequestParameters: true });
    api.root.addMethod('POST', mock(), {
      requestModels: { 'application/json': model, 'text/plain': apigateway.Model.EMPTY_MODEL },
      requestParameters: { 'method.request.header.Token': true },
      requestValidator: validator,
      methodResponses: [{ statusCode: '200', responseModels: { 'application/json': model } }, { statusCode: '400', responseModels: { 'application/json': apigateway.Model.ERROR_MODEL } }],
    });
    api.root.addMethod('PUT', mock(), { requestValidatorOptions: { requestValidatorName: 'body', validateRequestBody: true } });
  },
  cors(stack) {
    const api = new apigateway.RestApi(stack, 'Api', {
      defaultCorsPreflightOptions: { allowOrigins: ['https://a.example', 'https://b.example'], allowCredentials: true },
    });
    api.root.addResource('one').addMethod('GET', mock());
    const other = new apigateway.RestApi(stack, 'Other');
    other.root.addResource('two').addCorsPreflight({
      allowOrigins: apigateway.Cors.ALL_ORIGINS,
      allowMethods: ['GET', 'PUT'],
      allowHeaders: ['X-Token'],
      exposeHeaders: ['Date'],
      maxAge: Duration.days(1),
      statusCode: 200,
    });
    other.root.addCorsPreflight({ allowOrigins: ['*'], disableCache: true });
  },
  responses(stack) {
    const api = new apigateway.RestApi(stack, 'Api');
    api.root.addMethod('GET', mock());
    for (const name of Object.getOwnPropertyNames(apigateway.ResponseType).filter((name) => /^[A-Z]/.test(name))) {
      api.addGatewayResponse(name, {
        type: apigateway.ResponseType[name],
        statusCode: '418',
        responseHeaders: { 'Access-Control-Allow-Origin': "'*'", 'X-Key': 'context.requestId' },
        templates: { 'application/json': '{"message": $context.error.messageString}' },
      });
    }
  },
  tokenAuthorizer(stack) {
    guarded(stack, new apigateway.TokenAuthorizer(stack, 'Authorizer', {
      handler: handler(stack),
      authorizerName: 'tokens',
      identitySource: IdentitySource.header('X-Token'),
      resultsCacheTtl: Duration.minutes(10),
      validationRegex: '[a-z]+',
    }));
  },
  tokenAuthorizerWithRole(stack) {
    const assumeRole = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com') });
    guarded(stack, new apigateway.TokenAuthorizer(stack, 'Authorizer', { handler: handler(stack), assumeRole }));
  },
  requestAuthorizer(stack) {
    const identitySources = [IdentitySource.header('Authorization'), IdentitySource.queryString('allow'), IdentitySource.stageVariable('a'), IdentitySource.context('httpMethod')];
    guarded(stack, new apigateway.RequestAuthorizer(stack, 'Authorizer', { handler: handler(stack), identitySources, resultsCacheTtl: Duration.seconds(0) }));
  },
  cognitoAuthorizer(stack) {
    const cognitoUserPools = [new cognito.UserPool(stack, 'One'), new cognito.UserPool(stack, 'Two', { selfSignUpEnabled: true, signInAliases: { email: true } })];
    const authorizer = new apigateway.CognitoUserPoolsAuthorizer(stack, 'Authorizer', { cognitoUserPools, resultsCacheTtl: Duration.minutes(1), identitySource: IdentitySource.header('Who') });
    guarded(stack, authorizer, { authorizationScopes: ['a/read'] });
  },
  definition(stack) {
    const definition = {
      openapi: '3.0.2',
      info: { title: 'pets', version: '1' },
      paths: {
        '/pets': {
          get: {
            responses: { 200: { description: 'all' } },
            'x-amazon-apigateway-integration': { type: 'mock', requestTemplates: { 'application/json': '{"statusCode": 200}' }, responses: { default: { statusCode: '200' } } },
          },
        },
      },
    };
    const api = new apigateway.SpecRestApi(stack, 'Inline', {
      apiDefinition: apigateway.ApiDefinition.fromInline(definition),
      restApiName: 'pets',
      mode: apigateway.RestApiMode.MERGE,
      disableExecuteApiEndpoint: true,
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      policy: new iam.PolicyDocument({ statements: [new iam.PolicyStatement({ actions: ['execute-api:Invoke'], resources: ['*'], principals: [new iam.AnyPrincipal()] })] }),
    });
    api.root.addResource('more').addMethod('GET', mock());
    new apigateway.SpecRestApi(stack, 'Asset', {
      apiDefinition: apigateway.ApiDefinition.fromAsset(new URL('pets.json', import.meta.url).pathname),
      deployOptions: { stageName: 'live' },
      parameters: { basepath: 'prepend' },
    });
  },
  workflows(stack) {
    const stateMachine = express(stack);
    new apigateway.StepFunctionsRestApi(stack, 'Api', {
      stateMachine,
      authorizer: true,
      headers: true,
      path: true,
      querystring: true,
      requestContext: {
        accountId: true, apiId: true, apiKey: true, authorizerPrincipalId: true, caller: true, cognitoAuthenticationProvider: true,
        cognitoAuthenticationType: true, cognitoIdentityId: true, cognitoIdentityPoolId: true, httpMethod: true, stage: true,
        sourceIp: true, user: true, userAgent: true, userArn: true, requestId: true, resourceId: true, resourcePath: true,
      },
    });
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com') });
    new apigateway.StepFunctionsRestApi(stack, 'Plain', { stateMachine, useDefaultMethodResponses: false, role, deploy: true });
    const pool = new cognito.UserPool(stack, 'Pool');
    const authorizer = new apigateway.CognitoUserPoolsAuthorizer(stack, 'Authorizer', { cognitoUserPools: [pool] });
    const api = new apigateway.RestApi(stack, 'Own', { defaultMethodOptions: { authorizer } });
    api.root.addMethod('POST', apigateway.StepFunctionsIntegration.startExecution(stateMachine, { authorizer: true, useDefaultMethodResponses: false }), { methodResponses: [{ statusCode: '200' }] });
  },
};
