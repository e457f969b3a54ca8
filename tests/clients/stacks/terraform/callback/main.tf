variable "greeting" {}

module "function_role" {
  source  = "../role"
  name    = "callback-function"
  service = "lambda"
  allow   = { Action = "states:SendTaskSuccess", Resource = "*" }
}

resource "aws_lambda_function" "function" {
  function_name = "callback"
  # The newest that providers of several years know.
  runtime          = "python3.8"
  handler          = "callback.handler"
  filename         = "${path.root}/functions.zip"
  source_code_hash = filebase64sha256("${path.root}/functions.zip")
  role             = module.function_role.arn
  timeout          = 30

  environment {
    variables = { GREETING = var.greeting }
  }
}

module "machine_role" {
  source  = "../role"
  name    = "callback-machine"
  service = "states"
  allow   = { Action = "lambda:InvokeFunction", Resource = aws_lambda_function.function.arn }
}

resource "aws_sfn_state_machine" "machine" {
  name     = "callback"
  role_arn = module.machine_role.arn
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
