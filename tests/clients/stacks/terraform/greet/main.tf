variable "greeting" {}

module "function_role" {
  source  = "../role"
  name    = "greet-function"
  service = "lambda"
}

resource "aws_lambda_function" "function" {
  function_name = "greet"
  # The newest that providers of several years know.
  runtime          = "python3.8"
  handler          = "greet.handler"
  filename         = "${path.root}/functions.zip"
  source_code_hash = filebase64sha256("${path.root}/functions.zip")
  role             = module.function_role.arn
  timeout          = 30

  environment {
    variables = { GREETING = var.greeting }
  }
}

resource "aws_lambda_permission" "api" {
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.api.execution_arn}/*/GET/hello/*"
}

resource "aws_api_gateway_rest_api" "api" {
  name = "greet"
}

resource "aws_api_gateway_resource" "hello" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "hello"
}

resource "aws_api_gateway_resource" "name" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_resource.hello.id
  path_part   = "{name}"
}

resource "aws_api_gateway_method" "get" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.name.id
  http_method   = "GET"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "function" {
  rest_api_id             = aws_api_gateway_rest_api.api.id
  resource_id             = aws_api_gateway_resource.name.id
  http_method             = aws_api_gateway_method.get.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.function.invoke_arn
}

resource "aws_api_gateway_deployment" "deployment" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  stage_name  = "prod"
  depends_on  = [aws_api_gateway_integration.function]
}

output "Api" {
  value = aws_api_gateway_rest_api.api.id
}
