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
    ec2           = var.endpoint
    iam           = var.endpoint
    lambda        = var.endpoint
    stepfunctions = var.endpoint
    sts           = var.endpoint
  }
}

module "start" {
  source   = "./start"
  greeting = var.greeting
}

output "start" {
  value = module.start
}

module "greet" {
  source   = "./greet"
  greeting = var.greeting
}

output "greet" {
  value = module.greet
}

module "callback" {
  source   = "./callback"
  greeting = var.greeting
}

output "callback" {
  value = module.callback
}

module "quick" {
  source   = "./quick"
  greeting = var.greeting
}

output "quick" {
  value = module.quick
}

module "plans" {
  source   = "./plans"
  greeting = var.greeting
}

output "plans" {
  value = module.plans
}
