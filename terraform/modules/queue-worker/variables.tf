variable "name" {
  description = "Name of the queue, of the function and of its role; the dead-letter queue is <name>-dlq."
  type        = string
}

variable "code" {
  description = "The zip that holds the executable, named bootstrap, and its SHA-256 in base64."
  type = object({
    bucket = string
    key    = string
    hash   = string
  })
}

variable "function_defaults" {
  description = "What all functions of a stage have in common."
  type = object({
    place              = object({ partition = string, region = string, account_id = string })
    architecture       = string
    memory_mb          = number
    log_retention_days = number
    platform_log_level = string

    log_kms_key_arn      = optional(string)
    data_kms_key_arn     = optional(string)
    reserved_concurrency = optional(number)
    xray_tracing         = optional(bool, false)
    export_spans         = optional(bool, false)
  })
}

variable "timeout_seconds" {
  description = "Longest invocation. The visibility timeout is six times as long, as AWS advises for event source mappings."
  type        = number
}

variable "environment" {
  description = "Environment variables, without the OWN_ ones, which this module knows itself."
  type        = map(string)
}

variable "extra_environment" {
  description = "Environment variables that win over all others."
  type        = map(string)
  default     = {}
}

variable "statements" {
  description = "What the function may do beside reading its queue and writing its log. condition is IAM's: operator -> key -> values."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(list(string))))
  }))
}

variable "max_receive_count" {
  description = "Deliveries of a message before it moves to the dead-letter queue."
  type        = number
}

variable "batch_size" {
  description = "Messages handed to one invocation."
  type        = number
}

variable "maximum_concurrency" {
  description = "Invocations by the queue at the same time; null: no limit of its own."
  type        = number
  default     = null
}

variable "event_rule_arns" {
  description = "EventBridge rules that may send to the queue."
  type        = list(string)
  default     = []
}

variable "tls_only" {
  description = "Refuse requests to the queues without TLS."
  type        = bool
  default     = true
}
