# Where the platform goes.

variable "name_prefix" {
  description = "First part of every resource name: <name_prefix>-<environment>-<thing>."
  type        = string
  default     = "aegis"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix is 2 to 20 lower-case letters, digits and dashes, starts with a letter and does not end with a dash (the bucket name is built from it)."
  }

  validation {
    condition     = !strcontains(var.name_prefix, "--")
    error_message = "name_prefix has no two dashes in a row: ECR takes no such name of a repository, and S3 none that starts with xn--."
  }

  validation {
    condition     = alltrue([for reserved in ["aws", "ssm"] : !startswith(var.name_prefix, reserved)])
    error_message = "name_prefix does not start with aws or ssm: Parameter Store keeps such names for AWS."
  }

  validation {
    condition     = alltrue([for reserved in ["sthree-", "amzn-s3-demo-"] : !startswith("${var.name_prefix}-", reserved)])
    error_message = "name_prefix does not start with sthree- or amzn-s3-demo-: S3 keeps such names of buckets for itself."
  }
}

variable "environment" {
  description = "Stage: dev, staging or prod. prod protects its data from deletion and refuses settings that are only for development."
  type        = string
  default     = "dev"

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "environment is dev, staging or prod."
  }
}

variable "aws_region" {
  description = "AWS region of every resource."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region is a region name such as us-east-1."
  }
}

variable "aws_endpoint_url" {
  description = "Base URL of a local AWS emulator, without a trailing slash. Empty (the default) means AWS."
  type        = string
  default     = ""

  validation {
    condition     = var.aws_endpoint_url == "" || can(regex("^https?://[^/]+$", var.aws_endpoint_url))
    error_message = "aws_endpoint_url is empty or scheme://host:port without a path."
  }
}

variable "rehearsal" {
  description = "Allow staging and prod on an emulator, to rehearse their deployment. Nothing of it reaches AWS."
  type        = bool
  default     = false
}

variable "deletion_protection" {
  description = "Refuse to delete the table, a bucket with artifacts in it, and repositories with images. null: in prod."
  type        = bool
  default     = null
}

variable "tags" {
  description = "Further tags on every resource."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Tag keys that start with aws: are reserved."
  }

  validation {
    condition     = length(setsubtract(keys(var.tags), ["application", "environment", "managed_by", "stack"])) <= 6
    error_message = "tags holds at most six: an S3 object takes ten, and four are ours."
  }
}

# The Lambda functions.

variable "lambda_dist_dir" {
  description = "Folder with one <service>.zip per service; each holds an executable named bootstrap."
  type        = string
  default     = "../target/lambda"

  validation {
    condition     = length(var.lambda_dist_dir) > 0
    error_message = "lambda_dist_dir must name a folder."
  }
}

variable "lambda_architecture" {
  description = "Instruction set that the binaries in lambda_dist_dir were built for."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.lambda_architecture)
    error_message = "lambda_architecture is arm64 or x86_64."
  }
}

variable "lambda_memory_mb" {
  description = "Memory of every function, in MB."
  type        = number
  default     = 256

  validation {
    condition     = var.lambda_memory_mb >= 128 && var.lambda_memory_mb <= 10240 && floor(var.lambda_memory_mb) == var.lambda_memory_mb
    error_message = "lambda_memory_mb is a whole number from 128 to 10240."
  }
}

variable "lambda_timeout_seconds" {
  description = "Timeout of every function except deadlines. A queue's visibility timeout is six times as long."
  type        = number
  default     = 30

  validation {
    condition     = var.lambda_timeout_seconds >= 5 && var.lambda_timeout_seconds <= 30 && floor(var.lambda_timeout_seconds) == var.lambda_timeout_seconds
    error_message = "lambda_timeout_seconds is a whole number from 5 to 30: an HTTP API waits no longer."
  }
}

variable "deadlines_timeout_seconds" {
  description = "Timeout of the deadlines function, which runs once a minute."
  type        = number
  default     = 60

  validation {
    condition     = var.deadlines_timeout_seconds >= 10 && var.deadlines_timeout_seconds <= 900 && floor(var.deadlines_timeout_seconds) == var.deadlines_timeout_seconds
    error_message = "deadlines_timeout_seconds is a whole number from 10 to 900."
  }
}

variable "function_settings" {
  description = "Settings of single functions: intake, approval, callback, artifacts, relay, deadlines and, for each agent, <agent>-dispatch. memory_mb and timeout_seconds are in the place of the general ones; reserved_concurrency is how many invocations at the same time are kept for this function alone."
  type = map(object({
    memory_mb            = optional(number)
    timeout_seconds      = optional(number)
    reserved_concurrency = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for settings in values(var.function_settings) : settings.memory_mb == null ? true : settings.memory_mb >= 128 && settings.memory_mb <= 10240 && floor(settings.memory_mb) == settings.memory_mb])
    error_message = "function_settings: memory_mb is a whole number from 128 to 10240."
  }

  validation {
    condition     = alltrue([for settings in values(var.function_settings) : settings.timeout_seconds == null ? true : settings.timeout_seconds >= 5 && settings.timeout_seconds <= 900 && floor(settings.timeout_seconds) == settings.timeout_seconds])
    error_message = "function_settings: timeout_seconds is a whole number from 5 to 900."
  }

  validation {
    condition     = alltrue([for settings in values(var.function_settings) : settings.reserved_concurrency == null ? true : settings.reserved_concurrency >= 1 && settings.reserved_concurrency <= 1000 && floor(settings.reserved_concurrency) == settings.reserved_concurrency])
    error_message = "function_settings: reserved_concurrency is a whole number from 1 to 1000; 0 would stop the function."
  }
}

variable "extra_lambda_environment" {
  description = "Environment variables added to every function, for instance OTEL_EXPORTER_OTLP_ENDPOINT. They win over ours."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.extra_lambda_environment) : can(regex("^[A-Za-z][A-Za-z0-9_]+$", key)) && !startswith(key, "AWS_LAMBDA_")])
    error_message = "Names of environment variables are letters, digits and underscores, start with a letter, and do not start with AWS_LAMBDA_."
  }

  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
  validation {
    condition = length(setintersection(keys(var.extra_lambda_environment), [
      "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    ])) == 0
    error_message = "extra_lambda_environment: Lambda sets the region, the credentials and its own folders itself and takes no other value for them."
  }
}

variable "log_level" {
  description = "Log level of the functions. null means DEBUG in dev and INFO elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.log_level == null ? true : contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"], var.log_level)
    error_message = "log_level is TRACE, DEBUG, INFO, WARN or ERROR."
  }
}

variable "platform_log_level" {
  description = "Level of Lambda's own log lines. WARN leaves out START, END and REPORT, which are most of the volume; INFO keeps them."
  type        = string
  default     = "WARN"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN"], var.platform_log_level)
    error_message = "platform_log_level is DEBUG, INFO or WARN."
  }
}

variable "log_retention_days" {
  description = "Days that log groups keep their lines."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the periods that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_kms_key_arn" {
  description = "KMS key of the log groups; its policy lets logs.<region>.amazonaws.com use it. null: the key of CloudWatch Logs."
  type        = string
  default     = null

  validation {
    condition     = var.log_kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.log_kms_key_arn))
    error_message = "log_kms_key_arn is the ARN of a KMS key, arn:<partition>:kms:<region>:<account>:key/<id>; an alias is not one."
  }
}

variable "event_log" {
  description = "Write our events to the log group /aws/events/<name_prefix>-<environment>."
  type        = bool
  default     = true
}

variable "xray_tracing" {
  description = "Let Lambda trace invocations in X-Ray, which costs by the trace."
  type        = bool
  default     = true
}

variable "export_spans" {
  description = "Send the spans of functions to X-Ray, so that one trace shows a workflow from its request to its report. An account has to be prepared for it once, and spans cost by the gigabyte."
  type        = bool
  default     = false
}

# The queues.

variable "max_receive_count" {
  description = "Deliveries of a message before its queue moves it to the dead-letter queue."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 3 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count is a whole number from 3 to 1000: a start of an agent that is throttled takes two, and then one more."
  }
}

variable "queue_batch_size" {
  description = "Messages handed to one invocation of a queue's function."
  type        = number
  default     = 10

  validation {
    condition     = var.queue_batch_size >= 1 && var.queue_batch_size <= 10 && floor(var.queue_batch_size) == var.queue_batch_size
    error_message = "queue_batch_size is a whole number from 1 to 10."
  }
}

variable "dispatch_concurrency" {
  description = "Invocations of each dispatcher at the same time, unless agents says another number. AWS starts 400 new sessions of an agent a minute by default."
  type        = number
  default     = 5

  validation {
    condition     = var.dispatch_concurrency >= 2 && var.dispatch_concurrency <= 1000 && floor(var.dispatch_concurrency) == var.dispatch_concurrency
    error_message = "dispatch_concurrency is a whole number from 2 to 1000, the bounds of an SQS event source mapping."
  }
}

variable "relay_batch_size" {
  description = "Records of the table's stream handed to one invocation of relay."
  type        = number
  default     = 100

  validation {
    condition     = var.relay_batch_size >= 1 && var.relay_batch_size <= 1000 && floor(var.relay_batch_size) == var.relay_batch_size
    error_message = "relay_batch_size is a whole number from 1 to 1000."
  }
}

variable "relay_batching_window_seconds" {
  description = "Seconds that relay's records are gathered before it is invoked. 0: at once. Longer is cheaper where many workflows run, and makes every event as much later."
  type        = number
  default     = 0

  validation {
    condition     = var.relay_batching_window_seconds >= 0 && var.relay_batching_window_seconds <= 300 && floor(var.relay_batching_window_seconds) == var.relay_batching_window_seconds
    error_message = "relay_batching_window_seconds is a whole number from 0 to 300."
  }
}

variable "relay_parallelization" {
  description = "Batches of one shard of the table's stream that relay works on at the same time. With more than 1, events of one workflow may be published out of order; subscribers order them by version in any case."
  type        = number
  default     = 1

  validation {
    condition     = var.relay_parallelization >= 1 && var.relay_parallelization <= 10 && floor(var.relay_parallelization) == var.relay_parallelization
    error_message = "relay_parallelization is a whole number from 1 to 10."
  }
}

# The API.

variable "api_authorization" {
  description = "How client routes are authorised: iam (SigV4), jwt (bearer tokens of jwt_issuer) or none, which is for dev only and in AWS needs a budget."
  type        = string
  default     = "iam"

  validation {
    condition     = contains(["iam", "jwt", "none"], var.api_authorization)
    error_message = "api_authorization is iam, jwt or none."
  }
}

variable "api_authorization_overrides" {
  description = "Groups of client routes that are authorised in another way than api_authorization says: start, read, approve, operate (cancel and redrive), each iam, jwt or none."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for group in keys(var.api_authorization_overrides) : contains(["start", "read", "approve", "operate"], group)])
    error_message = "api_authorization_overrides knows the groups start, read, approve and operate."
  }

  validation {
    condition     = alltrue([for mode in values(var.api_authorization_overrides) : contains(["iam", "jwt", "none"], coalesce(mode, "null"))])
    error_message = "api_authorization_overrides: each group is iam, jwt or none."
  }
}

variable "jwt_issuer" {
  description = "Issuer of the tokens that routes with jwt accept, exactly as the claim iss has it. API Gateway finds its keys by OpenID Connect discovery."
  type        = string
  default     = ""

  validation {
    condition     = var.jwt_issuer == "" || can(regex("^https://[^/?#\\s]+(/[^?#\\s]*)?$", var.jwt_issuer))
    error_message = "jwt_issuer is an https URL without query, such as https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI."
  }
}

variable "jwt_audience" {
  description = "Audiences of which a token must name one, in its claim aud, or in client_id where it has none."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.jwt_audience) <= 50 && alltrue([for audience in var.jwt_audience : can(regex("^[^\\s\\[\\]]+$", audience))])
    error_message = "jwt_audience holds up to 50 names without spaces and brackets: API Gateway separates the values of a claim by spaces."
  }
}

variable "jwt_scopes" {
  description = "Scope that a token needs for each group of routes, in its claim scope or scp."
  type = object({
    start   = optional(string, "aegis/start")
    read    = optional(string, "aegis/read")
    approve = optional(string, "aegis/approve")
    operate = optional(string, "aegis/operate")
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for scope in values(var.jwt_scopes) : can(regex("^[\\x21\\x23-\\x5B\\x5D-\\x7E]{1,64}$", scope))])
    error_message = "jwt_scopes: a scope has 1 to 64 printable characters, none of them a space, a quotation mark or a backslash (RFC 6749)."
  }
}

variable "jwt_subject_claim" {
  description = "Claim whose value is the name under which a bearer acts, also as an approver. People must not be able to choose it freely."
  type        = string
  default     = "sub"

  validation {
    condition     = can(regex("^[A-Za-z0-9_:./-]{1,128}$", var.jwt_subject_claim))
    error_message = "jwt_subject_claim is the name of a claim, such as sub or email."
  }
}

variable "cors_allow_origins" {
  description = "Origins whose pages may call the API. Empty: none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_allow_origins : origin == "*" || can(regex("^https?://[^/]+$", origin))])
    error_message = "cors_allow_origins holds origins such as https://app.example.com (no path), or *."
  }
}

variable "api_throttle_rate" {
  description = "Requests per second that the API lets through on all routes without a limit of their own. Each route for agents has a limit of the same size for itself."
  type        = number
  default     = 100

  validation {
    condition     = var.api_throttle_rate >= 1 && var.api_throttle_rate <= 10000
    error_message = "api_throttle_rate is from 1 to 10000."
  }
}

variable "api_throttle_burst" {
  description = "Requests that the API lets through at once, counted like api_throttle_rate."
  type        = number
  default     = 200

  validation {
    condition     = var.api_throttle_burst >= 1 && var.api_throttle_burst <= 5000 && floor(var.api_throttle_burst) == var.api_throttle_burst
    error_message = "api_throttle_burst is a whole number from 1 to 5000."
  }
}

variable "start_throttle_rate" {
  description = "Workflows per second that may be started over the API; further requests get 429. Each workflow takes a new session of every agent, and AWS starts 400 a minute: workflows beyond that wait, and fail as agent_capacity after capacity_timeout_hours."
  type        = number
  default     = 6

  validation {
    condition     = var.start_throttle_rate >= 1 && var.start_throttle_rate <= 10000
    error_message = "start_throttle_rate is from 1 to 10000."
  }
}

variable "start_throttle_burst" {
  description = "Workflows that may be started over the API at once."
  type        = number
  default     = 200

  validation {
    condition     = var.start_throttle_burst >= 1 && var.start_throttle_burst <= 5000 && floor(var.start_throttle_burst) == var.start_throttle_burst
    error_message = "start_throttle_burst is a whole number from 1 to 5000."
  }
}

variable "open_throttle_rate" {
  description = "Requests per second on each route that the gateway asks no proof for: looking at an approval link, deciding by it, the description of the API, and what is no route."
  type        = number
  default     = 10

  validation {
    condition     = var.open_throttle_rate >= 1 && var.open_throttle_rate <= 10000
    error_message = "open_throttle_rate is from 1 to 10000."
  }
}

variable "open_throttle_burst" {
  description = "Requests at once on each of these routes."
  type        = number
  default     = 20

  validation {
    condition     = var.open_throttle_burst >= 1 && var.open_throttle_burst <= 5000 && floor(var.open_throttle_burst) == var.open_throttle_burst
    error_message = "open_throttle_burst is a whole number from 1 to 5000."
  }
}

variable "api_domain_name" {
  description = "Name of one's own for the API, such as api.example.com. null: the name that API Gateway gives."
  type        = string
  default     = null

  validation {
    condition     = var.api_domain_name == null ? true : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.api_domain_name))
    error_message = "api_domain_name is a lower-case host name with a dot in it, without scheme, path or wildcard."
  }
}

variable "api_certificate_arn" {
  description = "Certificate for api_domain_name. null: one is made and proved in api_hosted_zone_id."
  type        = string
  default     = null

  validation {
    condition     = var.api_certificate_arn == null ? true : can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$", var.api_certificate_arn))
    error_message = "api_certificate_arn is arn:<partition>:acm:<region>:<account>:certificate/<id>."
  }
}

variable "api_hosted_zone_id" {
  description = "Route 53 zone that gets the records of api_domain_name. null: they are kept elsewhere."
  type        = string
  default     = null

  validation {
    condition     = var.api_hosted_zone_id == null ? true : can(regex("^Z[A-Z0-9]{1,31}$", var.api_hosted_zone_id))
    error_message = "api_hosted_zone_id is the id of a hosted zone, such as Z0123456789ABCDEFGHIJ."
  }
}

# External events.

variable "external_sources" {
  description = "Sources whose events are taken from the bus as commands. Empty: any source but our own."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for source in var.external_sources : source != "" && source != "aegis.workflow" && !startswith(source, "aws.")])
    error_message = "external_sources must not hold an empty name, our own source aegis.workflow, or a source of AWS itself (aws.*)."
  }
}

variable "external_accounts" {
  description = "Further AWS accounts whose events are taken from the bus as commands, and that may put events on it. This account always may, as far as its principals are allowed to."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.external_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "external_accounts holds account ids of 12 digits."
  }
}

variable "approver_sources" {
  description = "Sources whose ApprovalDecided events may name an approver. From all others a decision counts as that of the source itself. \"*\": every source."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for source in var.approver_sources : source != "" && source != "aegis.workflow" && !strcontains(source, ",")])
    error_message = "approver_sources must not hold an empty name, a comma, or our own source aegis.workflow."
  }
}

variable "own_source_policy" {
  description = "Refuse events with our own source from anybody but relay. null: yes, except on an emulator, which keeps no denials."
  type        = bool
  default     = null
}

# The agents.

variable "agents" {
  description = "The agents, by name. Each may have: arn of its AgentCore runtime or of an endpoint of it, where that is not to be made here; image in ECR that was built elsewhere, which is taken instead of building one; version of the runtime that its endpoint stays with, to go back to or to hold, instead of moving to the newest; concurrency, in the place of dispatch_concurrency; reads_sources, so that it may list and read sources/ in the artifact bucket; retries, which say how often a step is tried after transient failures: attempts in all, and the delay before a further one, which is anywhere up to a bound that starts at first_delay_seconds and doubles up to longest_delay_seconds."
  type = map(object({
    arn           = optional(string)
    image         = optional(string)
    version       = optional(string)
    concurrency   = optional(number)
    reads_sources = optional(bool, false)
    retries = optional(object({
      attempts              = optional(number, 3)
      first_delay_seconds   = optional(number, 2)
      longest_delay_seconds = optional(number, 60)
    }))
  }))
  default = {
    researcher = { reads_sources = true }
    analyst    = {}
    writer     = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for agent in keys(var.agents) : can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", agent)) && length(agent) <= 32])
    error_message = "agents: a name is at most 32 characters long: words of a to z and 0 to 9 with a dash between them, a letter first."
  }

  validation {
    condition     = alltrue([for agent in values(var.agents) : agent.arn == null ? true : can(regex("^arn:[a-z-]+:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:runtime/[A-Za-z0-9_-]+(/runtime-endpoint/[A-Za-z0-9_]+)?$", agent.arn))])
    error_message = "agents: arn is arn:<partition>:bedrock-agentcore:<region>:<account>:runtime/<name>, with /runtime-endpoint/<name> where an endpoint is meant."
  }

  validation {
    condition     = alltrue([for agent in values(var.agents) : agent.image == null ? true : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.[a-z.]+/[a-z0-9._/-]+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", agent.image))])
    error_message = "agents: image is in ECR, and has a tag or a digest."
  }

  validation {
    condition     = alltrue([for agent in values(var.agents) : agent.version == null ? true : can(regex("^[1-9][0-9]{0,4}$", agent.version))])
    error_message = "agents: version is the number of a version of the runtime."
  }

  validation {
    condition     = alltrue([for agent in values(var.agents) : agent.concurrency == null ? true : agent.concurrency >= 2 && agent.concurrency <= 1000 && floor(agent.concurrency) == agent.concurrency])
    error_message = "agents: concurrency is a whole number from 2 to 1000, the bounds of an SQS event source mapping."
  }

  validation {
    condition     = alltrue([for policy in values(var.agents)[*].retries : policy == null ? true : policy.attempts >= 1 && policy.attempts <= 20 && floor(policy.attempts) == policy.attempts])
    error_message = "agents: attempts of retries is a whole number from 1 to 20."
  }

  validation {
    condition = alltrue([for policy in values(var.agents)[*].retries : policy == null ? true : (
      policy.first_delay_seconds >= 0 && policy.longest_delay_seconds >= policy.first_delay_seconds && policy.longest_delay_seconds <= 900
      && floor(policy.first_delay_seconds) == policy.first_delay_seconds && floor(policy.longest_delay_seconds) == policy.longest_delay_seconds
    )])
    error_message = "agents: the delays of retries are whole seconds; first_delay_seconds is from 0 to longest_delay_seconds, which is at most 900, the longest that SQS delays a message."
  }
}

variable "agent_repositories" {
  description = "Make an ECR repository for each agent's images."
  type        = bool
  default     = true
}

variable "agent_images_kept" {
  description = "Images that each agent's repository keeps. A runtime can be set back only to a version whose image is still there."
  type        = number
  default     = 20

  validation {
    condition     = var.agent_images_kept >= 2 && var.agent_images_kept <= 1000 && floor(var.agent_images_kept) == var.agent_images_kept
    error_message = "agent_images_kept is a whole number from 2 to 1000: the image in use and at least one to go back to."
  }
}

variable "build_agent_images" {
  description = "Build the agents' images during apply and push them, with Docker. null: those of agents whose runtime is made here, except on an emulator."
  type        = bool
  default     = null
}

variable "agent_dist_dir" {
  description = "Folder with the agents' programs, <agent>-agent, that `cargo xtask package --agents` made."
  type        = string
  default     = "../target/agents"

  validation {
    condition     = length(var.agent_dist_dir) > 0
    error_message = "agent_dist_dir must name a folder."
  }
}

variable "agent_idle_seconds" {
  description = "Seconds after which the session of an agent that has nothing more to do ends by itself. Each attempt has a session of its own, which is stopped when the attempt has ended; this is for those whose stop was lost."
  type        = number
  default     = 60

  validation {
    condition     = var.agent_idle_seconds >= 60 && var.agent_idle_seconds <= 28800 && floor(var.agent_idle_seconds) == var.agent_idle_seconds
    error_message = "agent_idle_seconds is a whole number from 60 to 28800, the bounds of an AgentCore runtime."
  }
}

variable "agent_platform_version" {
  description = "AgentCore's platform for the runtimes that are made here. V1 starts the program for each session; V2 restores each session from one snapshot of the started program. null: AgentCore's own default, which differs by Region and moves."
  type        = string
  default     = "V1"

  validation {
    condition     = var.agent_platform_version == null ? true : contains(["V1", "V2"], var.agent_platform_version)
    error_message = "agent_platform_version is V1 or V2."
  }
}

variable "agent_network" {
  description = "Subnets and security groups of the agents' runtimes, which must let them reach S3, the API and what they are built to read. null: AgentCore's own network."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.agent_network == null ? true : length(var.agent_network.subnet_ids) > 0 && length(var.agent_network.security_group_ids) > 0
    error_message = "agent_network names at least one subnet and one security group."
  }

  validation {
    condition = var.agent_network == null ? true : alltrue(concat(
      [for id in var.agent_network.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", id))],
      [for id in var.agent_network.security_group_ids : can(regex("^sg-[0-9a-f]{8,17}$", id))],
    ))
    error_message = "agent_network holds ids such as subnet-0123456789abcdef0 and sg-0123456789abcdef0."
  }
}

variable "instant_agents" {
  description = "Agents that wait instead of working take the place of AgentCore, in a function of their own: for load tests (docs/loadtest.md). Refused in prod."
  type        = bool
  default     = false
}

variable "instant_agent_latency" {
  description = "How long instant_agents take for a task: instant, fixed:1s, or lognormal:p50=2s,p99=10s. The whole attempt must fit into an API's 30 seconds."
  type        = string
  default     = "instant"

  validation {
    condition     = can(regex("^(instant|fixed:[0-9a-z ]+|lognormal:p50=[0-9a-z ]+,p99=[0-9a-z ]+)$", var.instant_agent_latency))
    error_message = "instant_agent_latency is instant, fixed:<time> or lognormal:p50=<time>,p99=<time>, a time being 2s or 250ms."
  }
}

variable "agent_role_trusted_arns" {
  description = "Principals that may assume the agents' roles beside AgentCore, so that an agent can run outside it with its own permissions. Refused in prod."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for arn in var.agent_role_trusted_arns : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", arn))])
    error_message = "agent_role_trusted_arns holds ARNs of IAM principals; a wildcard is not one."
  }
}

# The life of a workflow. Every function but relay is told.

variable "approval_timeout_hours" {
  description = "Hours that an approval may take when the request names none. Fractions are allowed."
  type        = number
  default     = 72

  validation {
    condition     = var.approval_timeout_hours > 0 && var.approval_timeout_hours <= 8760
    error_message = "approval_timeout_hours is more than 0 and at most 8760, a year."
  }
}

variable "approval_reminder_hours" {
  description = "Hours after which the event ApprovalReminded brings a waiting approval to mind, and again each time as many have passed, up to ten times before its deadline. Fractions are allowed; 0 means never."
  type        = number
  default     = 24

  validation {
    condition     = var.approval_reminder_hours >= 0 && var.approval_reminder_hours <= 8760
    error_message = "approval_reminder_hours is from 0, which means never, to 8760, a year."
  }
}

variable "pickup_timeout_seconds" {
  description = "Seconds until a command that nobody picked up is sent again; the pause then doubles."
  type        = number
  default     = 60

  validation {
    condition     = var.pickup_timeout_seconds >= 1 && var.pickup_timeout_seconds <= 3600 && floor(var.pickup_timeout_seconds) == var.pickup_timeout_seconds
    error_message = "pickup_timeout_seconds is a whole number from 1 to 3600."
  }
}

variable "capacity_timeout_hours" {
  description = "Hours that a step waits for a free agent session while the runtime throttles; then its workflow fails as agent_capacity. Fractions are allowed. It lengthens the longest possible life of a workflow, and so how long its items are kept: by 35 days with the default."
  type        = number
  default     = 48

  validation {
    condition     = var.capacity_timeout_hours >= 0 && var.capacity_timeout_hours <= 720
    error_message = "capacity_timeout_hours is from 0 to 720, thirty days."
  }
}

variable "start_timeout_seconds" {
  description = "Seconds between the dispatch of an agent and its first sign of life. An agent reports after five seconds, or its result before that."
  type        = number
  default     = 120

  validation {
    condition     = var.start_timeout_seconds >= 10 && var.start_timeout_seconds <= 3600 && floor(var.start_timeout_seconds) == var.start_timeout_seconds
    error_message = "start_timeout_seconds is a whole number from 10 to 3600."
  }
}

variable "heartbeat_timeout_seconds" {
  description = "Seconds of silence after which a running agent counts as gone."
  type        = number
  default     = 300

  validation {
    condition     = var.heartbeat_timeout_seconds >= 1 && var.heartbeat_timeout_seconds <= 3600 && floor(var.heartbeat_timeout_seconds) == var.heartbeat_timeout_seconds
    error_message = "heartbeat_timeout_seconds is a whole number from 1 to 3600."
  }
}

variable "step_timeout_seconds" {
  description = "Seconds that one step may take from its dispatch. An AgentCore session lives eight hours."
  type        = number
  default     = 3600

  validation {
    condition     = var.step_timeout_seconds >= 1 && var.step_timeout_seconds <= 28800 && floor(var.step_timeout_seconds) == var.step_timeout_seconds
    error_message = "step_timeout_seconds is a whole number from 1 to 28800, the life of an AgentCore session."
  }
}

variable "max_sends" {
  description = "Times that a command is sent before its workflow fails as undeliverable. Not counted while no agent session is free."
  type        = number
  default     = 6

  validation {
    condition     = var.max_sends >= 1 && var.max_sends <= 20 && floor(var.max_sends) == var.max_sends
    error_message = "max_sends is a whole number from 1 to 20."
  }
}

variable "retention_days" {
  description = "Days that a finished workflow stays in the table."
  type        = number
  default     = 90

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 3650 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number from 1 to 3650."
  }
}

variable "result_url_seconds" {
  description = "Life of a presigned URL of an artifact. It also ends with the credentials of the function that signed it."
  type        = number
  default     = 3600

  validation {
    condition     = var.result_url_seconds >= 60 && var.result_url_seconds <= 43200 && floor(var.result_url_seconds) == var.result_url_seconds
    error_message = "result_url_seconds is a whole number from 60 to 43200."
  }
}

# The data.

variable "status_shards" {
  description = "Partitions per status in the index by_status; each takes 1000 writes per second."
  type        = number
  default     = 1

  validation {
    condition     = var.status_shards >= 1 && var.status_shards <= 100 && floor(var.status_shards) == var.status_shards
    error_message = "status_shards is a whole number from 1 to 100."
  }
}

variable "deadline_shards" {
  description = "Partitions of the index by_deadline."
  type        = number
  default     = 4

  validation {
    condition     = var.deadline_shards >= 1 && var.deadline_shards <= 100 && floor(var.deadline_shards) == var.deadline_shards
    error_message = "deadline_shards is a whole number from 1 to 100."
  }
}

variable "data_kms_key_arn" {
  description = "KMS key of the table and the artifact bucket; functions and agents may then use it, through DynamoDB and S3 only. null: keys of AWS (AES256 in S3)."
  type        = string
  default     = null

  validation {
    condition     = var.data_kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.data_kms_key_arn))
    error_message = "data_kms_key_arn is the ARN of a KMS key, arn:<partition>:kms:<region>:<account>:key/<id>; an alias is not one."
  }
}

variable "point_in_time_recovery" {
  description = "Continuous backups of the table."
  type        = bool
  default     = true
}

variable "tls_only_policies" {
  description = "Refuse requests without TLS to buckets, queues and the alarms' topic. null: yes, except on an emulator, which speaks http."
  type        = bool
  default     = null
}

variable "artifact_versioning" {
  description = "Keep superseded versions of artifacts for artifact_superseded_days. Stays on in prod."
  type        = bool
  default     = true
}

variable "artifact_lifecycle" {
  description = "Move artifacts to cheaper storage, remove superseded versions and the parts of uploads that were never finished. null: yes, except on an emulator, where it takes a minute to apply."
  type        = bool
  default     = null
}

variable "artifact_transition_days" {
  description = "Days after which an artifact moves to STANDARD_IA."
  type        = number
  default     = 30

  validation {
    condition     = var.artifact_transition_days >= 30 && floor(var.artifact_transition_days) == var.artifact_transition_days
    error_message = "artifact_transition_days is a whole number from 30, the shortest that S3 takes for STANDARD_IA."
  }
}

variable "artifact_archive_days" {
  description = "Days after which an artifact moves on to GLACIER_IR, which still answers at once. null: never."
  type        = number
  default     = 180

  validation {
    condition     = var.artifact_archive_days == null ? true : var.artifact_archive_days >= 60 && floor(var.artifact_archive_days) == var.artifact_archive_days
    error_message = "artifact_archive_days is a whole number from 60: 30 days in STANDARD, 30 in STANDARD_IA."
  }
}

variable "artifact_superseded_days" {
  description = "Days that a superseded version of an artifact is kept."
  type        = number
  default     = 30

  validation {
    condition     = var.artifact_superseded_days >= 1 && floor(var.artifact_superseded_days) == var.artifact_superseded_days
    error_message = "artifact_superseded_days is a whole number from 1."
  }
}

# Watching.

variable "alarms" {
  description = "Alarms, with a topic that they notify. null: yes, except on an emulator, which tells their settings back wrongly."
  type        = bool
  default     = null
}

variable "alarm_emails" {
  description = "Addresses that the topic of the alarms writes to. Each gets a mail that asks for confirmation."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", address))])
    error_message = "alarm_emails holds mail addresses."
  }
}

variable "alarm_kms_key_arn" {
  description = "KMS key of the alarms' topic; its policy lets cloudwatch.amazonaws.com and budgets.amazonaws.com use it. null: one is made, for a dollar a month."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.alarm_kms_key_arn))
    error_message = "alarm_kms_key_arn is the ARN of a KMS key, arn:<partition>:kms:<region>:<account>:key/<id>; an alias is not one."
  }
}

variable "alarm_queue_age_seconds" {
  description = "Age of a queue's oldest message from which on an alarm rings."
  type        = number
  default     = 300

  validation {
    condition     = var.alarm_queue_age_seconds >= 60 && var.alarm_queue_age_seconds <= 345600 && floor(var.alarm_queue_age_seconds) == var.alarm_queue_age_seconds
    error_message = "alarm_queue_age_seconds is a whole number from 60 to 345600, the life of a message."
  }
}

variable "alarm_stream_age_seconds" {
  description = "Age of the stream's oldest record that relay has not published from which on an alarm rings."
  type        = number
  default     = 60

  validation {
    condition     = var.alarm_stream_age_seconds >= 10 && var.alarm_stream_age_seconds <= 86400 && floor(var.alarm_stream_age_seconds) == var.alarm_stream_age_seconds
    error_message = "alarm_stream_age_seconds is a whole number from 10 to 86400, the life of a record."
  }
}

variable "alarm_state_age_seconds" {
  description = "Seconds past its deadline after which a workflow that nobody moved on rings an alarm."
  type        = number
  default     = 600

  validation {
    condition     = var.alarm_state_age_seconds >= 60 && var.alarm_state_age_seconds <= 86400 && floor(var.alarm_state_age_seconds) == var.alarm_state_age_seconds
    error_message = "alarm_state_age_seconds is a whole number from 60 to 86400."
  }
}

variable "dashboard" {
  description = "A CloudWatch dashboard: workflows, steps, cost, queues, functions."
  type        = bool
  default     = true
}

variable "monthly_budget_usd" {
  description = "Monthly cost in US dollars that a budget watches; the topic of the alarms hears of 80 % spent and of 100 % foreseen. null: no budget. It counts by the tag stack, which has to be activated as a cost allocation tag; while the API is open it counts the whole account."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget_usd == null ? true : var.monthly_budget_usd >= 1 && var.monthly_budget_usd <= 1000000
    error_message = "monthly_budget_usd is from 1 to 1000000."
  }
}
