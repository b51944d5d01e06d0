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

// Config is every setting. Seconds are floats; 0 is no limit.
type Config struct {
	Model        string `toml:"model" env:"PYGENT_MODEL"`
	BaseURL      string `toml:"base_url" env:"OPENAI_BASE_URL"`
	APIKey       string `toml:"-" env:"OPENAI_API_KEY"` // environment only: a file is copied, committed and shown
	SystemPrompt string `toml:"system_prompt"`
	MaxSteps     int    `toml:"max_steps"`

	Runtime   string `toml:"runtime"`
	UseDocker string `toml:"-" env:"PYGENT_USE_DOCKER"` // the reference's switch: 0 is local, anything else docker
	Image     string `toml:"image" env:"PYGENT_IMAGE"`
	Pull      string `toml:"pull"` // of a missing image
	Workspace string `toml:"-" env:"PYGENT_WORKSPACE"`

	// What local commands may do. None of it has a variable, which a project's
	// tooling could set.
	Sandbox        string   `toml:"sandbox"`         // "none" allows it to be missing
	RequireSandbox string   `toml:"require_sandbox"` // refuse to run below this level
	SandboxRead    []string `toml:"sandbox_read"`    // paths that commands may read besides those that the sandbox gives
	SandboxWrite   []string `toml:"sandbox_write"`   // likewise, read and write
	Network        string   `toml:"network"`         // of commands, also in Docker
	NetworkAllow   []string `toml:"network_allow"`   // hosts that commands may reach, as "host:port"

	MaxTasks    int      `toml:"max_tasks" env:"PYGENT_MAX_TASKS"`
	StepTimeout float64  `toml:"step_timeout" env:"PYGENT_STEP_TIMEOUT"`
	TaskTimeout float64  `toml:"task_timeout" env:"PYGENT_TASK_TIMEOUT"`
	Personas    []string `toml:"task_personas" env:"PYGENT_TASK_PERSONAS" envSeparator:":"`

	DisabledTools []string `toml:"disabled_tools"`

	ModelRetries     int     `toml:"model_retries" env:"PYGENT_MODEL_RETRIES"`
	ModelIdleTimeout float64 `toml:"model_idle_timeout" env:"PYGENT_MODEL_IDLE_TIMEOUT"`

	LogFile  string `toml:"log_file" env:"PYGENT_LOG_FILE"`
	LogLevel string `toml:"log_level" env:"PYGENT_LOG_LEVEL"`

	// Notices are what the user should know of how the settings came about, as a
	// workspace's settings that were ignored.
	Notices []string `toml:"-"`
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

// names says what a setting is called for a user who has to correct it.
var names = map[string]string{
	"model":              "model (PYGENT_MODEL)",
	"base_url":           "base_url (OPENAI_BASE_URL)",
	"max_tasks":          "max_tasks (PYGENT_MAX_TASKS)",
	"step_timeout":       "step_timeout (PYGENT_STEP_TIMEOUT)",
	"task_timeout":       "task_timeout (PYGENT_TASK_TIMEOUT)",
	"model_retries":      "model_retries (PYGENT_MODEL_RETRIES)",
	"model_idle_timeout": "model_idle_timeout (PYGENT_MODEL_IDLE_TIMEOUT)",
	"image":              "image (PYGENT_IMAGE)",
	"log_level":          "log_level (PYGENT_LOG_LEVEL)",
}

func refuse(setting, format string, args ...any) error {
	if name := names[setting]; name != "" {
		setting = name
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
