// Package config reads the settings of the program: flags override the environment,
// the environment overrides pygent.toml, and that overrides the defaults. The
// pygent.toml of a workspace is untrusted, so it can only tighten settings. The
// package must not know what the settings are used for.
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

// Defaults, which the reference shows.
const (
	DefaultModel = "gpt-4.1-mini"
	DefaultImage = "python:3.12-slim"
)

// Config holds all settings. Seconds are floats; 0 means no limit. The tags give each
// setting's name in a file, its variable, the flag that overrides both, its meaning, and an
// example if the default is empty. Some settings have no variable, because a project's
// tooling could set it.
type Config struct {
	Model        string `toml:"model" env:"PYGENT_MODEL" flag:"model" doc:"Name of the model."`
	BaseURL      string `toml:"base_url" env:"OPENAI_BASE_URL" flag:"base-url" doc:"URL of an OpenAI-compatible endpoint. Empty means OpenAI's own." example:"http://127.0.0.1:11434/v1"`
	APIKey       string `toml:"-" env:"OPENAI_API_KEY" doc:"Key of the endpoint. No file may hold it, because files are copied, committed and shown."`
	SystemPrompt string `toml:"system_prompt" flag:"system" doc:"Replaces the built-in system prompt." example:"You write Go and nothing else."`
	MaxSteps     int    `toml:"max_steps" flag:"max-steps" doc:"Largest number of model rounds in one turn, from 1 to 10000."`

	Runtime   string `toml:"runtime" flag:"docker, --no-docker" doc:"Runtime of commands: \"docker\", \"local\" for the local sandbox, or \"auto\" for Docker if available, else local."`
	UseDocker string `toml:"-" env:"PYGENT_USE_DOCKER" doc:"Overrides runtime: 0 means local, any other value Docker."`
	Image     string `toml:"image" env:"PYGENT_IMAGE" flag:"image" doc:"Docker image that commands run in. It needs only a shell."`
	Pull      string `toml:"pull" flag:"pull" doc:"\"missing\" pulls the image if Docker does not have it. \"never\" fails and says how to pull it."`
	Workspace string `toml:"-" env:"PYGENT_WORKSPACE" flag:"root" doc:"Workspace directory."`

	Sandbox        string   `toml:"sandbox" flag:"sandbox" doc:"\"none\" runs local commands without a sandbox, even where this machine has one." example:"none"`
	RequireSandbox string   `toml:"require_sandbox" doc:"Lowest sandbox level at which commands run: \"medium\" or \"strong\". A container is strong when Pygent's filter of system calls applies in it, which needs Docker on Linux." example:"strong"`
	SandboxRead    []string `toml:"sandbox_read" doc:"Absolute paths that local commands may read in addition to those of the sandbox. If a path is a socket, commands may connect to it." example:"/srv/data"`
	SandboxWrite   []string `toml:"sandbox_write" doc:"Absolute paths that local commands may read and write." example:"/srv/cache"`
	Network        string   `toml:"network" flag:"network" doc:"Network of commands: \"none\" or \"full\"."`
	NetworkAllow   []string `toml:"network_allow" flag:"network-allow" doc:"Hosts, as host:port, that commands reach through a filtering proxy while network is \"none\"." example:"proxy.golang.org:443"`

	MaxTasks    int      `toml:"max_tasks" env:"PYGENT_MAX_TASKS" doc:"Largest number of delegated tasks that run at a time, from 1 to 1000."`
	StepTimeout float64  `toml:"step_timeout" env:"PYGENT_STEP_TIMEOUT" doc:"Time limit of one model round with its tools, in seconds."`
	TaskTimeout float64  `toml:"task_timeout" env:"PYGENT_TASK_TIMEOUT" doc:"Time limit of a delegated task, in seconds."`
	Personas    []string `toml:"task_personas" env:"PYGENT_TASK_PERSONAS" envSeparator:":" doc:"Personas of delegated agents, used in turn." example:"a careful reviewer"`

	DisabledTools []string `toml:"disabled_tools" doc:"Tools that are hidden from the model." example:"download_file"`

	Mode string `toml:"mode" flag:"mode" doc:"Permissions of the agent: \"plan\" reads only, \"ask\" asks before edits and commands, \"auto\" does not ask. Empty means auto in a sandbox, else ask. Without a sandbox commands ask in auto too, unless sandbox = \"none\" is also set." example:"ask"`

	ModelRetries     int     `toml:"model_retries" env:"PYGENT_MODEL_RETRIES" doc:"Number of times that a failed request to the model is sent again, from 0 to 100."`
	ModelIdleTimeout float64 `toml:"model_idle_timeout" env:"PYGENT_MODEL_IDLE_TIMEOUT" doc:"Time without data after which a request to the model fails, in seconds."`

	LogFile  string `toml:"log_file" env:"PYGENT_LOG_FILE" doc:"Path of the log file. Empty means pygent.log in the state directory." example:"/tmp/pygent.log"`
	LogLevel string `toml:"log_level" env:"PYGENT_LOG_LEVEL" flag:"log-level" doc:"Level of the log: \"debug\", \"info\", \"warn\" or \"error\"."`

	// Notices tell the user about the reading of the settings, such as ignored settings
	// of a workspace.
	Notices []string `toml:"-"`

	// Origins has the source of each setting that is not a default, by its name in
	// Settings: a file's path, a variable, or "a flag".
	Origins map[string]string `toml:"-"`
}

// Default returns the default settings.
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

// Seconds converts a setting in seconds to a duration.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Error refuses a setting. Its text is one line with the setting, its source and a valid
// value.
type Error struct {
	Setting string
	Reason  string
}

func (e *Error) Error() string { return e.Setting + ": " + e.Reason }

// refuse makes an Error that names a setting for the user.
func refuse(setting, format string, args ...any) error {
	for _, known := range Settings() {
		if known.Name == setting && known.Env != "" {
			setting += " (" + known.Env + ")"
		}
	}
	return &Error{Setting: setting, Reason: fmt.Sprintf(format, args...)}
}

// check refuses values that are invalid from any source.
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
		return refuse("model", "is empty: give the name of a model")
	case c.MaxTasks < 1 || c.MaxTasks > 1000:
		return refuse("max_tasks", "%d: give a number from 1 to 1000", c.MaxTasks)
	case c.MaxSteps < 1 || c.MaxSteps > 10_000:
		return refuse("max_steps", "%d: give a number from 1 to 10000", c.MaxSteps)
	case c.ModelRetries < 0 || c.ModelRetries > 100:
		return refuse("model_retries", "%d: give a number from 0 to 100", c.ModelRetries)
	case !slices.Contains([]string{RuntimeAuto, RuntimeDocker, RuntimeLocal}, c.Runtime):
		return refuse("runtime", "%q: give \"auto\", \"docker\" or \"local\"", c.Runtime)
	case c.Sandbox != "" && c.Sandbox != "none":
		return refuse("sandbox", "%q: give \"none\" to run local commands without a sandbox, or leave it out", c.Sandbox)
	case !slices.Contains([]string{"", "medium", "strong"}, c.RequireSandbox):
		return refuse("require_sandbox", "%q: give \"medium\" or \"strong\"", c.RequireSandbox)
	case c.RequireSandbox != "" && c.Sandbox == "none":
		return refuse("require_sandbox", "%q and sandbox = \"none\" exclude each other: remove one", c.RequireSandbox)
	case c.Pull != PullNever && c.Pull != PullMissing:
		return refuse("pull", "%q: give \"never\" or \"missing\"", c.Pull)
	case c.Network != NetworkNone && c.Network != NetworkFull:
		return refuse("network", "%q: give \"none\" or \"full\"", c.Network)
	case c.Network == NetworkFull && len(c.NetworkAllow) > 0:
		return refuse("network_allow", "has no effect with network = \"full\": remove one of the two")
	case c.Mode != "" && !slices.Contains(modes, c.Mode):
		return refuse("mode", "%q: give \"plan\", \"ask\" or \"auto\"", c.Mode)
	case strings.TrimSpace(c.Image) == "" || strings.ContainsAny(c.Image, " \t\n"):
		return refuse("image", "%q is not the name of an image: give one such as \"python:3.12-slim\"", c.Image)
	case !slices.Contains(levels, c.LogLevel):
		return refuse("log_level", "%q: give one of %s", c.LogLevel, strings.Join(levels, ", "))
	}
	for name, paths := range map[string][]string{"sandbox_read": c.SandboxRead, "sandbox_write": c.SandboxWrite} {
		for _, p := range paths {
			if !filepath.IsAbs(p) {
				return refuse(name, "%q is not an absolute path: give one that begins with /", p)
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
		return refuse("base_url", "the URL holds a user or password: remove it and give the key in OPENAI_API_KEY")
	}
	return nil
}
