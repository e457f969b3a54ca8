# A REST API as people describe theirs: in front of a state machine, with keys, plans, an authorizer, a model, a
# validator, method settings and everything that a deployment needs.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}

variable "burst" {
  default = 10
}

variable "greeting" {
  default = "hello"
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    apigateway     = var.endpoint
    cloudformation = var.endpoint
    ec2            = var.endpoint
    iam            = var.endpoint
    lambda         = var.endpoint
    stepfunctions  = var.endpoint
    sts            = var.endpoint
  }
}

resource "aws_iam_role" "role" {
  name = "terraform"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = ["lambda.amazonaws.com", "apigateway.amazonaws.com", "states.amazonaws.com"] } }]
  })
}

resource "aws_iam_role_policy" "start" {
  name   = "start"
  role   = aws_iam_role.role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "states:StartExecution", Resource = "*" },
      # What API Gateway asks of the role that writes its logs.
      {
        Effect = "Allow"
        Action = [
          "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
          "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents",
        ]
        Resource = "*"
      },
    ]
  })
}

resource "aws_sfn_activity" "work" {
  name = "terraform-work"
}

resource "aws_sfn_state_machine" "orders" {
  name       = "terraform-orders"
  role_arn   = aws_iam_role.role.arn
  definition = jsonencode({ StartAt = "Greet", States = { Greet = { Type = "Pass", Result = var.greeting, End = true } } })
  tags       = { team = "shop" }
}

resource "aws_api_gateway_account" "account" {
  cloudwatch_role_arn = aws_iam_role.role.arn
  # The role is asked when it is set.
  depends_on = [aws_iam_role_policy.start]
}

resource "aws_api_gateway_rest_api" "shop" {
  name                     = "terraform-shop"
  description              = "A shop"
  binary_media_types       = ["image/png"]
  minimum_compression_size = 1024
  tags                     = { team = "shop" }

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_model" "order" {
  rest_api_id  = aws_api_gateway_rest_api.shop.id
  name         = "Order"
  description  = "An order"
  content_type = "application/json"
  schema       = jsonencode({ "$schema" = "http://json-schema.org/draft-04/schema#", type = "object", required = ["item"], properties = { item = { type = "string" } } })
}

resource "aws_api_gateway_request_validator" "all" {
  rest_api_id                 = aws_api_gateway_rest_api.shop.id
  name                        = "all"
  validate_request_body       = true
  validate_request_parameters = true
}

resource "aws_api_gateway_authorizer" "token" {
  rest_api_id                      = aws_api_gateway_rest_api.shop.id
  name                             = "token"
  type                             = "TOKEN"
  authorizer_uri                   = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:auth/invocations"
  identity_source                  = "method.request.header.Authorization"
  identity_validation_expression   = "Bearer .*"
  authorizer_result_ttl_in_seconds = 60
}

resource "aws_api_gateway_gateway_response" "throttled" {
  rest_api_id         = aws_api_gateway_rest_api.shop.id
  response_type       = "THROTTLED"
  status_code         = "429"
  response_templates  = { "application/json" = "{\"slower\":true}" }
  response_parameters = { "gatewayresponse.header.X-Slow" = "'yes'" }
}

resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "orders"
}

resource "aws_api_gateway_resource" "order" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_resource.orders.id
  path_part   = "{id}"
}

resource "aws_api_gateway_method" "create" {
  rest_api_id          = aws_api_gateway_rest_api.shop.id
  resource_id          = aws_api_gateway_resource.orders.id
  http_method          = "POST"
  authorization        = "NONE"
  api_key_required     = true
  request_validator_id = aws_api_gateway_request_validator.all.id
  request_models       = { "application/json" = aws_api_gateway_model.order.name }
  request_parameters   = { "method.request.querystring.dry" = false }
}

resource "aws_api_gateway_integration" "create" {
  rest_api_id             = aws_api_gateway_rest_api.shop.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.create.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:aws:apigateway:us-east-1:states:action/StartExecution"
  credentials             = aws_iam_role.role.arn
  passthrough_behavior    = "NEVER"
  timeout_milliseconds    = 10000

  request_templates = {
    "application/json" = "{\"input\": \"$util.escapeJavaScript($input.json('$'))\", \"stateMachineArn\": \"${aws_sfn_state_machine.orders.arn}\"}"
  }
}

resource "aws_api_gateway_method_response" "created" {
  rest_api_id         = aws_api_gateway_rest_api.shop.id
  resource_id         = aws_api_gateway_resource.orders.id
  http_method         = aws_api_gateway_method.create.http_method
  status_code         = "201"
  response_models     = { "application/json" = "Empty" }
  response_parameters = { "method.response.header.X-Execution" = true }
}

resource "aws_api_gateway_integration_response" "created" {
  depends_on          = [aws_api_gateway_integration.create]
  rest_api_id         = aws_api_gateway_rest_api.shop.id
  resource_id         = aws_api_gateway_resource.orders.id
  http_method         = aws_api_gateway_method.create.http_method
  status_code         = aws_api_gateway_method_response.created.status_code
  response_parameters = { "method.response.header.X-Execution" = "integration.response.body.executionArn" }
  response_templates  = { "application/json" = "{\"started\": true}" }
}

resource "aws_api_gateway_method" "show" {
  rest_api_id        = aws_api_gateway_rest_api.shop.id
  resource_id        = aws_api_gateway_resource.order.id
  http_method        = "GET"
  authorization      = "CUSTOM"
  authorizer_id      = aws_api_gateway_authorizer.token.id
  request_parameters = { "method.request.path.id" = true }
}

resource "aws_api_gateway_integration" "show" {
  rest_api_id       = aws_api_gateway_rest_api.shop.id
  resource_id       = aws_api_gateway_resource.order.id
  http_method       = aws_api_gateway_method.show.http_method
  type              = "MOCK"
  request_templates = { "application/json" = "{\"statusCode\": 200}" }
}

resource "aws_api_gateway_deployment" "shop" {
  rest_api_id = aws_api_gateway_rest_api.shop.id

  triggers = {
    redeployment = sha1(jsonencode([aws_api_gateway_integration.create.request_templates, aws_api_gateway_integration.show.request_templates]))
  }

  depends_on = [aws_api_gateway_integration_response.created]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "prod" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  deployment_id = aws_api_gateway_deployment.shop.id
  stage_name    = "prod"
  description   = "Where customers are"
  variables     = { greeting = var.greeting }
  tags          = { team = "shop" }

  access_log_settings {
    destination_arn = "arn:aws:logs:us-east-1:123456789012:log-group:shop"
    format          = "$context.requestId $context.status"
  }
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  stage_name  = aws_api_gateway_stage.prod.stage_name
  method_path = "*/*"

  settings {
    throttling_rate_limit  = 100
    throttling_burst_limit = 50
    metrics_enabled        = true
    logging_level          = "INFO"
  }
}

resource "aws_api_gateway_api_key" "customer" {
  name        = "terraform-customer"
  description = "A customer"
  value       = "terraform-key-0123456789-0123456789"
}

resource "aws_api_gateway_usage_plan" "gold" {
  name        = "terraform-gold"
  description = "Gold"

  api_stages {
    api_id = aws_api_gateway_rest_api.shop.id
    stage  = aws_api_gateway_stage.prod.stage_name
  }

  quota_settings {
    limit  = 1000
    offset = 2
    period = "WEEK"
  }

  throttle_settings {
    rate_limit  = 5
    burst_limit = var.burst
  }
}

resource "aws_api_gateway_usage_plan_key" "customer" {
  key_id        = aws_api_gateway_api_key.customer.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.gold.id
}

resource "aws_api_gateway_client_certificate" "certificate" {
  description = "To the backend"
}

resource "aws_api_gateway_documentation_part" "api" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  properties  = jsonencode({ description = "A shop" })

  location {
    type = "API"
  }
}

resource "aws_api_gateway_documentation_version" "first" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  version     = "1"
  depends_on  = [aws_api_gateway_documentation_part.api]
}

output "rest_api_id" {
  value = aws_api_gateway_rest_api.shop.id
}

output "state_machine_arn" {
  value = aws_sfn_state_machine.orders.arn
}

resource "aws_cloudformation_stack" "stack" {
  name               = "terraform-stack"
  parameters         = { Greeting = var.greeting }
  timeout_in_minutes = 5
  tags               = { made = "by-terraform" }
  template_body = jsonencode({
    Parameters = { Greeting = { Type = "String" } }
    Resources  = { Activity = { Type = "AWS::StepFunctions::Activity", Properties = { Name = { "Fn::Sub" = "stack-$${Greeting}" } } } }
    Outputs    = { Activity = { Value = { Ref = "Activity" } } }
  })
}

resource "aws_lambda_layer_version" "layer" {
  layer_name          = "terraform"
  filename            = "function.zip"
  source_code_hash    = filebase64sha256("function.zip")
  compatible_runtimes = ["python3.8"]
}

resource "aws_lambda_function" "function" {
  function_name    = "terraform"
  runtime          = "python3.8"
  handler          = "app.handler"
  filename         = "function.zip"
  source_code_hash = filebase64sha256("function.zip")
  role             = aws_iam_role.role.arn
  layers           = [aws_lambda_layer_version.layer.arn]
  publish          = true

  environment {
    variables = { GREETING = var.greeting }
  }
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.function.function_name
  function_version = aws_lambda_function.function.version
}

resource "aws_lambda_function_event_invoke_config" "retries" {
  function_name          = aws_lambda_function.function.function_name
  maximum_retry_attempts = 1
}
