variable "greeting" {}

module "machine_role" {
  source  = "../role"
  name    = "start-machine"
  service = "states"
}

resource "aws_sfn_state_machine" "machine" {
  name     = "start"
  type     = "STANDARD"
  role_arn = module.machine_role.arn
  definition = jsonencode({
    StartAt = "Greet"
    States  = { Greet = { Type = "Pass", Parameters = { "said.$" = "States.Format('${var.greeting} {}', $.name)" }, End = true } }
  })
}

module "api_role" {
  source  = "../role"
  name    = "start-api"
  service = "apigateway"
  allow   = { Action = "states:StartExecution", Resource = aws_sfn_state_machine.machine.arn }
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
  credentials             = module.api_role.arn
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
