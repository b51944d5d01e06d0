// Package config reads the settings of the program: flags beat the environment,
// the environment beats pygent.toml, and that beats the defaults. A workspace's
// own pygent.toml is untrusted, so it can make settings tighter and nothing
// else. It knows nothing of what the settings are used for.
package config

import (
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Values of Runtime.
const (
	RuntimeAuto   = "auto"
	RuntimeDocker = "docker"
	RuntimeLocal  = "local"
)

// Values of Mode, strictest first.
const (
	ModePlan = "plan"
	ModeAsk  = "ask"
	ModeAuto = "auto"
)

var modes = []string{ModePlan, ModeAsk, ModeAuto}

// Values of Network.
const (
	NetworkNone = "none"
	NetworkFull = "full"
)

// Values of Pull.
const (
	PullNever   = "never"
	PullMissing = "missing"
)

// Defaults, as the reference has them where it says.
const (
	DefaultModel = "gpt-4.1-mini"
	DefaultImage = "python:3.12-slim"
)

// Config is every setting. Seconds are floats; 0 is no limit. The tags are what
// Settings tells of each: its name in a file, its variable, the flag that beats
// both, what it means, and an example where the default is empty. A setting
// without a variable has none because a project's tooling could set it.
type Config struct {
	Model        string `toml:"model" env:"PYGENT_MODEL" flag:"model" doc:"Name of the model."`
	BaseURL      string `toml:"base_url" env:"OPENAI_BASE_URL" flag:"base-url" doc:"OpenAI-compatible endpoint. Empty is OpenAI's own." example:"http://127.0.0.1:11434/v1"`
	APIKey       string `toml:"-" env:"OPENAI_API_KEY" doc:"Key of the endpoint. Never read from a file, which is copied, committed and shown."`
	SystemPrompt string `toml:"system_prompt" flag:"system" doc:"System prompt that replaces the built-in one." example:"You write Go and nothing else."`
	MaxSteps     int    `toml:"max_steps" flag:"max-steps" doc:"Model rounds of one turn at the most, from 1 to 10000."`

	Runtime   string `toml:"runtime" flag:"docker, --no-docker" doc:"What commands run in: \"docker\", \"local\", or \"auto\": Docker where it is there, else the local sandbox."`
	UseDocker string `toml:"-" env:"PYGENT_USE_DOCKER" doc:"Beats runtime: 0 is local, anything else Docker."`
	Image     string `toml:"image" env:"PYGENT_IMAGE" flag:"image" doc:"Docker image that commands run in. It needs no more than a shell."`
	Pull      string `toml:"pull" flag:"pull" doc:"\"missing\" pulls an image that is not there; \"never\" says how to get it."`
	Workspace string `toml:"-" env:"PYGENT_WORKSPACE" flag:"root" doc:"Directory to work in."`

	Sandbox        string   `toml:"sandbox" flag:"sandbox" doc:"\"none\" allows local commands where this machine has no sandbox for them." example:"none"`
	RequireSandbox string   `toml:"require_sandbox" doc:"Refuse to run below this level: \"medium\" or \"strong\"." example:"strong"`
	SandboxRead    []string `toml:"sandbox_read" doc:"Absolute paths that local commands may read besides those that the sandbox gives." example:"/srv/data"`
	SandboxWrite   []string `toml:"sandbox_write" doc:"Absolute paths that local commands may read and write." example:"/srv/cache"`
	Network        string   `toml:"network" flag:"network" doc:"What commands reach: \"none\", or \"full\" for all of it."`
	NetworkAllow   []string `toml:"network_allow" flag:"network-allow" doc:"Hosts that commands reach through a filtering proxy while network is \"none\"." example:"proxy.golang.org:443"`

	MaxTasks    int      `toml:"max_tasks" env:"PYGENT_MAX_TASKS" doc:"Delegated tasks that run at once, from 1 to 1000."`
	StepTimeout float64  `toml:"step_timeout" env:"PYGENT_STEP_TIMEOUT" doc:"Seconds for one model round with its tools."`
	TaskTimeout float64  `toml:"task_timeout" env:"PYGENT_TASK_TIMEOUT" doc:"Seconds for a delegated task."`
	Personas    []string `toml:"task_personas" env:"PYGENT_TASK_PERSONAS" envSeparator:":" doc:"Who delegated agents are, in turn." example:"a careful reviewer"`

	DisabledTools []string `toml:"disabled_tools" doc:"Tools that the model does not get." example:"download_file"`

	Mode string `toml:"mode" flag:"mode" doc:"What the agent may do unasked: \"plan\" reads only, \"ask\" asks before edits and commands, \"auto\" does not ask. Empty is auto in a sandbox, else ask. Without a sandbox commands ask in auto too, unless sandbox = \"none\" is said beside it." example:"ask"`

	ModelRetries     int     `toml:"model_retries" env:"PYGENT_MODEL_RETRIES" doc:"How often a failed request to the model is sent again, from 0 to 100."`
	ModelIdleTimeout float64 `toml:"model_idle_timeout" env:"PYGENT_MODEL_IDLE_TIMEOUT" doc:"Seconds of silence after which a request to the model counts as failed."`

	LogFile  string `toml:"log_file" env:"PYGENT_LOG_FILE" doc:"Where the log goes. Empty is pygent.log in the state directory." example:"/tmp/pygent.log"`
	LogLevel string `toml:"log_level" env:"PYGENT_LOG_LEVEL" flag:"log-level" doc:"\"debug\", \"info\", \"warn\" or \"error\"."`

	// Notices are what the user should know of how the settings came about, as a
	// workspace's settings that were ignored.
	Notices []string `toml:"-"`

	// Origins say where each setting comes from that is not a default, by its name
	// in Settings: a file's path, a variable, or "a flag".
	Origins map[string]string `toml:"-"`
}

// Default is the configuration of a machine on which nothing was set.
func Default() Config {
	return Config{
		Model:            DefaultModel,
		MaxSteps:         50,
		Runtime:          RuntimeAuto,
		Network:          NetworkNone,
		Image:            DefaultImage,
		Pull:             PullNever,
		MaxTasks:         3,
		ModelRetries:     4,
		ModelIdleTimeout: 60,
		LogLevel:         "info",
	}
}

// Seconds converts a setting.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Error refuses a setting: one line that names it, where it stands and what
// would be right.
type Error struct {
	Setting string
	Reason  string
}

func (e *Error) Error() string { return e.Setting + ": " + e.Reason }

// refuse names a setting as a user who has to correct it knows it.
func refuse(setting, format string, args ...any) error {
	for _, known := range Settings() {
		if known.Name == setting && known.Env != "" {
			setting += " (" + known.Env + ")"
		}
	}
	return &Error{Setting: setting, Reason: fmt.Sprintf(format, args...)}
}

// check refuses values that no source may give.
func (c *Config) check() error {
	const year = 366 * 24 * 3600
	for name, v := range map[string]float64{
		"step_timeout": c.StepTimeout, "task_timeout": c.TaskTimeout, "model_idle_timeout": c.ModelIdleTimeout,
	} {
		if v < 0 || v > year || math.IsNaN(v) {
			return refuse(name, "%g: give seconds, from 0 (no limit) to %d", v, year)
		}
	}
	levels := []string{"debug", "info", "warn", "error"}
	switch {
	case strings.TrimSpace(c.Model) == "":
		return refuse("model", "is empty")
	case c.MaxTasks < 1 || c.MaxTasks > 1000:
		return refuse("max_tasks", "%d: give a number from 1 to 1000", c.MaxTasks)
	case c.MaxSteps < 1 || c.MaxSteps > 10_000:
		return refuse("max_steps", "%d: give a number from 1 to 10000", c.MaxSteps)
	case c.ModelRetries < 0 || c.ModelRetries > 100:
		return refuse("model_retries", "%d: give a number from 0 to 100", c.ModelRetries)
	case !slices.Contains([]string{RuntimeAuto, RuntimeDocker, RuntimeLocal}, c.Runtime):
		return refuse("runtime", "%q: give \"auto\", \"docker\" or \"local\"", c.Runtime)
	case c.Sandbox != "" && c.Sandbox != "none":
		return refuse("sandbox", "%q: give \"none\" to run local commands unconfined, or leave it out", c.Sandbox)
	case !slices.Contains([]string{"", "medium", "strong"}, c.RequireSandbox):
		return refuse("require_sandbox", "%q: give \"medium\" or \"strong\"", c.RequireSandbox)
	case c.RequireSandbox != "" && c.Sandbox == "none":
		return refuse("require_sandbox", "%q and sandbox = \"none\" exclude each other", c.RequireSandbox)
	case c.Pull != PullNever && c.Pull != PullMissing:
		return refuse("pull", "%q: give \"never\" or \"missing\"", c.Pull)
	case c.Network != NetworkNone && c.Network != NetworkFull:
		return refuse("network", "%q: give \"none\" or \"full\"", c.Network)
	case c.Network == NetworkFull && len(c.NetworkAllow) > 0:
		return refuse("network_allow", "it means nothing with network = \"full\": give one of the two")
	case c.Mode != "" && !slices.Contains(modes, c.Mode):
		return refuse("mode", "%q: give \"plan\", \"ask\" or \"auto\"", c.Mode)
	case strings.TrimSpace(c.Image) == "" || strings.ContainsAny(c.Image, " \t\n"):
		return refuse("image", "%q is not the name of an image", c.Image)
	case !slices.Contains(levels, c.LogLevel):
		return refuse("log_level", "%q: give one of %s", c.LogLevel, strings.Join(levels, ", "))
	}
	for name, paths := range map[string][]string{"sandbox_read": c.SandboxRead, "sandbox_write": c.SandboxWrite} {
		for _, p := range paths {
			if !filepath.IsAbs(p) {
				return refuse(name, "%q is not an absolute path", p)
			}
		}
	}
	return c.checkURL()
}

func (c *Config) checkURL() error {
	if c.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return refuse("base_url", "%q: give a URL such as http://127.0.0.1:11434/v1", c.BaseURL)
	case u.User != nil:
		return refuse("base_url", "must not hold a user or password; give the key in OPENAI_API_KEY")
	}
	return nil
}
