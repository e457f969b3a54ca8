variable "name" {}

variable "service" {}

variable "allow" {
  default = null
}

resource "aws_iam_role" "role" {
  name = var.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "${var.service}.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "own" {
  count  = var.allow == null ? 0 : 1
  name   = "own"
  role   = aws_iam_role.role.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [merge({ Effect = "Allow" }, var.allow)] })
}

output "arn" {
  value = aws_iam_role.role.arn
}
