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

resource "aws_iam_role" "function" {
  name = "callback-function"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "function" {
  name   = "own"
  role   = aws_iam_role.function.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "states:SendTaskSuccess", Resource = "*" }] })
}

resource "aws_lambda_function" "function" {
  function_name = "callback"
  # The newest that providers of several years know.
  runtime          = "python3.8"
  handler          = "callback.handler"
  filename         = "functions.zip"
  source_code_hash = filebase64sha256("functions.zip")
  role             = aws_iam_role.function.arn
  timeout          = 30

  environment {
    variables = { GREETING = var.greeting }
  }
}

resource "aws_iam_role" "machine" {
  name = "callback-machine"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "states.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "machine" {
  name   = "own"
  role   = aws_iam_role.machine.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.function.arn }] })
}

resource "aws_sfn_state_machine" "machine" {
  name     = "callback"
  role_arn = aws_iam_role.machine.arn
  definition = jsonencode({
    StartAt = "Ask"
    States = {
      Ask = {
        Type           = "Task"
        Resource       = "arn:aws:states:::lambda:invoke.waitForTaskToken"
        Parameters     = { FunctionName = aws_lambda_function.function.arn, Payload = { "name.$" = "$.name", "token.$" = "$$.Task.Token" } }
        TimeoutSeconds = 60
        End            = true
      }
    }
  })
}

output "Machine" {
  value = aws_sfn_state_machine.machine.arn
}
