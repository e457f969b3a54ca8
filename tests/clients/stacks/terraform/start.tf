terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {}

variable "greeting" {}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    apigateway    = var.endpoint
    cognitoidp    = var.endpoint
    iam           = var.endpoint
    lambda        = var.endpoint
    stepfunctions = var.endpoint
    sts           = var.endpoint
  }
}

resource "aws_iam_role" "machine" {
  name = "start-machine"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" } }]
  })
}

resource "aws_sfn_state_machine" "machine" {
  name     = "start"
  type     = "STANDARD"
  role_arn = aws_iam_role.machine.arn
  definition = jsonencode({
    StartAt = "Greet"
    States  = { Greet = { Type = "Pass", Parameters = { "said.$" = "States.Format('${var.greeting} {}', $.name)" }, End = true } }
  })
}

resource "aws_iam_role" "api" {
  name = "start-api"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "apigateway.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "api" {
  name   = "own"
  role   = aws_iam_role.api.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "states:StartExecution", Resource = aws_sfn_state_machine.machine.arn }] })
}

resource "aws_api_gateway_rest_api" "api" {
  name = "start"
}

resource "aws_api_gateway_resource" "path" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "orders"
}

resource "aws_api_gateway_method" "post" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.path.id
  http_method   = "POST"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "start" {
  rest_api_id             = aws_api_gateway_rest_api.api.id
  resource_id             = aws_api_gateway_resource.path.id
  http_method             = aws_api_gateway_method.post.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:aws:apigateway:us-east-1:states:action/StartExecution"
  credentials             = aws_iam_role.api.arn
  passthrough_behavior    = "NEVER"
  request_templates = {
    "application/json" = "{\"stateMachineArn\": \"${aws_sfn_state_machine.machine.arn}\", \"input\": \"$util.escapeJavaScript($input.body)\"}"
  }
}

resource "aws_api_gateway_method_response" "ok" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  resource_id = aws_api_gateway_resource.path.id
  http_method = aws_api_gateway_method.post.http_method
  status_code = "200"
}

resource "aws_api_gateway_integration_response" "ok" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  resource_id = aws_api_gateway_resource.path.id
  http_method = aws_api_gateway_integration.start.http_method
  status_code = aws_api_gateway_method_response.ok.status_code
}

resource "aws_api_gateway_deployment" "deployment" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  stage_name  = "prod"
  depends_on  = [aws_api_gateway_integration_response.ok]
}

output "Api" {
  value = aws_api_gateway_rest_api.api.id
}

output "Machine" {
  value = aws_sfn_state_machine.machine.arn
}
