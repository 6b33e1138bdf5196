variable "name" {
  description = "Name of the function and of its role."
  type        = string

  validation {
    condition     = length(var.name) <= 64
    error_message = "${var.name} is too long: names of functions and roles have at most 64 characters."
  }
}

variable "code" {
  description = "The zip that holds the executable, named bootstrap, and its SHA-256 in base64."
  type = object({
    bucket = string
    key    = string
    hash   = string
  })
}

variable "defaults" {
  description = "What all functions of a stage have in common."
  type = object({
    place              = object({ partition = string, region = string, account_id = string })
    architecture       = string
    memory_mb          = number
    log_retention_days = number
    platform_log_level = string

    # Encrypts the log group; null: the key of CloudWatch Logs.
    log_kms_key_arn = optional(string)
    # Encrypts table and artifacts; null: keys of AWS.
    data_kms_key_arn = optional(string)
    # Invocations at the same time, kept for this function alone; null: none.
    reserved_concurrency = optional(number)
    xray_tracing         = optional(bool, false)
    export_spans         = optional(bool, false)
  })
}

variable "timeout_seconds" {
  description = "Longest invocation."
  type        = number
}

variable "environment" {
  description = "Environment variables."
  type        = map(string)
}

variable "statements" {
  description = "What the function may do beside writing its own log. condition is IAM's: operator -> key -> values."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))))
  }))

  validation {
    condition     = alltrue(flatten([for statement in var.statements : [for action in statement.actions : can(regex("^[a-z0-9-]+:[A-Za-z]+$", action))]]))
    error_message = "Actions are named one by one, without wildcards."
  }

  validation {
    condition     = alltrue(flatten([for statement in var.statements : [for resource in statement.resources : resource != "*"]]))
    error_message = "A statement names its resources."
  }
}
